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
  /** The descriptor takes nothing now: until the next turn there is no use in trying. */
  private isStuck = false;

  /** @param onLost called for each line that could not be kept, which the log itself tells when it is read again */
  constructor(
    private readonly fd: number = 2,
    private readonly onLost: () => void = () => {},
  ) {}

  /** Adds a line that ends with a newline. It is lost only where the descriptor takes nothing and too much waits already. */
  write(line: string): void {
    if (this.gathered.length > MAX_GATHERED_BYTES) {
      if (!this.isStuck) this.flush();
      if (this.gathered.length > MAX_GATHERED_BYTES) {
        this.lost += 1;
        this.onLost();
        return;
      }
    }
    this.gathered += line;
    this.flushLater();
  }

  /** Writes what is gathered now; on a full pipe the rest stays for the next turn. */
  flush(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    this.isStuck = false;
    if (this.gathered === '') return;
    const bytes = Buffer.from(this.gathered);
    this.gathered = '';
    let offset = 0;
    try {
      while (offset < bytes.length) offset += writeSync(this.fd, bytes, offset);
    } catch (error) {
      if (systemCode(error) !== 'EAGAIN') return;
      this.isStuck = true;
      this.gathered = bytes.subarray(offset).toString();
      this.flushLater();
      return;
    }
    if (this.lost === 0) return;
    // After what was kept: a reader sees where the gap is.
    const text = `warning: ${this.lost} log lines lost, the log is not read fast enough\n`;
    this.lost = 0;
    this.write(text);
  }

  private flushLater(): void {
    if (this.timer !== null) return;
    this.timer = setTimeout(() => this.flush(), FLUSH_AFTER_MS);
    this.timer.unref();
  }
}
