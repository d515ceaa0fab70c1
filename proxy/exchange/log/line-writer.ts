/** Writes log lines of a router to stderr: gathered for a moment, one write, bounded when nobody reads. */

import { writeSync } from 'node:fs';
import { systemCode } from '../../../src/shared/system-error.js';

const FLUSH_AFTER_MS = 50;
const MAX_GATHERED_BYTES = 256 * 1024;

/** Line sink over a file descriptor; 2 is stderr, which the master may have pointed at a log file. */
export class LineWriter {
  private gathered = '';
  private timer: NodeJS.Timeout | null = null;
  private lost = 0;

  constructor(private readonly fd: number = 2) {}

  /** Adds a line that ends with a newline. */
  write(line: string): void {
    if (this.gathered.length > MAX_GATHERED_BYTES) {
      this.lost += 1;
      return;
    }
    this.gathered += line;
    if (this.timer === null) {
      this.timer = setTimeout(() => this.flush(), FLUSH_AFTER_MS);
      this.timer.unref();
    }
  }

  /** Writes what is gathered now; on a full pipe it stays for the next turn. */
  flush(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    if (this.gathered === '') return;
    if (this.lost > 0) {
      this.gathered += `warning: ${this.lost} log lines lost, the log is not read fast enough\n`;
      this.lost = 0;
    }
    const bytes = Buffer.from(this.gathered);
    this.gathered = '';
    let offset = 0;
    try {
      while (offset < bytes.length) offset += writeSync(this.fd, bytes, offset);
    } catch (error) {
      if (systemCode(error) !== 'EAGAIN') return;
      this.gathered = bytes.subarray(offset).toString() + this.gathered;
      this.timer = setTimeout(() => this.flush(), FLUSH_AFTER_MS);
      this.timer.unref();
    }
  }
}
