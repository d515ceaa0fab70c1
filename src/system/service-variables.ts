/** What a service manager says to this process by its environment (sd_listen_fds(3), sd_notify(3)). */
import { FrontError } from '../shared/errors.js';

/** SD_LISTEN_FDS_START. */
const FIRST_DESCRIPTOR = 3;
const MAX_DESCRIPTORS = 1024;

/** Meant for this process alone. */
const VARIABLES = [
  ...['NOTIFY_SOCKET', 'LISTEN_PID', 'LISTEN_FDS', 'LISTEN_FDNAMES', 'LISTEN_PIDFDID'],
  ...['WATCHDOG_USEC', 'WATCHDOG_PID'],
] as const;

export interface ServiceVariables {
  /** Where states are told; null: nobody listens. */
  readonly notifySocket: string | null;
  /** Listening sockets that were opened for us, in the order of the unit's `ListenStream=` lines. */
  readonly descriptors: readonly number[];
  /** So often the service manager wants to hear that we live; null: never (sd_watchdog_enabled(3)). */
  readonly watchdogMs: number | null;
  /** Where programs are found. */
  readonly path: string;
}

/** Takes them out of the environment: they are not for our children. @throws FrontError config_invalid for what systemd never sends */
export function takeServiceVariables(): ServiceVariables {
  const { NOTIFY_SOCKET = null, PATH = '' } = process.env;
  const descriptors = readDescriptors(process.env);
  const watchdogMs = readWatchdog(process.env);
  for (const name of VARIABLES) delete process.env[name];
  return { notifySocket: NOTIFY_SOCKET, descriptors, watchdogMs, path: PATH };
}

function readDescriptors({ LISTEN_PID, LISTEN_FDS }: NodeJS.ProcessEnv): readonly number[] {
  // Meant for another process of the tree that started us.
  if (LISTEN_FDS === undefined || LISTEN_PID !== String(process.pid)) return [];
  const count = Number(LISTEN_FDS);
  if (!Number.isInteger(count) || count < 0 || count > MAX_DESCRIPTORS) {
    throw new FrontError('config_invalid', `LISTEN_FDS is ${JSON.stringify(LISTEN_FDS)}, which is no count`, {
      hint: 'start it by a systemd socket unit, or without LISTEN_FDS and LISTEN_PID',
    });
  }
  return Array.from({ length: count }, (_none, index) => FIRST_DESCRIPTOR + index);
}

function readWatchdog({ WATCHDOG_USEC, WATCHDOG_PID }: NodeJS.ProcessEnv): number | null {
  if (WATCHDOG_PID !== undefined && WATCHDOG_PID !== String(process.pid)) return null;
  const milliseconds = Number(WATCHDOG_USEC) / 1000;
  return milliseconds > 0 && Number.isFinite(milliseconds) ? milliseconds : null;
}
