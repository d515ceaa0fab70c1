/** Where a development front serves: by its own ports, by a front of the same user that has them, or by the next free port. */
import { setTimeout as pause } from 'node:timers/promises';
import { runtimeFolder } from '../control/runtime-folder.js';
import { findPortOwner } from '../master/listening/port-owner.js';
import { takenPort } from '../master/listening/taken-port.js';
import type { MasterLog } from '../master/log.js';
import { findHost, portOf } from '../master/projects/find-host.js';
import { type Turn, takeTurn } from '../master/projects/turn.js';
import type { ServedConfig } from '../master/served-config.js';
import type { Workers } from '../master/workers/workers.js';
import type { Config } from '../shared/config/config.js';
import { openUrl } from '../system/open-url.js';
import type { CommandIo } from '../terminal/console.js';

/** `exitCode`: it was served by another front, and has ended; else where it serves. */
export type Place = { readonly exitCode: number } | OwnPlace;

export interface OwnPlace {
  /** null: as configured. */
  readonly port: number | null;
  /** Released once it serves; null: nobody waits for it. */
  readonly turn: Turn | null;
  /** Its app, which another front has served until now; null: it is to be started. */
  readonly running: Workers | null;
}

/** Where HTTPS is looked for besides 443. */
const FIRST_PORT = 8443;
const LAST_PORT = 8542;
/** A front of ours that has the port is found by its control socket a moment later. */
const TRIES = 10;
const TRY_EVERY_MS = 200;

/**
 * @param serve makes what a project needs that joins another front
 * @throws FrontError listen_failed where no port is free; what the joined front says
 */
export async function findPlace(
  config: Config,
  serve: () => Promise<ServedConfig>,
  log: MasterLog,
  { environment }: CommandIo,
  onServing: () => void,
): Promise<Place> {
  const { project, lan } = config;
  const mayJoin = project?.mayJoin ?? false;
  const mayMove = project?.mayMove ?? lan?.mayMove ?? false;
  let turn: Turn | null = null;
  let running: Workers | null = null;
  if (environment.LISTEN_FDS !== undefined || (!mayJoin && !mayMove)) return { port: null, turn, running };
  for (let tries = 0; ; ) {
    const host = mayJoin ? await findHost(config, environment) : null;
    if (host !== null) {
      const { runGuest } = await import('../master/projects/guest.js');
      const served = await serve();
      const end = await runGuest({
        ...{ served, environment, log, host, running },
        onServing: (url) => {
          onServing();
          if (config.open)
            openUrl(url, { platform: process.platform, environment }, (why) => log.warning(why));
        },
      });
      if ('exitCode' in end) return end;
      log.line('nobody else has the port: this project serves by itself');
      ({ turn, running } = end);
    }
    if (project !== null && turn === null) {
      turn = await takeTurn(runtimeFolder(environment), portOf(config));
      if (turn === null) {
        // Somebody begins to serve, and is found as soon as it does.
        await pause(TRY_EVERY_MS);
        continue;
      }
      // And may have done so since we looked.
      if (mayJoin && (await findHost(config, environment)) !== null) {
        turn.release();
        turn = null;
        continue;
      }
    }
    const taken = await takenPort(config);
    if (taken === null) return { port: null, turn, running };
    const owner = findPortOwner(taken) ?? 'another program';
    tries += 1;
    if (owner.startsWith('tlsfront') && mayJoin && tries < TRIES) await pause(TRY_EVERY_MS);
    else return { port: mayMove ? await moveAside(config, taken, owner, log) : null, turn, running };
  }
}

/** The same listeners on another port. @param port null: on their own */
export function moveTo(config: Config, port: number | null): Config {
  if (port === null) return config;
  const listeners = config.listeners.flatMap((listener) => {
    // Port 80 belongs to who has 443.
    if (listener.kind === 'redirect' && listener.isOptional) return [];
    return listener.kind === 'https' ? { ...listener, port, fallbackPort: null } : listener;
  });
  return { ...config, listeners };
}

/** The next free port; null: there is none, which the start will tell. */
async function moveAside(
  config: Config,
  taken: number,
  owner: string,
  log: MasterLog,
): Promise<number | null> {
  for (let port = FIRST_PORT; port <= LAST_PORT; port += 1) {
    if (port === taken || (await takenPort(moveTo(config, port))) !== null) continue;
    log.warning(`port ${taken} is taken by ${owner}: serving on ${port} (--strict-port ends instead)`);
    return port;
  }
  return null;
}
