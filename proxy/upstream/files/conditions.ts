/** Whether a file is sent, and which part of it: conditional requests (RFC 9110 §13) and ranges (§14). */
import { fieldList, fieldValue } from '../../wire/syntax/field-list.js';

/** What conditions are held against. */
export interface Validators {
  /** Strong, with its quotes. */
  readonly tag: string;
  /** Of the last change, whole seconds as Last-Modified has them. */
  readonly modifiedSeconds: number;
}

/** Bytes of a file: the first, and how many. */
export interface Part {
  readonly start: number;
  readonly length: number;
}

/**
 * What the conditions of a GET or HEAD come to: 412, 304, or null where they hold. In the order of RFC 9110 §13.2.2;
 * dates that are none are passed over.
 */
export function judgeConditions(headers: readonly string[], own: Validators): 412 | 304 | null {
  const match = fieldList(headers, 'if-match');
  if (match !== '') {
    if (!lists(match, own.tag, false)) return 412;
  } else if (own.modifiedSeconds > secondsOf(fieldValue(headers, 'if-unmodified-since'), Infinity))
    return 412;
  const noneMatch = fieldList(headers, 'if-none-match');
  if (noneMatch !== '') return lists(noneMatch, own.tag, true) ? 304 : null;
  return own.modifiedSeconds <= secondsOf(fieldValue(headers, 'if-modified-since'), -Infinity) ? 304 : null;
}

/**
 * The part that a GET asks for; null: all of it; `none`: nothing is there (416). Ranges that make no single part are not
 * obeyed, as RFC 9110 §14.2 allows: an answer in many small parts costs more than the file.
 */
export function readRange(headers: readonly string[], size: number, own: Validators): Part | null | 'none' {
  const range = fieldList(headers, 'range');
  if (range === '' || !mayResume(fieldValue(headers, 'if-range'), own)) return null;
  const [, list] = /^bytes\s*=\s*(.*)$/i.exec(range) ?? [];
  if (list === undefined || list.length > MAX_RANGE_TEXT) return null;
  const parts: Part[] = [];
  for (const member of list.split(',')) {
    const text = member.trim();
    // Empty members of a list count for nothing (RFC 9110 §5.6.1.2).
    if (text === '') continue;
    const [, first, last] = /^(\d*)-(\d*)$/.exec(text) ?? [];
    if (first === undefined || last === undefined || (first === '' && last === '')) return null;
    const part = partOf(first, last, size);
    if (part === 'wrong') return null;
    if (part !== null) parts.push(part);
  }
  const [only, ...others] = parts;
  if (only === undefined) return list.includes('-') && size > 0 ? 'none' : size > 0 ? null : emptyRange(list);
  return others.length === 0 ? only : joined(parts);
}

/** Longer lists ask for many parts. */
const MAX_RANGE_TEXT = 1024;

/** Of an empty file there is no first byte; its last ones are none. */
function emptyRange(list: string): null | 'none' {
  return /(^|,)\s*\d/.test(list) ? 'none' : null;
}

/** null: beyond the end. */
function partOf(first: string, last: string, size: number): Part | null | 'wrong' {
  if (first === '') {
    const length = Math.min(Number(last), size);
    return length === 0 ? null : { start: size - length, length };
  }
  const start = Number(first);
  const end = last === '' ? Infinity : Number(last);
  if (end < start) return 'wrong';
  return start >= size ? null : { start, length: Math.min(end, size - 1) - start + 1 };
}

/** Ranges that overlap or touch are one; null: they do not. */
function joined(parts: readonly Part[]): Part | null {
  const sorted = [...parts].sort((one, other) => one.start - other.start);
  const start = sorted[0]?.start ?? 0;
  let end = start;
  for (const part of sorted) {
    if (part.start > end) return null;
    end = Math.max(end, part.start + part.length);
  }
  return { start, length: end - start };
}

/** If-Range (RFC 9110 §13.1.5): strong comparison, the date exactly. */
function mayResume(value: string, { tag, modifiedSeconds }: Validators): boolean {
  if (value === '') return true;
  if (value.startsWith('"')) return value === tag;
  return !value.startsWith('W/') && secondsOf(value, Number.NaN) === modifiedSeconds;
}

/** Whether a list of entity tags has this one. @param weak tags that stand for the like count too (§8.8.3.2) */
function lists(list: string, tag: string, weak: boolean): boolean {
  if (list.trim() === '*') return true;
  for (const [, mark, other] of list.matchAll(/(W\/)?("[^"]*")/g)) {
    if (other === tag && (weak || mark === undefined)) return true;
  }
  return false;
}

/** `otherwise`: the text is no date. */
function secondsOf(text: string, otherwise: number): number {
  if (text === '') return otherwise;
  const time = Date.parse(text);
  return Number.isNaN(time) ? otherwise : Math.floor(time / 1000);
}
