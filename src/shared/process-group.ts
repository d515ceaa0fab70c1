/** Signals a program together with all that it has started: they are one process group. */
import { systemCode } from './system-error.js';

/** Sends the signal to every member of the group; false when none is left. */
export function signalGroup(leader: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(-leader, signal);
    return true;
  } catch (error) {
    // EPERM: a member runs as another user, so the group is there.
    return systemCode(error) === 'EPERM';
  }
}
