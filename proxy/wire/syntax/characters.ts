/** Character classes of RFC 9110 and RFC 9112 as byte tables, and the checks over strings built on them. */

const TOKEN_PUNCTUATION = "!#$%&'*+-.^_`|~";
const HOST_PUNCTUATION = '-._~';

/** A token byte in lower case, 0 for any other byte (RFC 9110 §5.6.2). */
export const TOKEN_LOWER = new Uint8Array(256);
/** 1 for a byte a field value may hold: HTAB, SP, VCHAR and obs-text (RFC 9110 §5.5). */
export const FIELD_VALUE = new Uint8Array(256);
/** 1 for a byte a request target may hold: VCHAR without `#` (RFC 9112 §3.2: no fragment, no blank). */
export const TARGET = new Uint8Array(256);
/** 1 for a byte of a registered name; percent-encoding and sub-delims are left out on purpose. */
export const HOST_NAME = new Uint8Array(256);
/** A hexadecimal digit's value plus one, 0 for any other byte. */
export const HEX_PLUS_ONE = new Uint8Array(256);

for (let byte = 0; byte < 256; byte += 1) {
  const char = String.fromCharCode(byte);
  const digit = byte >= 0x30 && byte <= 0x39;
  const upper = byte >= 0x41 && byte <= 0x5a;
  const lower = byte >= 0x61 && byte <= 0x7a;
  const word = digit || upper || lower;
  if (word || TOKEN_PUNCTUATION.includes(char)) TOKEN_LOWER[byte] = upper ? byte + 0x20 : byte;
  if (byte === 0x09 || (byte >= 0x20 && byte !== 0x7f)) FIELD_VALUE[byte] = 1;
  if (byte > 0x20 && byte < 0x7f && char !== '#') TARGET[byte] = 1;
  if (word || HOST_PUNCTUATION.includes(char)) HOST_NAME[byte] = 1;
  if (digit) HEX_PLUS_ONE[byte] = byte - 0x30 + 1;
  if (byte >= 0x41 && byte <= 0x46) HEX_PLUS_ONE[byte] = byte - 0x41 + 11;
  if (byte >= 0x61 && byte <= 0x66) HEX_PLUS_ONE[byte] = byte - 0x61 + 11;
}

/** True when `name` is a token (RFC 9110 §5.6.2), so it can be a method or a field name. */
export function isToken(name: string): boolean {
  for (let index = 0; index < name.length; index += 1) {
    if ((TOKEN_LOWER[name.charCodeAt(index)] ?? 0) === 0) return false;
  }
  return name.length > 0;
}

/** A field name as HTTP/2 wants it: a token without upper-case letters (RFC 9113 §8.2.1). */
export function isLowerCaseToken(name: string): boolean {
  for (let index = 0; index < name.length; index += 1) {
    const code = name.charCodeAt(index);
    if (code === 0 || TOKEN_LOWER[code] !== code) return false;
  }
  return name.length > 0;
}

/**
 * A field value without control characters (HTAB aside), characters beyond latin1, and blanks at its ends. RFC 9113 forbids
 * NUL, CR and LF only; the other controls are invalid by RFC 9110 §5.5 and would be refused by a strict HTTP/1.1 upstream.
 */
export function isFieldValue(text: string): boolean {
  const { length } = text;
  if (length === 0) return true;
  if (isBlank(text.charCodeAt(0)) || isBlank(text.charCodeAt(length - 1))) return false;
  for (let index = 0; index < length; index += 1) {
    if (FIELD_VALUE[text.charCodeAt(index)] !== 1) return false;
  }
  return true;
}

/** Visible ASCII from a leading '/' on, without a fragment (RFC 9113 §8.3.1, RFC 9110 §4.1). */
export function isPath(text: string): boolean {
  if (text.charCodeAt(0) !== 0x2f) return false;
  for (let index = 1; index < text.length; index += 1) {
    if (TARGET[text.charCodeAt(index)] !== 1) return false;
  }
  return true;
}

/** Decimal digits only; -1 when the text is anything else or above 2^53-1. */
export function parseDigits(text: string): number {
  const { length } = text;
  if (length === 0 || length > 16) return -1;
  let value = 0;
  for (let index = 0; index < length; index += 1) {
    const digit = text.charCodeAt(index) - 0x30;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value <= Number.MAX_SAFE_INTEGER ? value : -1;
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}
