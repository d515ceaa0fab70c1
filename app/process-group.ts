/** Signals an app as a whole: npm, its shell and the program below belong to one group and one session. */
import { readdirSync } from 'node:fs';
import { signalGroup } from '../src/shared/process-group.js';
import { readProcessState } from '../src/system/process-state.js';

/** SIGKILL to the group, and to those of its session that a job-control shell put into groups of their own. */
export function killAll(leader: number): void {
  signalGroup(leader, 'SIGKILL');
  for (const pid of listSession(leader)) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It ended on its own meanwhile.
    }
  }
}

/** Whether anything of the group still runs. Zombies that a container without init never reaps do not count. */
export function isGroupAlive(leader: number): boolean {
  if (!signalGroup(leader, 0)) return false;
  return process.platform !== 'linux' || listSession(leader).length > 0;
}

/** Living processes whose session the app began, from /proc; empty where there is none. */
export function listSession(leader: number): number[] {
  if (process.platform !== 'linux') return [];
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && belongs(name, leader))
    .map(Number);
}

function belongs(pid: string, leader: number): boolean {
  const state = readProcessState(pid);
  return state !== null && state.session === leader && !state.isZombie;
}
