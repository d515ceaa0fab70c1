/** Writes log lines of a router to stderr: gathered for a moment, one write, bounded when nobody reads. */

import { closeSync, writeSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import {
  BARE_LINES,
  formatLogRecord,
  type LineStyle,
  type LogLevel,
  lineStart,
} from '../../../src/shared/log-lines.js';
import { systemCode } from '../../../src/shared/system-error.js';
import { type DescriptorWriter, openStandardStream } from '../../../src/system/descriptor-writer.js';
import { countLines, NOT_READ, openLog, whyLost } from '../../../src/system/log-output.js';

const FLUSH_AFTER_MS = 50;
const MAX_GATHERED_BYTES = 256 * 1024;

/** Line sink over a file descriptor; 2 is stderr, which the master may have pointed at a log file. */
export class LineWriter {
  private gathered = '';
  private timer: NodeJS.Timeout | null = null;
  private lost = 0;
  /** The descriptor takes nothing now: until the next turn there is no use in trying. */
  private isStuck = false;

  /** Set where a write could block: a file on a slow disk, a socket, a pipe that we may not open anew. The pool takes the wait then. */
  private pool: DescriptorWriter | null = null;
  private lostBecause = NOT_READ;
  private source = 'http';
  private style: LineStyle = BARE_LINES;
  /** Before each line of a request. */
  private start = '';

  /**
   * @param fd 2: stderr, which the master may have pointed at a log file; another must be a file or be non-blocking
   * @param onLost called for each line that could not be kept, which the log itself tells when it is read again
   */
  constructor(
    private fd: number = 2,
    private readonly onLost: () => void = () => {},
  ) {
    if (fd !== 2) return;
    const stream = openStandardStream(2);
    if (stream.neverBlocks) this.fd = stream.descriptor;
    else this.pool = this.watch(stream);
  }

  /** How lines are written from now on, and who says them. */
  use(style: LineStyle, source: string): this {
    this.style = style;
    this.source = source;
    // Lines of requests have their time within.
    this.start = lineStart('info', { ...style, form: 'bare' }, new Date());
    return this;
  }

  /** See leaveProcess. */
  get blocksExit(): boolean {
    return this.pool?.blocksExit ?? false;
  }

  /** Writes to this file from now on. @throws Error of the system when it cannot be opened: the old one stays */
  reopen(file: string): void {
    this.flush();
    const descriptor = openLog(file);
    if (this.pool !== null) {
      this.pool.moveTo(descriptor);
      return;
    }
    if (this.fd > 2) closeSync(this.fd);
    this.fd = descriptor;
  }

  /** Something that is no request. */
  say(level: LogLevel, message: string, hint: string | null = null): void {
    const { source, style } = this;
    this.put(formatLogRecord({ level, message, hint, source }, style));
  }

  /** The record of a request, a line that ends with a newline. */
  write(line: string): void {
    this.put(this.start === '' ? line : this.start + line);
  }

  /** Resolves when everything is written, or after `patienceMs`. */
  async written(patienceMs: number): Promise<void> {
    const endsAtMs = performance.now() + patienceMs;
    this.flush();
    while (this.gathered !== '' && performance.now() < endsAtMs) {
      await pause(FLUSH_AFTER_MS);
      this.flush();
    }
    await this.pool?.written(Math.max(0, endsAtMs - performance.now()));
  }

  /** Adds lines that end with a newline. They are lost only where the descriptor takes nothing and too much waits already. */
  private put(line: string): void {
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
    const offset = this.pass(bytes);
    if (offset < bytes.length) {
      this.isStuck = true;
      this.gathered = bytes.subarray(offset).toString();
      this.flushLater();
      return;
    }
    if (this.lost === 0) return;
    // After what was kept: a reader sees where the gap is.
    const text = `${this.lost} log lines lost, ${this.lostBecause}`;
    this.lost = 0;
    this.lostBecause = NOT_READ;
    this.say('warning', text);
  }

  /** How many bytes are done with: all but those that the descriptor does not take now. */
  private pass(bytes: Buffer): number {
    if (this.pool !== null) {
      if (this.pool.full) return 0;
      this.pool.write(bytes);
      return bytes.length;
    }
    let offset = 0;
    try {
      while (offset < bytes.length) offset += writeSync(this.fd, bytes, offset);
    } catch (error) {
      // On a full disk, or without a reader, they are lost.
      if (systemCode(error) !== 'EAGAIN') return bytes.length;
    }
    return offset;
  }

  private flushLater(): void {
    if (this.timer !== null) return;
    this.timer = setTimeout(() => this.flush(), FLUSH_AFTER_MS);
    this.timer.unref();
  }

  private watch(writer: DescriptorWriter): DescriptorWriter {
    writer.whenLost((code, bytes) => {
      const count = countLines(bytes);
      this.lost += count;
      this.lostBecause = whyLost(code);
      for (let each = 0; each < count; each += 1) this.onLost();
    });
    return writer;
  }
}
