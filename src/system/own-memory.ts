/** The memory of this process, also where it sees no /proc (`--chroot`). */
import { openSync, readSync } from 'node:fs';

const STATUS = '/proc/self/status';
const MAX_STATUS_BYTES = 8192;

/** Opened while it was in sight; null: Node's own way works. */
let descriptor: number | null = null;

/** Keeps in reach what `residentBytes` reads. */
export function holdOwnMemory(): void {
  try {
    descriptor = openSync(STATUS, 'r');
  } catch {
    descriptor = null;
  }
}

/** Bytes of this process that are in memory; 0 where nobody says. */
export function residentBytes(): number {
  if (descriptor === null) {
    try {
      return process.memoryUsage.rss();
    } catch {
      return 0;
    }
  }
  const text = Buffer.alloc(MAX_STATUS_BYTES);
  const length = readSync(descriptor, text, 0, text.length, 0);
  return 1024 * Number(/^VmRSS:\s*(\d+) kB/m.exec(text.toString('latin1', 0, length))?.[1] ?? 0);
}
