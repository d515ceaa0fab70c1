/** CPU time and memory of a process with all its descendants, read from /proc (proc(5)). */

import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/** The fields of /proc/PID/stat that the bench uses; times in clock ticks. */
export interface ProcessStat {
  readonly pid: number;
  readonly parentPid: number;
  /** User and system time of the process and of its children that ended and were waited for. */
  readonly cpuTicks: number;
  readonly startTicks: number;
  readonly residentPages: number;
}

export interface TreeUsage {
  readonly cpuMicros: number;
  readonly rssBytes: number;
  readonly pids: readonly number[];
}

/** Reads one line of /proc/PID/stat, or null when it is not one. The command's name may hold spaces and brackets. */
export function parseStat(line: string): ProcessStat | null {
  const nameEnd = line.lastIndexOf(')');
  if (nameEnd < 0) return null;
  const pid = Number.parseInt(line, 10);
  const fields = line
    .slice(nameEnd + 2)
    .trimEnd()
    .split(' ');
  const number = (position: number): number => Number(fields[position - 3] ?? Number.NaN);
  const stat = {
    pid,
    parentPid: number(4),
    cpuTicks: number(14) + number(15) + number(16) + number(17),
    startTicks: number(22),
    residentPages: number(24),
  };
  return Object.values(stat).every(Number.isFinite) ? stat : null;
}

/** The stat of `rootPid` and of every descendant, root first; empty when the root is gone. */
export function selectTree(all: readonly ProcessStat[], rootPid: number): ProcessStat[] {
  const tree = all.filter((stat) => stat.pid === rootPid);
  for (const member of tree) {
    for (const stat of all) if (stat.parentPid === member.pid) tree.push(stat);
  }
  return tree;
}

/** What the system says; a machine without getconf(1) has the usual value. */
function systemValue(name: string, usual: number): number {
  try {
    return Number(execFileSync('getconf', [name], { encoding: 'utf8' }));
  } catch {
    return usual;
  }
}

const ticksPerSecond = process.platform === 'linux' ? systemValue('CLK_TCK', 100) : 100;
const pageBytes = process.platform === 'linux' ? systemValue('PAGESIZE', 4096) : 4096;

/** The stat of one process, or null when it is gone. */
export function readStat(pid: number): ProcessStat | null {
  try {
    return parseStat(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    return null;
  }
}

/** What the tree below `rootPid` has used since it began. The resolution of CPU time is one clock tick (10 ms). */
export function readTree(rootPid: number): TreeUsage {
  const all: ProcessStat[] = [];
  for (const name of readdirSync('/proc')) {
    const first = name.charCodeAt(0);
    if (first < 48 || first > 57) continue;
    const stat = readStat(Number(name));
    if (stat !== null) all.push(stat);
  }
  const tree = selectTree(all, rootPid);
  let ticks = 0;
  let pages = 0;
  for (const stat of tree) {
    ticks += stat.cpuTicks;
    pages += stat.residentPages;
  }
  return {
    cpuMicros: (ticks * 1e6) / ticksPerSecond,
    rssBytes: pages * pageBytes,
    pids: tree.map((stat) => stat.pid),
  };
}

/** CPU time of one process in microseconds, or null when it is gone. */
export function readCpuMicros(pid: number): number | null {
  const stat = readStat(pid);
  return stat === null ? null : (stat.cpuTicks * 1e6) / ticksPerSecond;
}
