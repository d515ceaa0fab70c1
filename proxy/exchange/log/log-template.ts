/** uWSGI's format string for the line of a request: `%(addr) %(method) %(uri) %(status)` (its core/logging.c). */
import type { LOG_VARIABLES } from '../../../src/shared/config/log-formats.js';
import { fieldValue } from '../../wire/syntax/field-list.js';
import { traceIdOf } from '../headers/tracing.js';
import type { AccessRecord } from './access-log.js';
import { clfDate, cut, cutPath, escapeText, field, uwsgiDate } from './log-text.js';

type Variable = (typeof LOG_VARIABLES)[number];
type Part = (record: AccessRecord) => string | number;

/** When the request came. */
function startMs({ time, durationMs }: AccessRecord): number {
  return time.getTime() - durationMs;
}

const PARTS: Readonly<Record<Variable, Part>> = {
  addr: ({ facts }) => facts.remoteAddress,
  user: ({ user }) => cut(user),
  method: ({ head }) => cut(head.method),
  uri: ({ head }) => cutPath(head.path),
  proto: ({ head }) => `HTTP/${head.httpVersion}`,
  host: ({ head }) => cut(head.authority),
  status: ({ status }) => status,
  size: ({ bodyBytes }) => bodyBytes,
  rsize: ({ bodyBytes }) => bodyBytes,
  cl: ({ head }) => fieldValue(head.headers, 'content-length') || 0,
  referer: ({ head }) => field(head, 'referer'),
  uagent: ({ head }) => field(head, 'user-agent'),
  secs: ({ durationMs }) => Math.round(durationMs / 1000),
  msecs: ({ durationMs }) => Math.round(durationMs),
  micros: ({ durationMs }) => Math.round(durationMs * 1000),
  time: (record) => Math.floor(startMs(record) / 1000),
  ctime: (record) => uwsgiDate(new Date(startMs(record))),
  ltime: (record) => clfDate(new Date(startMs(record))),
  ftime: (record) => clfDate(new Date(startMs(record))),
  epoch: ({ time }) => Math.floor(time.getTime() / 1000),
  tmsecs: (record) => Math.round(startMs(record)),
  tmicros: (record) => Math.round(startMs(record) * 1000),
  pid: () => process.pid,
  vars: ({ head }) => head.headers.length / 2,
  id: ({ requestId }) => requestId,
  upstream: ({ upstream }) => upstream,
  upstream_msecs: ({ upstreamMs }) => (upstreamMs === null ? '' : Math.round(upstreamMs)),
  tls: ({ facts }) => facts.tlsVersion,
  tls_group: ({ facts }) => facts.tlsGroup,
  error: ({ error }) => error,
  trace_id: ({ head, addedFields }) => traceIdOf(head.headers) || traceIdOf(addedFields),
};

/** Fields that hold credentials, in whatever form of log. */
const SECRET_FIELDS: ReadonlySet<string> = new Set([
  'authorization',
  'cookie',
  'proxy-authorization',
  'x-amz-security-token',
  'x-api-key',
  'x-auth-token',
  'x-csrf-token',
  'x-xsrf-token',
]);

/** Makes the writer of lines, each with its newline. What is unknown or empty is `-`, as with uWSGI. */
export function compileTemplate(template: string): (record: AccessRecord) => string {
  const parts: (string | Part)[] = [];
  let from = 0;
  for (const match of template.matchAll(/%\(([^)]*)\)/g)) {
    parts.push(template.slice(from, match.index), partOf(match[1] ?? ''));
    from = match.index + match[0].length;
  }
  parts.push(template.slice(from));
  return (record) => {
    let line = '';
    for (const part of parts) {
      line += typeof part === 'string' ? part : escapeText(String(part(record))) || '-';
    }
    return `${line}\n`;
  };
}

function partOf(name: string): Part {
  if (isVariable(name)) return PARTS[name];
  return name.startsWith('var.') ? variablePart(name.slice('var.'.length)) : () => '';
}

function isVariable(name: string): name is Variable {
  return Object.hasOwn(PARTS, name);
}

/** A variable of the request as CGI names it (RFC 3875 §4.1). */
function variablePart(name: string): Part {
  switch (name) {
    case 'REMOTE_ADDR':
      return PARTS.addr;
    case 'REMOTE_PORT':
      return ({ facts }) => facts.remotePort;
    case 'REQUEST_METHOD':
      return PARTS.method;
    case 'REQUEST_URI':
      return PARTS.uri;
    case 'PATH_INFO':
      return ({ head }) => cutPath(head.path.split('?', 1)[0] ?? '');
    case 'QUERY_STRING':
      return ({ head }) => cutPath(head.path.slice(head.path.indexOf('?') + 1 || head.path.length));
    case 'SERVER_PROTOCOL':
      return PARTS.proto;
    case 'SERVER_NAME':
    case 'HTTP_HOST':
      return PARTS.host;
    case 'SERVER_PORT':
      return ({ facts }) => facts.localPort;
    case 'HTTPS':
      return ({ facts }) => (facts.tlsVersion === '' ? '' : 'on');
    case 'CONTENT_LENGTH':
      return PARTS.cl;
    case 'CONTENT_TYPE':
      return ({ head }) => field(head, 'content-type');
    default: {
      const header = name
        .replace(/^HTTP_/, '')
        .toLowerCase()
        .replaceAll('_', '-');
      if (!name.startsWith('HTTP_')) return () => '';
      if (SECRET_FIELDS.has(header))
        return ({ head }) => (fieldValue(head.headers, header) === '' ? '' : '***');
      return ({ head }) => field(head, header);
    }
  }
}
