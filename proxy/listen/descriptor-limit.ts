/** Says when this process may not open as many files as the configuration has connections. */
import { readFileSync } from 'node:fs';
import type { Limits } from '../../src/shared/config/limits.js';
import type { LineWriter } from '../exchange/log/line-writer.js';

/** Listeners, logs, pipes to the master and Node's own. */
const OTHER_DESCRIPTORS = 64;

/** What a router may have open at a time; null where the system does not tell. */
function readDescriptorLimit(): number | null {
  try {
    return parseDescriptorLimit(readFileSync('/proc/self/limits', 'utf8'));
  } catch {
    return null;
  }
}

/** The soft limit in the text of /proc/PID/limits; null: none, or not there. */
export function parseDescriptorLimit(text: string): number | null {
  const [, soft] = /^Max open files\s+(\d+)\s/m.exec(text) ?? [];
  return soft === undefined ? null : Number(soft);
}

/** Warns once at the start. */
export function warnOfDescriptors(
  { maxConnections, maxUpstreamConnections }: Pick<Limits, 'maxConnections' | 'maxUpstreamConnections'>,
  log: LineWriter,
  limit: number | null = readDescriptorLimit(),
): void {
  const needed = maxConnections + maxUpstreamConnections + OTHER_DESCRIPTORS;
  if (limit === null || limit >= needed) return;
  const possible = Math.max(1, limit - maxUpstreamConnections - OTHER_DESCRIPTORS);
  log.say(
    'warning',
    `--max-connections ${maxConnections} is more than this process may open: its limit is ${limit} files`,
    `raise the limit (ulimit -n ${needed}, or LimitNOFILE=${needed} in a systemd unit), or give --max-connections ${possible}`,
  );
}
