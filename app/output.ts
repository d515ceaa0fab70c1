/** Passes an app's output on, line by line, without ever blocking this process on a reader that is slow. */
import type { Readable } from 'node:stream';
import type { DescriptorWriter } from '../src/system/descriptor-writer.js';

const NEWLINE = 0x0a;
/** A longer line is passed on in pieces, so that an app without newlines cannot fill the memory. */
export const MAX_LINE_BYTES = 16 * 1024;

/** Cuts a byte stream into lines; `deliver` gets each without its newline. */
export class LineSplitter {
  private partial: Buffer = Buffer.alloc(0);

  constructor(readonly deliver: (line: Buffer) => void) {}

  push(chunk: Buffer): void {
    let rest = this.partial.length === 0 ? chunk : Buffer.concat([this.partial, chunk]);
    for (;;) {
      const newline = rest.indexOf(NEWLINE);
      const length = newline < 0 ? rest.length : newline;
      if (length > MAX_LINE_BYTES) {
        this.deliver(rest.subarray(0, MAX_LINE_BYTES));
        rest = rest.subarray(MAX_LINE_BYTES);
      } else if (newline < 0) {
        break;
      } else {
        this.deliver(rest.subarray(0, newline));
        rest = rest.subarray(newline + 1);
      }
    }
    this.partial = rest;
  }

  /** Delivers a last line that has no newline. */
  end(): void {
    const last = this.partial;
    this.partial = Buffer.alloc(0);
    if (last.length > 0) this.deliver(last);
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
