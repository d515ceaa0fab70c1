/** Runs the front: reads certificates, then hands everything to the master until a signal ends it. */

import { openLocalStore } from '../certificates/store/local-store.js';
import { MasterLog } from '../master/log.js';
import { runMaster } from '../master/master.js';
import type { ServedConfig } from '../master/served-config.js';
import { readDeployedUpstream } from '../options/values/deployed-upstream.js';
import { createOrders } from '../serving/acme-certificates.js';
import { CertificateLoader } from '../serving/certificate-loader.js';
import { keepInterventions } from '../serving/kept-interventions.js';
import type { Note } from '../serving/notes.js';
import { loadStickySecret } from '../serving/sticky-secret.js';
import type { CertificateOrders } from '../shared/config/acme.js';
import type { Config } from '../shared/config/config.js';
import { FrontError } from '../shared/errors.js';
import type { Identity } from '../shared/messages/router-messages.js';
import { findGroup, findUser } from '../system/accounts.js';
import { programLasts } from '../system/compiled-code.js';
import { chooseLineStyle } from '../system/line-style.js';
import type { Predecessor } from '../system/predecessor.js';
import { type CommandIo, explainError, printError } from '../terminal/console.js';
import { removePidFile, tellServing, writePidFile } from './background.js';
import { findPlace, moveTo } from './find-place.js';

/** What only a new process can take: what is opened, or given up, once and for all. */
const KEPT_UNTIL_RESTART = {
  logFile: '--logto',
  pidFile: '--pidfile',
  quiet: '--quiet',
  verbose: '--verbose',
  acme: 'what --acme and its companions say',
  user: '--uid',
  group: '--gid',
  metrics: '--metrics',
  stats: '--stats',
} as const satisfies Partial<Record<keyof Config, string>>;

/** The new configuration with what must stay of the first one, and a warning for each of that. */
function keepUntilRestart(first: Config, next: Config): { config: Config; notes: readonly Note[] } {
  const { logFile, pidFile, quiet, verbose, acme, user, group, metrics, stats } = first;
  const kept = { logFile, pidFile, quiet, verbose, acme, user, group, metrics, stats };
  const notes: Note[] = [];
  for (const [key, name] of Object.entries(KEPT_UNTIL_RESTART)) {
    const [before, after] = [first, next].map((config) => JSON.stringify(Reflect.get(config, key)));
    if (before !== after)
      notes.push({ kind: 'warning', text: `${name} has changed, which counts after a restart only` });
  }
  return { config: { ...next, ...kept }, notes };
}

/**
 * Serves until a signal ends it, and then ends this process.
 * @param readConfig reads the configuration anew, for a reload
 * @param isBackground another process of ours waits until this one serves (`--daemonize`), or takes it for a new master
 * @param predecessor the master whose place it takes; null: it starts by itself
 * @throws FrontError when the front cannot start; nothing is left running
 */
