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

/**
 * True when `value` holds something no HTTP/1.1 field value may hold: a control character other than HTAB, or a
 * character beyond latin1. For values of other origin (HTTP/2 fields, configuration) before they are encoded.
 */
export function hasForbiddenBytes(value: string): boolean {
  for (let index = 0; index < value.length; index += 1) {
    if (FIELD_VALUE[value.charCodeAt(index)] !== 1) return true;
  }
  return false;
}
