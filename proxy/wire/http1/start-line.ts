/** What the request line and the status line share: the version, and naming what is wrong with a line. */
import { Http1Error, type Http1ErrorCode } from './error.js';

const LF = 0x0a;
const CR = 0x0d;

/** Well formed, but not a version we speak. */
export const OTHER_VERSION = -1;
/** Not `HTTP/` digit `.` digit, in capitals (RFC 9112 §2.3). */
export const NO_VERSION = -2;

/** The minor version of `HTTP/1.0` or `HTTP/1.1` at `at`, else OTHER_VERSION or NO_VERSION. */
export function readVersion(bytes: Buffer, at: number): number {
  const isHttp =
    bytes[at] === 0x48 &&
    bytes[at + 1] === 0x54 &&
    bytes[at + 2] === 0x54 &&
    bytes[at + 3] === 0x50 &&
    bytes[at + 4] === 0x2f &&
    isDigit(bytes[at + 5]) &&
    bytes[at + 6] === 0x2e &&
    isDigit(bytes[at + 7]);
  if (!isHttp) return NO_VERSION;
  if (bytes[at + 5] !== 0x31) return OTHER_VERSION;
  if (bytes[at + 7] === 0x31) return 1;
  return bytes[at + 7] === 0x30 ? 0 : OTHER_VERSION;
}

/** True for a decimal digit's byte. */
export function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0x30 && byte <= 0x39;
}

/** True for CR LF at `at`. */
export function isLineEnd(bytes: Buffer, at: number): boolean {
  return bytes[at] === CR && bytes[at + 1] === LF;
}

/**
 * The error for a start line that broke a rule at `at`: a line that is also too long is called that, since a line that
 * comes slowly is refused for its length before its end is seen.
 */
export function startLineError(
  bytes: Buffer,
  start: number,
  at: number,
  mostBytes: number,
  code: Http1ErrorCode,
): Http1Error {
  if (bytes.indexOf(LF, start) - start > mostBytes + 1) return new Http1Error('request_line_too_long');
  const isBareEnd = (bytes[at] === CR || bytes[at] === LF) && !isLineEnd(bytes, at);
  return new Http1Error(isBareEnd ? 'line_end_invalid' : code);
}
