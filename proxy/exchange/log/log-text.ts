/** Strangers' text and times in lines of requests: cut, so that nobody can flood the log, and escaped, so that nobody can forge a line. */
import { fieldValue } from '../../wire/syntax/field-list.js';
import type { RequestHead } from '../types.js';

/** Longest path that is written whole. */
const MAX_PATH_BYTES = 2048;
/** Longest other value of a stranger. */
const MAX_VALUE_BYTES = 512;

/** A field of the request; `-` where it is missing. */
export function field(head: RequestHead, name: string): string {
  return cut(fieldValue(head.headers, name)) || '-';
}

export function cutPath(path: string): string {
  return path.length <= MAX_PATH_BYTES ? path : shorten(path, MAX_PATH_BYTES);
}

export function cut(value: string): string {
  return value.length <= MAX_VALUE_BYTES ? value : shorten(value, MAX_VALUE_BYTES);
}

function shorten(value: string, bytes: number): string {
  return `${value.slice(0, bytes)}...[+${value.length - bytes} bytes]`;
}

/** Quotes, backslashes and everything outside visible ASCII as \xNN. */
export function escapeText(text: string): string {
  let out = '';
  let from = 0;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code >= 0x20 && code < 0x7f && code !== 0x22 && code !== 0x5c) continue;
    out += `${text.slice(from, index)}\\x${(code & 0xff).toString(16).padStart(2, '0')}`;
    from = index + 1;
  }
  return from === 0 ? text : out + text.slice(from);
}

export const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

export function two(value: number): string {
  return value < 10 ? `0${value}` : String(value);
}

function clock(time: Date): string {
  return `${two(time.getUTCHours())}:${two(time.getUTCMinutes())}:${two(time.getUTCSeconds())}`;
}

/** `29/Nov/2026:18:37:04 +0000`. */
export function clfDate(time: Date): string {
  return `${two(time.getUTCDate())}/${MONTHS[time.getUTCMonth()]}/${time.getUTCFullYear()}:${clock(time)} +0000`;
}

/** `Sun Nov 29 18:37:04 2026`, ctime(3)'s. */
export function uwsgiDate(time: Date): string {
  const day = time.toUTCString().slice(0, 3);
  return `${day} ${MONTHS[time.getUTCMonth()]} ${time.getUTCDate()} ${clock(time)} ${time.getUTCFullYear()}`;
}
