/** What Linux tells of any process in /proc/PID/stat (proc_pid_stat(5)): whether it lives, and which session it belongs to. */
import { readFileSync } from 'node:fs';

export interface ProcessState {
  /** A zombie has ended, and nobody has asked how. */
  readonly isZombie: boolean;
  /** Process id of the leader of its session, which may have ended; 0: it lives outside of this container. */
  readonly session: number;
}

/** null: there is no such process, or the system does not tell. */
export function readProcessState(pid: number | string): ProcessState | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The program's name stands in parentheses and may hold any byte; the fields after it are plain.
    const [state, , , session] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return { isZombie: state === 'Z' || state === 'X', session: Number(session) };
  } catch {
    return null;
  }
}
