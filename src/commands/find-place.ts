/** Where a development front serves: by its own ports, by a front of the same user that has them, or by the next free port. */
import { setTimeout as pause } from 'node:timers/promises';
import { findPortOwner } from '../master/listening/port-owner.js';
import { takenPort } from '../master/listening/taken-port.js';
import type { MasterLog } from '../master/log.js';
import { findHost } from '../master/projects/find-host.js';
import type { ServedConfig } from '../master/served-config.js';
import type { Config } from '../shared/config.js';
import { openUrl } from '../system/open-url.js';
import type { CommandIo } from '../terminal/console.js';

/** `exitCode`: it was served by another front, and has ended; else `port` to listen on, null: as configured. */
export interface Place {
  readonly exitCode: number | null;
  readonly port: number | null;
}

const AS_CONFIGURED: Place = { exitCode: null, port: null };
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
  const { project } = config;
  if (environment.LISTEN_FDS !== undefined) return AS_CONFIGURED;
  if (project === null || !(project.mayJoin || project.mayMove)) return AS_CONFIGURED;
  for (let tries = 0; ; ) {
    const host = project.mayJoin ? await findHost(config, environment) : null;
    if (host !== null) {
      const { runGuest } = await import('../master/projects/guest.js');
      const served = await serve();
      const end = await runGuest({
        ...{ served, environment, log, host },
        onServing: (url) => {
          onServing();
          if (config.open)
            openUrl(url, { platform: process.platform, environment }, (why) => log.warning(why));
        },
      });
      if (end !== 'alone') return { exitCode: end.exitCode, port: null };
      log.line('nobody else has the port: this project serves by itself');
      continue;
    }
    const taken = await takenPort(config);
    if (taken === null) return AS_CONFIGURED;
    const owner = findPortOwner(taken) ?? 'another program';
    tries += 1;
    if (owner.startsWith('tlsfront') && project.mayJoin && tries < TRIES) await pause(TRY_EVERY_MS);
    else if (project.mayMove) return moveAside(config, taken, owner, log);
    else return AS_CONFIGURED;
  }
}

/** The same listeners on another port. @param port null: on their own */
export function moveTo(config: Config, port: number | null): Config {
  if (port === null) return config;
  const listeners = config.listeners.map((listener) =>
    listener.kind === 'https' ? { ...listener, port, fallbackPort: null } : listener,
  );
  return { ...config, listeners };
}

async function moveAside(config: Config, taken: number, owner: string, log: MasterLog): Promise<Place> {
  for (let port = FIRST_PORT; port <= LAST_PORT; port += 1) {
    if (port === taken || (await takenPort(moveTo(config, port))) !== null) continue;
    log.warning(`port ${taken} is taken by ${owner}: serving on ${port} (--strict-port ends instead)`);
    return { exitCode: null, port };
  }
  return AS_CONFIGURED;
}
