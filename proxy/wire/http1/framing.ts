/** What Content-Length, Transfer-Encoding, Connection and Expect values mean (RFC 9110 §7–10, RFC 9112 §6, §9). */
import { isToken } from '../syntax/characters.js';
import { Http1Error } from './error.js';

/** Bits of `connectionOptions`. */
export const OPTION_CLOSE = 1;
export const OPTION_KEEP_ALIVE = 2;
export const OPTION_UPGRADE = 4;

/** Joins the values of a list-based field's repeated lines (RFC 9110 §5.3). */
export function joinList(before: string, value: string): string {
  return before === '' ? value : `${before}, ${value}`;
}

/**
 * Content-Length's value: digits only, at most 2^53-1. A list is refused in a request even when its members agree
 * (RFC 9110 §8.6 allows that), because it is how a request is smuggled.
 */
export function parseContentLength(value: string): number {
  let length = 0;
  for (let index = 0; index < value.length; index += 1) {
    const digit = value.charCodeAt(index) - 0x30;
    if (digit < 0 || digit > 9) throw new Http1Error('content_length_invalid');
    length = length * 10 + digit;
    if (length > Number.MAX_SAFE_INTEGER) throw new Http1Error('content_length_invalid');
  }
  if (value.length === 0) throw new Http1Error('content_length_invalid');
  return length;
}

/**
 * The same for an answer, where a list of equal members is taken as one of them (RFC 9110 §8.6): it says the same to every
 * reader, and goes on as one number.
 */
export function parseEqualLengths(value: string): number {
  if (value.indexOf(',') === -1) return parseContentLength(value);
  let length = -1;
  for (const member of value.split(',')) {
    const one = parseContentLength(trimBlanks(member));
    if (length !== -1 && one !== length) throw new Http1Error('content_length_invalid');
    length = one;
  }
  return length;
}

/**
 * Accepts nothing but exactly one `chunked` (RFC 9112 §6.1, §7).
 * @throws Http1Error `transfer_encoding_unsupported` for another coding, `transfer_encoding_invalid` otherwise.
 */
export function checkTransferEncoding(value: string): void {
  if (value === 'chunked') return;
  let chunked = 0;
  let other = 0;
  for (const member of value.split(',')) {
    const coding = trimBlanks(member);
    if (coding.toLowerCase() === 'chunked') chunked += 1;
    else if (isToken(coding)) other += 1;
    else throw new Http1Error('transfer_encoding_invalid');
  }
  if (other > 0) throw new Http1Error('transfer_encoding_unsupported');
  if (chunked !== 1) throw new Http1Error('transfer_encoding_invalid');
}

/** Which of close, keep-alive and upgrade a Connection value lists (RFC 9110 §7.6.1), as `OPTION_*` bits. */
export function connectionOptions(value: string): number {
  if (value === 'keep-alive') return OPTION_KEEP_ALIVE;
  if (value === 'close') return OPTION_CLOSE;
  let options = 0;
  for (const member of value.toLowerCase().split(',')) {
    const option = trimBlanks(member);
    if (option === 'close') options |= OPTION_CLOSE;
    else if (option === 'keep-alive') options |= OPTION_KEEP_ALIVE;
    else if (option === 'upgrade') options |= OPTION_UPGRADE;
  }
  return options;
}

/** Whether the connection lasts beyond this message (RFC 9112 §9.3); close wins over keep-alive. */
export function isPersistent(minorVersion: 0 | 1, options: number): boolean {
  if ((options & OPTION_CLOSE) !== 0) return false;
  return minorVersion === 1 || (options & OPTION_KEEP_ALIVE) !== 0;
}

/** How long the server keeps a connection that is idle, by `timeout=SECONDS` of Keep-Alive (RFC 2068 §19.7.1.1); -1 when it does not say. */
export function keepAliveTimeoutMs(value: string): number {
  for (const member of value.split(',')) {
    const [name = '', seconds = ''] = member.split('=');
    if (trimBlanks(name).toLowerCase() !== 'timeout') continue;
    const digits = trimBlanks(seconds);
    return /^[0-9]{1,9}$/.test(digits) ? Number(digits) * 1000 : -1;
  }
  return -1;
}

/** True when Expect lists 100-continue (RFC 9110 §10.1.1). */
export function expectsContinue(value: string): boolean {
  if (value === '100-continue') return true;
  return value
    .toLowerCase()
    .split(',')
    .some((member) => trimBlanks(member) === '100-continue');
}

/** Removes SP and HTAB only: `trim()` would also remove the no-break space 0xA0, which is a byte of the value. */
function trimBlanks(text: string): string {
  let from = 0;
  let to = text.length;
  while (from < to && isBlank(text.charCodeAt(from))) from += 1;
  while (to > from && isBlank(text.charCodeAt(to - 1))) to -= 1;
  return text.slice(from, to);
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}
