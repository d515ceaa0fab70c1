/** Reads the field lines of a head or a trailer section into a flat list and picks out what frames and routes. */

import { FIELD_VALUE, TOKEN_LOWER } from '../syntax/characters.js';
import { FieldsMemo } from '../syntax/field-lines.js';
import { Http1Error } from './error.js';
import {
  ACTED_UPON,
  CONNECTION,
  CONTENT_LENGTH,
  EXPECT,
  findName,
  HOST,
  KEEP_ALIVE,
  nameOf,
  TRANSFER_ENCODING,
  UPGRADE,
} from './field-names.js';
import { joinList, parseContentLength, parseEqualLengths } from './framing.js';

const HTAB = 0x09;
const LF = 0x0a;
const CR = 0x0d;
const SP = 0x20;
const COLON = 0x3a;

/** The field lines of one section (RFC 9112 §5), which do not change any more once `complete`, and what they became. */
export class FieldSection extends FieldsMemo {
  /** Flat `[name, value, …]`. */
  readonly headers: string[] = [];
  /** True once the empty line was read. */
  complete = false;
  host: string | undefined = undefined;
  hostRepeated = false;
  /** There is one, and it is well-formed. */
  isHostChecked = false;
  /** -1 when there is none. */
  contentLength = -1;
  /** Values of repeated lines are joined with commas, as for the next three. */
  transferEncoding: string | undefined = undefined;
  connection = '';
  upgrade = '';
  expect = '';
  keepAlive = '';

  /** @param isAnswer of a server, whose Content-Length may be repeated where all agree (RFC 9110 §8.6) */
  constructor(private readonly isAnswer: boolean) {
    super();
  }

  /**
   * Reads complete lines from `[from, to)` of `bytes`; the byte before `to` must be an LF. `text` is the latin1
   * string whose first character stands at `base` of `bytes`.
   * @returns where reading stopped: after the empty line (then `complete`), or `to`.
   * @throws Http1Error for the first line that breaks a rule.
   */
  read(bytes: Buffer, text: string, base: number, from: number, to: number, maxCount: number): number {
    const headers = this.headers;
    let at = from;
    while (at < to) {
      const nameStart = at;
      while (TOKEN_LOWER[bytes[at] ?? 0] !== 0) at += 1;
      if (bytes[at] !== COLON || at === nameStart) {
        if (at > nameStart || bytes[at] !== CR || bytes[at + 1] !== LF) throw nameError(bytes, nameStart, at);
        this.complete = true;
        return at + 2;
      }
      const nameEnd = at;
      at += 1;
      while (bytes[at] === SP || bytes[at] === HTAB) at += 1;
      const valueStart = at;
      at = skipValue(bytes, at, to);
      if (bytes[at] !== CR || bytes[at + 1] !== LF) throw valueError(bytes, at);
      let valueEnd = at;
      while (valueEnd > valueStart && isBlank(bytes[valueEnd - 1])) valueEnd -= 1;
      at += 2;
      if (headers.length >= 2 * maxCount) throw new Http1Error('too_many_headers');
      const known = findName(bytes, nameStart, nameEnd);
      const name = known >= 0 ? nameOf(known) : text.slice(nameStart - base, nameEnd - base).toLowerCase();
      const value = text.slice(valueStart - base, valueEnd - base);
      headers.push(name, value);
      if (known >= 0 && known < ACTED_UPON) this.actUpon(known, value);
    }
    return at;
  }

  private actUpon(known: number, value: string): void {
    switch (known) {
      case HOST:
        this.hostRepeated = this.host !== undefined;
        this.host = value;
        return;
      case CONTENT_LENGTH:
        this.takeContentLength(value);
        return;
      case TRANSFER_ENCODING:
        this.transferEncoding =
          this.transferEncoding === undefined ? value : `${this.transferEncoding},${value}`;
        return;
      case CONNECTION:
        this.connection = joinList(this.connection, value);
        return;
      case UPGRADE:
        this.upgrade = joinList(this.upgrade, value);
        return;
      case EXPECT:
        this.expect = joinList(this.expect, value);
        return;
      case KEEP_ALIVE:
        this.keepAlive = joinList(this.keepAlive, value);
        return;
    }
  }

  private takeContentLength(value: string): void {
    const isRepeated = this.contentLength >= 0;
    if (isRepeated && !this.isAnswer) throw new Http1Error('content_length_repeated');
    const length = this.isAnswer ? parseEqualLengths(value) : parseContentLength(value);
    if (isRepeated) {
      if (length !== this.contentLength) throw new Http1Error('content_length_repeated');
      this.headers.length -= 2;
      return;
    }
    this.contentLength = length;
    // One number goes on. Leading zeros are allowed, but a reader that takes them for octal must not see them.
    if (value.length > 1 && (value.startsWith('0') || value.includes(','))) {
      this.headers[this.headers.length - 1] = String(this.contentLength);
    }
  }
}

/** The index of the first byte no value may hold; four at a step, for values are most of a head. */
function skipValue(bytes: Buffer, from: number, to: number): number {
  let at = from;
  while (at + 4 <= to) {
    const first = (FIELD_VALUE[bytes[at] ?? 0] ?? 0) & (FIELD_VALUE[bytes[at + 1] ?? 0] ?? 0);
    const second = (FIELD_VALUE[bytes[at + 2] ?? 0] ?? 0) & (FIELD_VALUE[bytes[at + 3] ?? 0] ?? 0);
    if ((first & second) === 0) break;
    at += 4;
  }
  while (FIELD_VALUE[bytes[at] ?? 0] === 1) at += 1;
  return at;
}

function isBlank(byte: number | undefined): boolean {
  return byte === SP || byte === HTAB;
}

function nameError(bytes: Buffer, lineStart: number, at: number): Http1Error {
  const byte = bytes[at];
  if (isBlank(byte)) return new Http1Error(at === lineStart ? 'obs_fold' : 'name_whitespace');
  if (at === lineStart && (byte === LF || byte === CR)) return new Http1Error('line_end_invalid');
  return new Http1Error('name_invalid');
}

function valueError(bytes: Buffer, at: number): Http1Error {
  const isLineEnd = bytes[at] === CR || bytes[at] === LF;
  return new Http1Error(isLineEnd ? 'line_end_invalid' : 'value_invalid');
}
