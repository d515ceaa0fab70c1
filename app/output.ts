/** Passes an app's output on, line by line, without ever blocking this process on a reader that is slow. */
import { write } from 'node:fs';
import type { Readable } from 'node:stream';

const NEWLINE = 0x0a;
/** A longer line is passed on in pieces, so that an app without newlines cannot fill the memory. */
export const LONGEST_LINE_BYTES = 16 * 1024;
/** Above this the app's pipe is not read until the reader has caught up. */
const QUEUE_LIMIT_BYTES = 256 * 1024;
/** Another program may have set the terminal or pipe we share to non-blocking. */
const BUSY_PAUSE_MS = 10;

/** Cuts a byte stream into lines; `deliver` gets each without its newline. */
export class LineSplitter {
  #partial: Buffer = Buffer.alloc(0);

  constructor(readonly deliver: (line: Buffer) => void) {}

  push(chunk: Buffer): void {
    let rest = this.#partial.length === 0 ? chunk : Buffer.concat([this.#partial, chunk]);
    for (;;) {
      const newline = rest.indexOf(NEWLINE);
      const length = newline < 0 ? rest.length : newline;
      if (length > LONGEST_LINE_BYTES) {
        this.deliver(rest.subarray(0, LONGEST_LINE_BYTES));
        rest = rest.subarray(LONGEST_LINE_BYTES);
      } else if (newline < 0) {
        break;
      } else {
        this.deliver(rest.subarray(0, newline));
        rest = rest.subarray(newline + 1);
      }
    }
    this.#partial = rest;
  }

  /** Delivers a last line that has no newline. */
  end(): void {
    const last = this.#partial;
    this.#partial = Buffer.alloc(0);
    if (last.length > 0) this.deliver(last);
  }
}

/**
 * Writes to a file descriptor in order, in libuv's pool: process.stdout writes to pipes synchronously, and a stalled
 * `tlsfront | less` would keep this process from noticing that its master is gone.
 */
export class DescriptorWriter {
  #queue: Buffer[] = [];
  #queuedBytes = 0;
  #writing = false;
  #broken = false;
  #onEmpty: (() => void)[] = [];

  constructor(readonly descriptor: number) {}

  get waits(): boolean {
    return this.#queuedBytes > 0;
  }

  get full(): boolean {
    return this.#queuedBytes > QUEUE_LIMIT_BYTES;
  }

  write(bytes: Buffer): void {
    if (this.#broken || bytes.length === 0) return;
    this.#queue.push(bytes);
    this.#queuedBytes += bytes.length;
    if (!this.#writing) this.#writeNext();
  }

  /** Calls back once everything is written (or can never be). */
  whenEmpty(callback: () => void): void {
    if (this.waits) this.#onEmpty.push(callback);
    else callback();
  }

  #writeNext(): void {
    const bytes = this.#queue.length === 1 ? this.#queue[0] : Buffer.concat(this.#queue);
    if (bytes === undefined || bytes.length === 0) {
      this.#settle();
      return;
    }
    this.#queue = [bytes];
    this.#writing = true;
    write(this.descriptor, bytes, (error, written) => {
      if (error?.code === 'EAGAIN') {
        setTimeout(() => this.#writeNext(), BUSY_PAUSE_MS);
      } else if (error) {
        this.#break();
      } else {
        this.#queue[0] = bytes.subarray(written);
        this.#queuedBytes -= written;
        this.#writeNext();
      }
    });
  }

  #break(): void {
    this.#broken = true;
    this.#queuedBytes = 0;
    this.#settle();
  }

  #settle(): void {
    this.#writing = false;
    this.#queue = [];
    const callbacks = this.#onEmpty;
    this.#onEmpty = [];
    for (const callback of callbacks) callback();
  }
}

/** Passes `source` on to `writer` with the prefix before each line; `remember` sees each line as well. */
export function relayLines(
  source: Readable,
  writer: DescriptorWriter,
  prefix: string,
  remember: (line: Buffer) => void,
): void {
  const before = Buffer.from(prefix);
  const after = Buffer.from('\n');
  let pieces: Buffer[] = [];
  const lines = new LineSplitter((line) => {
    pieces.push(before, line, after);
    remember(line);
  });
  const forward = (): void => {
    writer.write(Buffer.concat(pieces));
    pieces = [];
  };
  source.on('data', (chunk: Buffer) => {
    lines.push(chunk);
    forward();
    if (!writer.full) return;
    source.pause();
    writer.whenEmpty(() => source.resume());
  });
  source.on('close', () => {
    lines.end();
    forward();
  });
}
