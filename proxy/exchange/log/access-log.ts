/** One access log line per exchange: Common Log Format with more behind it, JSON, or uWSGI's sentence. */
import type { LogFormat } from '../../../src/shared/config/log-formats.js';
import { jsonLine } from '../../../src/shared/log-lines.js';
import { fieldValue } from '../../wire/syntax/field-list.js';
import type { Exchange } from '../exchange.js';
import { traceIdOf } from '../headers/tracing.js';
import type { ConnectionFacts, RequestHead } from '../types.js';
import { clfDate, cut, cutPath, escapeText, field, uwsgiDate } from './log-text.js';
import { redactQuery, redactUser } from './redact.js';

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
  /** Who has come in by `--basic-auth`; empty: nobody was asked. */
  readonly user: string;
  /** Why the exchange did not end well; empty when it did. */
  readonly error: string;
  /** Flat list of what tracing.ts has added to the request. */
  readonly addedFields: readonly string[];
}

/** The record of an exchange that has ended. */
export function recordOf(exchange: Exchange): AccessRecord {
  const {
    head,
    facts,
    requestId,
    status,
    bodyBytes,
    durationMs,
    upstreamMs,
    upstream,
    user,
    error,
    addedFields,
  } = exchange;
  const rest = { status, bodyBytes, durationMs, upstreamMs, upstream, user, error: error ?? '', addedFields };
  return { time: new Date(), head, facts, requestId, ...rest };
}

const FORMATTERS: Readonly<Record<LogFormat, (record: AccessRecord) => string>> = {
  pretty: formatPretty,
  combined: formatCombined,
  json: formatJson,
  uwsgi: formatUwsgi,
};

/** The line, with its newline. What strangers wrote is escaped, so that nobody can forge a line, and cut, so that nobody can flood the log. */
export function formatAccessRecord(record: AccessRecord, format: LogFormat): string {
  return FORMATTERS[format](record);
}

/** The record without user and password in its Referer, nor the values of these names in the queries of its path and its Referer. */
export function redactRecord(record: AccessRecord, names: readonly string[]): AccessRecord {
  const { head } = record;
  const path = redactQuery(head.path, names);
  const referer = fieldValue(head.headers, 'referer');
  const cleaned = redactUser(redactQuery(referer, names));
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
  return `${facts.remoteAddress} - ${userOf(record)} [${clfDate(record.time)}] "${request}" ${record.status} ${record.bodyBytes} ${agent}\n`;
}

function formatPretty(record: AccessRecord): string {
  const { head, facts } = record;
  const upstream = record.upstreamMs === null ? '-' : `${record.upstreamMs.toFixed(1)}ms`;
  const request = `${escapeText(cut(head.method))} ${escapeText(cutPath(head.path))} HTTP/${head.httpVersion}`;
  const agent = `"${escapeText(field(head, 'referer'))}" "${escapeText(field(head, 'user-agent'))}"`;
  const group = facts.tlsGroup === '' ? '' : ` group=${facts.tlsGroup}`;
  const error = record.error === '' ? '' : ` error=${record.error}`;
  return `${facts.remoteAddress} - ${userOf(record)} [${clfDate(record.time)}] "${request}" ${record.status} ${record.bodyBytes} ${agent} ${record.durationMs.toFixed(1)}ms upstream=${upstream} tls=${facts.tlsVersion || '-'}${group} host=${escapeText(cut(head.authority)) || '-'} id=${escapeText(record.requestId)}${error}\n`;
}

function formatJson(record: AccessRecord): string {
  const { head, facts } = record;
  const traceId = traceIdOf(head.headers) || traceIdOf(record.addedFields);
  return jsonLine({
    time: record.time.toISOString(),
    level: 'info',
    remote: facts.remoteAddress,
    ...(record.user === '' ? {} : { user: cut(record.user) }),
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
    ...(facts.tlsGroup === '' ? {} : { tlsGroup: facts.tlsGroup }),
    referer: field(head, 'referer'),
    userAgent: field(head, 'user-agent'),
    requestId: record.requestId,
    ...(traceId === '' ? {} : { trace_id: traceId }),
    error: record.error,
    message: `${cut(head.method)} ${cutPath(head.path)} ${record.status}`,
  });
}

/** uWSGI's default request line (its core/logging.c), without the counters that only a worker has. */
function formatUwsgi(record: AccessRecord): string {
  const { head, facts } = record;
  return `[pid: ${process.pid}|req: ${escapeText(record.requestId)}] ${facts.remoteAddress} () {${head.headers.length / 2} vars} [${uwsgiDate(record.time)}] ${escapeText(cut(head.method))} ${escapeText(cutPath(head.path))} => generated ${record.bodyBytes} bytes in ${Math.round(record.durationMs)} msecs (HTTP/${head.httpVersion} ${record.status})\n`;
}

/** As Apache writes it; a blank would shift every field behind it. */
function userOf({ user }: AccessRecord): string {
  return user === '' ? '-' : escapeText(cut(user)).replaceAll(' ', '\\x20');
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}
