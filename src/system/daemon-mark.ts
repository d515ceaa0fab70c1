/** The variable that tells a process of `--daemonize` that it is the one that stays. */

export const DAEMON_MARK = 'TLSFRONT_DAEMON';

/** Takes the mark out of the environment, which is not for our children; true where it was set. */
export function takeDaemonMark(): boolean {
  const isMarked = process.env[DAEMON_MARK] === '1';
  delete process.env[DAEMON_MARK];
  return isMarked;
}
