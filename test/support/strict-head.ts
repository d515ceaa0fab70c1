/** Reads one HTTP/1.1 head the way RFC 9110 and RFC 9112 write it down, forgiving nothing; shares no code with proxy/wire. */

/** A head in pieces; header names and values stand as they were sent. */
export interface StrictHead {
  /** The head as it was on the wire, without the empty line. */
  readonly raw: string;
  readonly version: '1.0' | '1.1';
  /** Empty in a response. */
  readonly method: string;
  /** Empty in a response. */
  readonly target: string;
  /** 0 in a request. */
  readonly status: number;
  /** Flat list: name, value, name, value … */
  readonly headers: readonly string[];
  /** How the body is delimited, before the method and status of a response are looked at. */
  readonly framing: 'none' | 'length' | 'chunked';
  /** Octets of a body with `framing` length. */
  readonly length: number;
}

/** A departure from the grammar: the text says which rule and shows the bytes. */
export class StrictViolation extends Error {}

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const FIELD_VALUE = /^(?:[\x21-\x7e\x80-\xff](?:[\t \x21-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?)?$/;
const REQUEST_LINE = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+) ([\x21\x22\x24-\x7e]+) HTTP\/(1\.[01])$/;
const STATUS_LINE = /^HTTP\/(1\.[01]) ([1-9][0-9][0-9]) [\t \x21-\x7e\x80-\xff]*$/;
const REG_NAME = /^(?:\[[0-9A-Fa-f:.]+\]|[0-9A-Za-z\-._~!$&'()*+;=%]*)(?::[0-9]*)?$/;

/** Stops the reading with a rule and a bounded, printable look at the bytes. */
export function violate(rule: string, text: string): never {
  throw new StrictViolation(`${rule}: ${JSON.stringify(text.slice(0, 160))}`);
}

/** All values of the field, in order. */
export function valuesOf(headers: readonly string[], name: string): string[] {
  const values: string[] = [];
  for (let index = 0; index < headers.length; index += 2) {
    if (headers[index]?.toLowerCase() === name) values.push(headers[index + 1] ?? '');
  }
  return values;
}

/** @throws StrictViolation when a line is no field line (RFC 9112 §5) */
export function readFields(lines: readonly string[]): string[] {
  const fields: string[] = [];
  for (const line of lines) {
    const colon = line.indexOf(':');
    if (colon < 0) violate('RFC 9112 §5 field line without a colon', line);
    const name = line.slice(0, colon);
    if (!TOKEN.test(name)) violate('RFC 9110 §5.1 field name', line);
    const value = line.slice(colon + 1).replace(/^[\t ]+|[\t ]+$/g, '');
    if (!FIELD_VALUE.test(value)) violate('RFC 9110 §5.5 field value', line);
    fields.push(name, value);
  }
  return fields;
}

/** Splits at CRLF and refuses every other CR or LF (RFC 9112 §2.2). */
function splitLines(raw: string): string[] {
  const lines = raw.split('\r\n');
  for (const line of lines) {
    if (/[\r\n]/.test(line)) violate('RFC 9112 §2.2 bare CR or LF', line);
  }
  return lines;
}

function framingOf(
  headers: readonly string[],
  version: string,
  raw: string,
): Pick<StrictHead, 'framing' | 'length'> {
  const lengths = valuesOf(headers, 'content-length');
  const codings = valuesOf(headers, 'transfer-encoding');
  if (codings.length > 0) {
    if (lengths.length > 0) violate('RFC 9112 §6.2 Content-Length beside Transfer-Encoding', raw);
    if (version === '1.0') violate('RFC 9112 §6.1 Transfer-Encoding in HTTP/1.0', raw);
    if (codings.length !== 1 || codings[0]?.toLowerCase() !== 'chunked') {
      violate('RFC 9112 §6.1 Transfer-Encoding other than one chunked', raw);
    }
    return { framing: 'chunked', length: 0 };
  }
  if (lengths.length === 0) return { framing: 'none', length: 0 };
  if (lengths.length !== 1) violate('RFC 9110 §8.6 more than one Content-Length', raw);
  const digits = lengths[0] ?? '';
  if (!/^[0-9]+$/.test(digits)) violate('RFC 9110 §8.6 Content-Length value', digits);
  return { framing: 'length', length: Number(digits) };
}

/**
 * Reads a request head without its last CRLF CRLF.
 * @throws StrictViolation
 */
export function readRequestHead(raw: string): StrictHead {
  const lines = splitLines(raw);
  const line = REQUEST_LINE.exec(lines[0] ?? '');
  if (line === null) violate('RFC 9112 §3 request line', lines[0] ?? '');
  const [, method = '', target = '', versionText = ''] = line;
  const version = versionText === '1.0' ? '1.0' : '1.1';
  const headers = readFields(lines.slice(1));
  checkTarget(method, target);
  const hosts = valuesOf(headers, 'host');
  if (hosts.length > 1 || (hosts.length === 0 && version === '1.1')) {
    violate(`RFC 9112 §3.2 ${hosts.length} Host fields`, raw);
  }
  if (!REG_NAME.test(hosts[0] ?? '')) violate('RFC 9110 §7.2 Host value', hosts[0] ?? '');
  return { raw, version, method, target, status: 0, headers, ...framingOf(headers, version, raw) };
}

/** RFC 9112 §3.2: the four forms, and which method each belongs to. */
function checkTarget(method: string, target: string): void {
  if (method === 'CONNECT') {
    if (!/^(?:\[[0-9A-Fa-f:.]+\]|[^/?@[\]:]+):[0-9]+$/.test(target)) violate('RFC 9112 §3.2.3', target);
    return;
  }
  if (target.startsWith('/') || (target === '*' && method === 'OPTIONS')) return;
  if (!/^https?:\/\/[^/?#@]+(?:[/?].*)?$/i.test(target)) violate('RFC 9112 §3.2 request target', target);
}

/**
 * Reads a response head without its last CRLF CRLF.
 * @throws StrictViolation
 */
export function readResponseHead(raw: string): StrictHead {
  const lines = splitLines(raw);
  const line = STATUS_LINE.exec(lines[0] ?? '');
  if (line === null) violate('RFC 9112 §4 status line', lines[0] ?? '');
  const [, versionText = '', digits = '0'] = line;
  const version = versionText === '1.0' ? '1.0' : '1.1';
  const headers = readFields(lines.slice(1));
  return {
    raw,
    version,
    method: '',
    target: '',
    status: Number(digits),
    headers,
    ...framingOf(headers, version, raw),
  };
}

const CHUNK_EXTENSION = /^(?:[\t ]*;[\t ]*TOK(?:[\t ]*=[\t ]*(?:TOK|QUOTED))?)*$/;
const EXTENSION = new RegExp(
  CHUNK_EXTENSION.source
    .replaceAll('TOK', "[!#$%&'*+\\-.^_`|~0-9A-Za-z]+")
    .replace(
      'QUOTED',
      '"(?:[\\t \\x21\\x23-\\x5b\\x5d-\\x7e\\x80-\\xff]|\\\\[\\t \\x21-\\x7e\\x80-\\xff])*"',
    ),
);

/**
 * Octets of the chunk whose size line this is, without its CRLF (RFC 9112 §7.1).
 * @throws StrictViolation
 */
export function readChunkSize(line: string): number {
  if (/[\r\n]/.test(line)) violate('RFC 9112 §7.1 bare CR or LF in a chunk line', line);
  const digits = /^[0-9A-Fa-f]{1,12}/.exec(line)?.[0];
  if (digits === undefined) violate('RFC 9112 §7.1 chunk size', line);
  if (!EXTENSION.test(line.slice(digits.length))) violate('RFC 9112 §7.1.1 chunk extension', line);
  return Number.parseInt(digits, 16);
}

/** Fields that frame, route or authenticate must not stand in trailers (RFC 9110 §6.5.1). */
export function checkTrailers(trailers: readonly string[]): void {
  const refused =
    /^(?:content-length|transfer-encoding|host|connection|te|trailer|authorization|proxy-.*|cookie|set-cookie|content-(?:encoding|type|range)|expect|range|cache-control|max-forwards|x-forwarded-.*|forwarded|upgrade)$/i;
  for (let index = 0; index < trailers.length; index += 2) {
    const name = trailers[index] ?? '';
    if (refused.test(name)) violate('RFC 9110 §6.5.1 trailer field', name);
  }
}
