/** Passes an app's output on, line by line, without ever blocking this process on a reader that is slow. */
import type { Readable } from 'node:stream';
import { jsonLine, type LineStyle, lineStart } from '../src/shared/log-lines.js';
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

/** How an app's lines are told from those of others. */
export interface RelayStyle {
  /** Before each line, such as `[app] `. */
  readonly prefix: string;
  readonly lines: LineStyle;
  /** Which of its two outputs it is. */
  readonly stream: 'stdout' | 'stderr';
}

const AFTER = Buffer.from('\n');

/** Passes `source` on to `writer` in this style; `remember` sees each line as it came. */
export function relayLines(
  source: Readable,
  writer: DescriptorWriter,
  style: RelayStyle,
  remember: (line: Buffer) => void,
): void {
  let pieces: Buffer[] = [];
  let nowMs = 0;
  let before = Buffer.alloc(0);
  const lines = new LineSplitter((line) => {
    remember(line);
    // Lines come in bursts, and share their beginning.
    if (nowMs === 0 || Date.now() !== nowMs) {
      nowMs = Date.now();
      before = Buffer.from(`${lineStart('info', style.lines, new Date(nowMs))}${style.prefix}`);
    }
    if (style.lines.form === 'json') pieces.push(objectLine(line, style, new Date(nowMs)));
    else pieces.push(before, line, AFTER);
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

/** A line of our own among the app's. */
export function styledLine(text: string, style: RelayStyle): Buffer {
  const now = new Date();
  if (style.lines.form === 'json') return objectLine(Buffer.from(text), style, now);
  return Buffer.from(`${lineStart('info', style.lines, now)}${style.prefix}${text}\n`);
}

function objectLine(line: Buffer, { prefix, lines, stream }: RelayStyle, time: Date): Buffer {
  const source = prefix.replace(/^\[(.*)\] $/, '$1');
  const fields = { time: time.toISOString(), level: 'info', source, message: line.toString(), stream };
  return Buffer.from(`${lineStart('info', lines, time)}${jsonLine(fields)}`);
}
