/** One access log line per exchange: Common Log Format with more behind it, JSON, or uWSGI's sentence. */
import type { LogFormat } from '../../../src/shared/log-formats.js';
import { fieldValue } from '../../wire/syntax/field-list.js';
import type { ConnectionFacts, RequestHead } from '../types.js';
import { redactQuery } from './redact.js';

/** What is known of an exchange when it has ended. Times in milliseconds. */
export interface AccessRecord {
  readonly time: Date;
  readonly head: RequestHead;
  readonly facts: ConnectionFacts;
  readonly requestId: string;
  readonly status: number;
  readonly bodyBytes: number;
  readonly durationMs: number;
  /** From the request's dispatch to the upstream's response head; null when no upstream answered. */
  readonly upstreamMs: number | null;
  /** host:port of the upstream; empty when none was asked. */
  readonly upstream: string;
  /** Why the exchange did not end well; empty when it did. */
  readonly error: string;
}

/** Longest path that is written whole. */
const MAX_PATH_BYTES = 2048;
/** Longest other value of a stranger. */
const MAX_VALUE_BYTES = 512;

const FORMATTERS: Readonly<Record<LogFormat, (record: AccessRecord) => string>> = {
  pretty: formatPretty,
  combined: formatCombined,
  json: formatJson,
  uwsgi: formatUwsgi,
};

/** The line, with its newline. What strangers wrote is escaped, so that nobody can forge a line, and cut, so that nobody can flood the log. */
export function formatAccessRecord(
  record: AccessRecord,
  format: LogFormat,
  redacted: readonly string[] = [],
): string {
  return FORMATTERS[format](redacted.length === 0 ? record : redact(record, redacted));
}

/** The record without the values of these names in the queries of its path and its Referer. */
function redact(record: AccessRecord, names: readonly string[]): AccessRecord {
  const { head } = record;
  const path = redactQuery(head.path, names);
  const referer = fieldValue(head.headers, 'referer');
  const cleaned = redactQuery(referer, names);
  if (path === head.path && cleaned === referer) return record;
  const headers = cleaned === referer ? head.headers : withValue(head.headers, 'referer', cleaned);
  return { ...record, head: { ...head, path, headers } };
}

function withValue(headers: readonly string[], name: string, value: string): readonly string[] {
  return headers.map((text, index) => (index % 2 === 1 && headers[index - 1] === name ? value : text));
}

/** Apache's combined form, word for word: programs that read logs know it. */
function formatCombined(record: AccessRecord): string {
  const { head, facts } = record;
  const request = `${escapeText(cut(head.method))} ${escapeText(cutPath(head.path))} HTTP/${head.httpVersion}`;
  const agent = `"${escapeText(field(head, 'referer'))}" "${escapeText(field(head, 'user-agent'))}"`;
  return `${facts.remoteAddress} - - [${clfDate(record.time)}] "${request}" ${record.status} ${record.bodyBytes} ${agent}\n`;
}

function formatPretty(record: AccessRecord): string {
  const { head, facts } = record;
  const upstream = record.upstreamMs === null ? '-' : `${record.upstreamMs.toFixed(1)}ms`;
  const request = `${escapeText(cut(head.method))} ${escapeText(cutPath(head.path))} HTTP/${head.httpVersion}`;
  const agent = `"${escapeText(field(head, 'referer'))}" "${escapeText(field(head, 'user-agent'))}"`;
  const error = record.error === '' ? '' : ` error=${record.error}`;
  return `${facts.remoteAddress} - - [${clfDate(record.time)}] "${request}" ${record.status} ${record.bodyBytes} ${agent} ${record.durationMs.toFixed(1)}ms upstream=${upstream} tls=${facts.tlsVersion || '-'} host=${escapeText(cut(head.authority)) || '-'} id=${escapeText(record.requestId)}${error}\n`;
}

function formatJson(record: AccessRecord): string {
  const { head, facts } = record;
  const text = JSON.stringify({
    time: record.time.toISOString(),
    remote: facts.remoteAddress,
    method: cut(head.method),
    host: cut(head.authority),
    path: cutPath(head.path),
    protocol: `HTTP/${head.httpVersion}`,
    status: record.status,
    bytes: record.bodyBytes,
    durationMs: round(record.durationMs),
    upstreamMs: record.upstreamMs === null ? null : round(record.upstreamMs),
    upstream: record.upstream,
    tls: facts.tlsVersion,
    referer: field(head, 'referer'),
    userAgent: field(head, 'user-agent'),
    requestId: record.requestId,
    error: record.error,
  });
  // JSON leaves DEL and the C1 controls as they are, and terminals obey them.
  return `${C1.test(text) ? text.replace(EVERY_C1, escapeUnit) : text}\n`;
}

/** uWSGI's default request line (its core/logging.c), without the counters that only a worker has. */
function formatUwsgi(record: AccessRecord): string {
  const { head, facts } = record;
  return `[pid: ${process.pid}|req: ${escapeText(record.requestId)}] ${facts.remoteAddress} () {${head.headers.length / 2} vars} [${uwsgiDate(record.time)}] ${escapeText(cut(head.method))} ${escapeText(cutPath(head.path))} => generated ${record.bodyBytes} bytes in ${Math.round(record.durationMs)} msecs (HTTP/${head.httpVersion} ${record.status})\n`;
}

function field(head: RequestHead, name: string): string {
  return cut(fieldValue(head.headers, name)) || '-';
}

function cutPath(path: string): string {
  return path.length <= MAX_PATH_BYTES ? path : shorten(path, MAX_PATH_BYTES);
}

function cut(value: string): string {
  return value.length <= MAX_VALUE_BYTES ? value : shorten(value, MAX_VALUE_BYTES);
}

function shorten(value: string, bytes: number): string {
  return `${value.slice(0, bytes)}...[+${value.length - bytes} bytes]`;
}

const C1 = /[\x7f-\x9f]/;
const EVERY_C1 = /[\x7f-\x9f]/g;

function escapeUnit(unit: string): string {
  return `\\u00${unit.charCodeAt(0).toString(16)}`;
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

function two(value: number): string {
  return value < 10 ? `0${value}` : String(value);
}

function clock(time: Date): string {
  return `${two(time.getUTCHours())}:${two(time.getUTCMinutes())}:${two(time.getUTCSeconds())}`;
}

function clfDate(time: Date): string {
  return `${two(time.getUTCDate())}/${MONTHS[time.getUTCMonth()]}/${time.getUTCFullYear()}:${clock(time)} +0000`;
}

function uwsgiDate(time: Date): string {
  const day = time.toUTCString().slice(0, 3);
  return `${day} ${MONTHS[time.getUTCMonth()]} ${time.getUTCDate()} ${clock(time)} ${time.getUTCFullYear()}`;
}

/** Quotes, backslashes and everything outside visible ASCII as \xNN. */
function escapeText(text: string): string {
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
