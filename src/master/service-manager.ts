/**
 * What systemd hears of the front (sd_notify(3)) and hands to it (sd_listen_fds(3)). Node has no datagrams on socket files, so the words go
 * by systemd's own `systemd-notify`, which every machine with systemd has; the unit needs `NotifyAccess=all` for it.
 */
import { spawn } from 'node:child_process';
import type { ServiceVariables } from '../system/service-variables.js';
import type { LifeState } from './life.js';

/** What it says in each state; `null`: nothing is new. */
const WORDS: Readonly<Record<LifeState, readonly string[] | null>> = {
  starting: null,
  serving: ['--ready', '--status=serving'],
  reloading: ['RELOADING=1', '--status=starting a new generation'],
  draining: ['STOPPING=1', '--status=draining'],
  ended: null,
};

/** Idle where no service manager has started us. */
export class ServiceManager {
  /** Listening sockets that it has opened for us, in the order of the unit's `ListenStream=` lines. */
  readonly descriptors: readonly number[];
  /** null: nobody listens, or another master speaks in our place. */
  private socket: string | null;
  private readonly path: string;
  private readonly watchdogMs: number | null;
  private readonly watchdog: NodeJS.Timeout | null;
  /** One word after the other: they would overtake each other. */
  private last: Promise<void> = Promise.resolve();

  /** @param isSuccessor another master was the service until this one serves */
  constructor(
    { notifySocket, descriptors, watchdogMs, path }: ServiceVariables,
    private readonly isSuccessor: boolean,
  ) {
    this.socket = notifySocket;
    this.watchdogMs = watchdogMs;
    // Twice in its time, as sd_watchdog_enabled(3) says: a master that hangs says nothing and is started anew.
    this.watchdog =
      notifySocket === null || watchdogMs === null
        ? null
        : setInterval(() => this.say(notifySocket, ['WATCHDOG=1'], () => {}), watchdogMs / 2).unref();
    this.descriptors = descriptors;
    this.path = path;
  }

  /** Tells the new state. @param onFailed gets the reason where systemd-notify cannot be run */
  tell(state: LifeState, onFailed: (reason: string) => void): void {
    const { socket } = this;
    const words = WORDS[state];
    if (socket === null || words === null) return;
    const isNewMain = this.isSuccessor && state === 'serving';
    this.say(socket, isNewMain ? [...words, `MAINPID=${process.pid}`] : words, onFailed);
  }

  /** Whether systemd is told which process the service is. */
  get isNotified(): boolean {
    return this.socket !== null;
  }

  /** The variables by which another master speaks in our place. */
  get handedVariables(): Readonly<Record<string, string>> {
    const { socket, watchdogMs } = this;
    if (socket === null) return {};
    const watchdog = watchdogMs === null ? {} : { WATCHDOG_USEC: String(watchdogMs * 1000) };
    return { NOTIFY_SOCKET: socket, ...watchdog };
  }

  /** Another master is the service from now on: nothing more is told. */
  leave(): void {
    this.socket = null;
    if (this.watchdog !== null) clearInterval(this.watchdog);
  }

  private say(socket: string, words: readonly string[], onFailed: (reason: string) => void): void {
    this.last = this.last.then(() => notify(this.path, socket, words, onFailed));
  }

  /** Resolves when everything is told. */
  told(): Promise<void> {
    return this.last;
  }
}

function notify(
  path: string,
  socket: string,
  words: readonly string[],
  onFailed: (reason: string) => void,
): Promise<void> {
  return new Promise((resolve) => {
    const child = spawn('systemd-notify', [...words], {
      stdio: 'ignore',
      env: { PATH: path, NOTIFY_SOCKET: socket },
    });
    child.once('error', (error) => {
      onFailed(error.message);
      resolve();
    });
    child.once('exit', (code) => {
      if (code !== 0) onFailed(`systemd-notify ended with ${code}`);
      resolve();
    });
  });
}
