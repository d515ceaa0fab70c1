/** Which signal asks the master for what. */
import { closeSync, openSync } from 'node:fs';
import { isatty } from 'node:tty';

/** What the master does when it is asked. */
export interface SignalDuties {
  /** SIGTERM, SIGINT and SIGQUIT (uWSGI's units and nginx's images send it); each time one comes. */
  end(signal: NodeJS.Signals): void;
  /** SIGHUP, unless it says that the terminal was closed that the front was started from: that ends it. */
  reload(): void;
  /** SIGUSR1, as in uWSGI. */
  tellStatistics(): void;
  /** SIGUSR2: the log was rotated. */
  reopenLog(): void;
}

const PARENT_CHECK_MS = 500;

function watchParent(onGone: () => void): void {
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    onGone();
  }, PARENT_CHECK_MS);
  timer.unref();
}

/** Whether the session has its terminal still; tty(4): opening /dev/tty fails with ENXIO once it has none. */
function hasTerminal(): boolean {
  try {
    closeSync(openSync('/dev/tty', 'r+'));
    return true;
  } catch {
    return false;
  }
}

/**
 * Listens for as long as the process lives.
 * @param endsWithParent a script of package.json started us: its runner's end is ours
 */
export function listenToSignals(duties: SignalDuties, endsWithParent: boolean): void {
  process.on('SIGTERM', (signal) => duties.end(signal));
  process.on('SIGINT', (signal) => duties.end(signal));
  process.on('SIGQUIT', (signal) => duties.end(signal));
  const hadTerminal = isatty(2);
  process.on('SIGHUP', (signal) => {
    if (hadTerminal && !hasTerminal()) duties.end(signal);
    else duties.reload();
  });
  // A script of package.json: npm passes SIGTERM on to its shell, and many shells do not pass it on to us.
  if (endsWithParent) watchParent(() => duties.end('SIGTERM'));
  // Without a listener Node would open its inspector.
  process.on('SIGUSR1', () => duties.tellStatistics());
  process.on('SIGUSR2', () => duties.reopenLog());
}
