/** Reads a head or a trailer section line by line, however slowly its bytes come. */

import { Http1Error, type Http1ErrorCode } from './error.js';
import type { Http1Limits } from './events.js';
import { FieldSection } from './field-section.js';
import type { Received } from './receive-buffer.js';
import type { RecentHeads } from './recent-heads.js';

const LF = 0x0a;
const CR = 0x0d;

/** Stands for a section of which nothing was read. */
const NO_SECTION = new FieldSection(false);

/** What reads the line before the fields of a head. */
export interface StartLineReader {
  /** Reads the line at `received.position`, from where on `text` is the bytes' latin1 string; returns where it ended. */
  readStartLine(text: string): number;
  /** Throws when the unread start of a line (up to `received.searched`) can no longer become a valid one. */
  checkPartialStartLine(): void;
}

/**
 * Consumes whole lines as they come: a slow section is neither scanned twice nor judged differently, and one that came
 * in one piece is read in one go. Fields that came a moment ago are not read again: they are the same object.
 */
export class SectionReader {
  /** The section that is being read, or was read last. */
  fields = NO_SECTION;
  /** Bytes of the section's lines already read. */
  private readBytes = 0;
  private startLinePending = false;

  constructor(
    private readonly received: Received,
    private readonly recent: RecentHeads,
    private readonly isAnswer: boolean,
  ) {}

  /** A section begins at the first unread byte. */
  begin(): void {
    this.fields = NO_SECTION;
    this.readBytes = 0;
    this.startLinePending = true;
    this.received.searched = this.received.position;
  }

  /** Lets go of the last section's strings, which pin its whole text. */
  release(): void {
    this.fields = NO_SECTION;
  }

  /** True when the head's empty line was read; false when more bytes are needed. */
  readHead(startLine: StartLineReader, limits: Http1Limits): boolean {
    return this.read(startLine, limits, limits.headBytes, 'head_too_large');
  }

  /** True when the trailer section's empty line was read; false when more bytes are needed. */
  readTrailers(limits: Http1Limits): boolean {
    const { bytes, position, unread } = this.received;
    if (this.readBytes === 0 && unread >= 2 && bytes[position] === CR && bytes[position + 1] === LF) {
      this.received.position += 2;
      return true;
    }
    return this.read(undefined, limits, limits.trailerBytes, 'trailers_too_large');
  }

  private read(
    startLine: StartLineReader | undefined,
    limits: Http1Limits,
    mostBytes: number,
    tooLarge: Http1ErrorCode,
  ): boolean {
    const received = this.received;
    const start = received.position;
    const window = Math.min(received.end, start + mostBytes - this.readBytes);
    if (startLine !== undefined && this.readBytes === 0 && received.searched === start) {
      // Most requests come whole and alone, and then the fields themselves show that they are.
      const end = endsEmpty(received.bytes, start, window)
        ? window
        : findHeadEnd(received.bytes, start, window);
      if (end > 0) {
        this.readWhole(startLine, end, limits.headerCount);
        return true;
      }
    }
    const linesEnd = findLastLineEnd(received.bytes, received.searched, window);
    if (linesEnd > start) {
      this.readLines(startLine, linesEnd, limits.headerCount);
      this.readBytes += received.position - start;
      if (this.fields.complete) return true;
    }
    received.searched = window;
    if (this.startLinePending) startLine?.checkPartialStartLine();
    if (this.readBytes + window - received.position >= mostBytes) throw new Http1Error(tooLarge);
    return false;
  }

  /** Reads a head that ends at `end`, an empty line, or at one before it. */
  private readWhole(startLine: StartLineReader, end: number, maxCount: number): void {
    const received = this.received;
    const base = received.position;
    const text = received.bytes.toString('latin1', base, end);
    const from = startLine.readStartLine(text);
    this.startLinePending = false;
    const fieldsText = text.slice(from - base);
    const known = this.recent.find(fieldsText);
    if (known !== null) {
      this.fields = known;
      received.position = end;
      return;
    }
    this.fields = new FieldSection(this.isAnswer);
    received.position = this.fields.read(received.bytes, text, base, from, end, maxCount);
    if (received.position === end) this.recent.keep(fieldsText, this.fields, text.length);
  }

  private readLines(startLine: StartLineReader | undefined, linesEnd: number, maxCount: number): void {
    const received = this.received;
    const base = received.position;
    const text = received.bytes.toString('latin1', base, linesEnd);
    let from = base;
    if (this.startLinePending) {
      if (startLine !== undefined) from = startLine.readStartLine(text);
      this.startLinePending = false;
    }
    if (this.fields === NO_SECTION) this.fields = new FieldSection(this.isAnswer);
    received.position = this.fields.read(received.bytes, text, base, from, linesEnd, maxCount);
  }
}

/** Whether `[from, to)` ends with CRLF CRLF. */
function endsEmpty(bytes: Buffer, from: number, to: number): boolean {
  const at = to - 4;
  if (at < from || bytes[at + 3] !== LF) return false;
  return bytes[at] === CR && bytes[at + 1] === LF && bytes[at + 2] === CR;
}

/** The index after the first CRLF CRLF within `[from, to)`, or -1; looks at every fourth byte only. */
export function findHeadEnd(bytes: Buffer, from: number, to: number): number {
  let at = from + 3;
  while (at < to) {
    const byte = bytes[at] ?? 0;
    if (byte > 0x0d) {
      at += 4;
    } else if (byte === 0x0a) {
      if (bytes[at - 1] === 0x0d && bytes[at - 2] === 0x0a && bytes[at - 3] === 0x0d) return at + 1;
      at += 2;
    } else {
      at += 1;
    }
  }
  return -1;
}

/** The index after the last LF within `[from, to)`, or -1. */
export function findLastLineEnd(bytes: Buffer, from: number, to: number): number {
  for (let at = to - 1; at >= from; at -= 1) {
    if (bytes[at] === 0x0a) return at + 1;
  }
  return -1;
}
