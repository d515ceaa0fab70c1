/** Table-driven checks of the characters in field names and values, methods and paths (RFC 9110 §5, RFC 9113 §8.2.1). */

const TOKEN = 1;
const LOWER_TOKEN = 2;
const VALUE = 4;
const PATH = 8;
const HOST = 16;

const CLASSES = new Uint8Array(256);

for (let code = 0x20; code < 0x100; code += 1) {
  if (code !== 0x7f) CLASSES[code] = VALUE;
}
CLASSES[0x09] = VALUE;
for (let code = 0x21; code < 0x7f; code += 1) {
  let classes = VALUE;
  const character = String.fromCharCode(code);
  if (character !== '#') classes |= PATH;
  if (!'"(),/:;<=>?@[\\]{}'.includes(character)) {
    classes |= TOKEN;
    if (code < 0x41 || code > 0x5a) classes |= LOWER_TOKEN;
  }
  if (/[A-Za-z0-9._~-]/.test(character)) classes |= HOST;
  CLASSES[code] = classes;
}

function isAll(text: string, start: number, end: number, wanted: number): boolean {
  for (let i = start; i < end; i += 1) {
    if (((CLASSES[text.charCodeAt(i)] ?? 0) & wanted) === 0) return false;
  }
  return true;
}

/** A method or a protocol name: a token of at least one character (RFC 9110 §5.6.2). */
export function isToken(text: string): boolean {
  return text.length > 0 && isAll(text, 0, text.length, TOKEN);
}

/** A field name as HTTP/2 wants it: a token without upper-case letters. */
export function isLowerCaseToken(text: string): boolean {
  return text.length > 0 && isAll(text, 0, text.length, LOWER_TOKEN);
}

/**
 * A field value without control characters (HTAB aside) and without leading or trailing white space. RFC 9113 forbids NUL, CR and LF only;
 * the rest of the controls are invalid by RFC 9110 §5.5 and would be refused by a strict HTTP/1.1 upstream.
 */
export function isFieldValue(text: string): boolean {
  const length = text.length;
  if (length === 0) return true;
  const first = text.charCodeAt(0);
  const last = text.charCodeAt(length - 1);
  if (first === 0x20 || first === 0x09 || last === 0x20 || last === 0x09) return false;
  return isAll(text, 0, length, VALUE);
}

/** Visible ASCII from a leading '/' on, without a fragment (RFC 9113 §8.3.1, RFC 9110 §4.1). */
export function isPath(text: string): boolean {
  return text.charCodeAt(0) === 0x2f && isAll(text, 1, text.length, PATH);
}

/** Letters, digits, '-', '.', '_' and '~': what a host name is made of in practice; sub-delims and escapes are refused. */
export function isHostText(text: string, start: number, end: number): boolean {
  return end > start && isAll(text, start, end, HOST);
}

/** Decimal digits only; -1 when the text is anything else or above 2^53-1. */
export function parseDigits(text: string): number {
  const length = text.length;
  if (length === 0 || length > 16) return -1;
  let value = 0;
  for (let i = 0; i < length; i += 1) {
    const digit = text.charCodeAt(i) - 0x30;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value <= Number.MAX_SAFE_INTEGER ? value : -1;
}
