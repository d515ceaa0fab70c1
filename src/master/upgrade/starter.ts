/** Who has started this process, and may wait for its end: a parent whose number is 1 has either started it or only taken it in as an orphan. */
import { readProcessState } from '../../system/process-state.js';

/** What the system tells of it. */
export interface Descent {
  readonly pid: number;
  /** Of its parent when it started; 0: that is outside of its container. */
  readonly parentPid: number;
  /** Its session; null: the system does not tell. */
  readonly session: number | null;
  /** That of the first process; null: the system does not tell. */
  readonly firstSession: number | null;
}

/**
 * - `another process`: which is seen beside it, and says itself whether it waits;
 * - `outside`: whoever runs the container, and takes it for what the container is for;
 * - `first process`: that of the container, such as tini, or of the machine; who cannot be told from it counts as it;
 * - `gone`: a script or a shell that has ended: nobody waits.
 */
export type Starter = 'another process' | 'outside' | 'first process' | 'gone';

/** A first process starts its child in its own session (tini) or in a new one (dumb-init, busybox); an orphan is in that of its shell. */
export function findStarter({ pid, parentPid, session, firstSession }: Descent): Starter {
  if (parentPid === 0) return 'outside';
  if (parentPid !== 1) return 'another process';
  const isTold = session !== null && firstSession !== null;
  return isTold && session !== pid && session !== firstSession ? 'gone' : 'first process';
}

/** To be asked for while the process starts: its parent may go. */
export function thisStarter(): Starter {
  const { pid, ppid: parentPid } = process;
  const session = readProcessState(pid)?.session ?? null;
  return findStarter({ pid, parentPid, session, firstSession: readProcessState(1)?.session ?? null });
}
