/** Which signal asks the master for what. */

/** What the master does when it is asked. */
export interface SignalDuties {
  /** SIGTERM, SIGINT and SIGQUIT (uWSGI's units and nginx's images send it); each time one comes. */
  end(signal: NodeJS.Signals): void;
  /** SIGHUP. */
  reload(): void;
  /** SIGUSR1, as in uWSGI. */
  tellStatistics(): void;
  /** SIGUSR2: the log was rotated. */
  reopenLog(): void;
}

/** Listens for as long as the process lives. */
export function listenToSignals(duties: SignalDuties): void {
  process.on('SIGTERM', (signal) => duties.end(signal));
  process.on('SIGINT', (signal) => duties.end(signal));
  process.on('SIGQUIT', (signal) => duties.end(signal));
  process.on('SIGHUP', () => duties.reload());
  // Without a listener Node would open its inspector.
  process.on('SIGUSR1', () => duties.tellStatistics());
  process.on('SIGUSR2', () => duties.reopenLog());
}