export async function serve(
  config: Config,
  readConfig: () => Promise<Config>,
  version: string,
  io: CommandIo,
  isBackground: boolean,
  predecessor: Predecessor | null,
): Promise<never> {
  await refuseClusterWorker();
  const store = openLocalStore(io.environment);
  const styleOf = ({ logFormat, logFile }: Config) => chooseLineStyle(logFormat, logFile, io.environment);
  const style = styleOf(config);
  const log = new MasterLog(config.logFile, config.quiet, style, findIdentity(config), config.verbose);
  let orders: CertificateOrders | null = null;
  const serveWith = async (served: Config, notes: readonly Note[]): Promise<ServedConfig> => {
    const certificates = new CertificateLoader(served, store, 'serve', io.environment);
    return {
      config: served,
      notes,
      identity: findIdentity(served),
      lines: styleOf(served),
      stickySecret: served.apps.some(({ sticky }) => sticky)
        ? await loadStickySecret(store, (text) => log.warning(text))
        : '',
      loadCertificates: () => certificates.load(),
      issueLeaf: async (name) => {
        const certificate = await certificates.issue(name);
        if (certificate !== null) return { certificate, refusal: null };
        return orders === null ? { certificate: null, refusal: null } : orders.obtain(name);
      },
    };
  };
  if (!isBackground && style.onTerminal) {
    const { offerTrust } = await import('./offer-trust.js');
    const isBehindSudo = process.getuid?.() === 0 && io.environment.SUDO_UID !== undefined;
    await offerTrust(config, store, { isTerminal: process.stdin.isTTY, isBehindSudo }, io);
  }
  const { pidFile } = config;
  // Of two masters the one that serves stands there.
  if (pidFile !== null && predecessor === null) writePidFile(pidFile);
  const tellParent = (): void => tellServing(isBackground && predecessor === null);
  const run = async (): Promise<number> => {
    const place =
      predecessor === null
        ? await findPlace(config, () => serveWith(config, []), log, io, tellParent)
        : { port: predecessor.handover.movedTo, turn: null, running: null };
    if ('exitCode' in place) return place.exitCode;
    const { turn, running } = place;
    const moved = (next: Config): Config => moveTo(next, place.port);
    orders = await createOrders(config, store, log, version, io.environment);
    const end = runMaster({
      first: await serveWith(moved(config), []),
      readAgain: async () => {
        const next = keepUntilRestart(config, await readConfig());
        return serveWith(moved(next.config), next.notes);
      },
      environment: io.environment,
      version,
      log,
      onServing: () => {
        turn?.release();
        programLasts();
        tellParent();
        if (pidFile !== null && predecessor !== null) writePidFile(pidFile);
      },
      running,
      movedTo: place.port,
      isBackground,
      predecessor,
      interventions: keepInterventions(store),
      readUpstream: readDeployedUpstream,
      // In the background the parent is a command of ours, which has gone by design.
      endsWithParent: io.environment.npm_lifecycle_event !== undefined && !isBackground,
      orders,
    });
    return end.finally(() => turn?.release());
  };
  const ended = run().finally(() => {
    if (pidFile !== null) removePidFile(pidFile);
  });
  return log.leave(
    await ended.catch((error: unknown) => {
      tellPredecessor(error, predecessor);
      return tellFailure(error, config, log, io, isBackground);
    }),
  );
}

/** Whoever has asked for a new master hears why it does not serve. */
export function tellPredecessor(error: unknown, predecessor: Predecessor | null): void {
  const { message, hint } = explainError(error);
  predecessor?.failed(message, hint);
}

/** Says in the log why the front could not start. Returns the exit code; @throws the error itself where the command shall say it */
function tellFailure(
  error: unknown,
  config: Config,
  log: MasterLog,
  io: CommandIo,
  isBackground: boolean,
): number {
  if (log.style.onTerminal || io.environment.TLSFRONT_DEBUG === '1') throw error;
  const { message, hint, exitCode } = explainError(error);
  log.error(message);
  if (hint !== null) log.hint(hint);
  // Whoever starts it looks at stderr, not into the file; in the background that is the file itself.
  if (config.logFile !== null && !isBackground) printError(io, error);
  return exitCode;
}

/** pm2's cluster mode and the like: listening sockets would be theirs, and nothing we start could have them. */
async function refuseClusterWorker(): Promise<void> {
  // Node's cluster is loaded for those alone that have a channel to a parent.
  if (process.channel === undefined) return;
  const { default: cluster } = await import('node:cluster');
  if (!cluster.isWorker) return;
  throw new FrontError(
    'config_usage',
    "tlsfront runs as a worker of Node's cluster, and starts its own processes",
    {
      hint: 'pm2: exec_mode fork, without instances; tlsfront --http-processes N starts several routers',
    },
  );
}

/** Whom to become: the user's own primary group unless another is named (as uWSGI does). */
function findIdentity(config: Config): Identity | null {
  if (config.user === null && config.group === null) return null;
  const user = config.user === null ? null : findUser(config.user);
  const group = config.group === null ? null : findGroup(config.group);
  return { uid: user?.id ?? null, gid: group?.id ?? user?.groupId ?? null, userName: user?.name ?? null };
}
