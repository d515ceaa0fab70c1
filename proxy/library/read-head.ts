/** Request and response heads of node:http and node:http2 as the exchange's flat lists. */
import type { IncomingMessage } from 'node:http';
import type { ServerHttp2Stream } from 'node:http2';
import type { ErrorCode } from '../../src/shared/errors.js';
import type { Framing, RequestHead } from '../exchange/types.js';
import { isAuthority } from '../wire/syntax/authority.js';
import { isTarget } from '../wire/syntax/request-rules.js';

/** A request as node:http, or node:http2's compatibility API with its stream, gives it. */
export type LibraryRequest = IncomingMessage & { readonly stream?: ServerHttp2Stream };

/** Flat list with lower-case names. */
export function flatten(rawHeaders: readonly string[]): string[] {
  const flat: string[] = [];
  for (let index = 0; index < rawHeaders.length; index += 2) {
    flat.push((rawHeaders[index] ?? '').toLowerCase(), rawHeaders[index + 1] ?? '');
  }
  return flat;
}

/** The request's head, or the error that one who cannot trust it answers with (RFC 9110 §7.2, RFC 9112 §6.1, RFC 9113 §8.3.1). */
export function readRequestHead(request: LibraryRequest): RequestHead | ErrorCode {
  const isHttp2 = request.stream !== undefined;
  if (!isHttp2) {
    const fault = findHttp1Fault(request);
    if (fault !== null) return fault;
  }
  const method = request.method ?? '';
  // http.request writes every method in capitals: one that is not would become another (RFC 9110 §9.1).
  if (method !== method.toUpperCase()) return 'not_implemented';
  const all = flatten(request.rawHeaders);
  const headers: string[] = [];
  let authority = '';
  let host: string | null = null;
  let cookies = '';
  for (let index = 0; index < all.length; index += 2) {
    const name = all[index] ?? '';
    const value = all[index + 1] ?? '';
    if (name === ':authority') authority = value;
    if (name.charCodeAt(0) === 0x3a) continue;
    if (name === 'host') {
      if (host !== null) return 'host_invalid';
      host = value;
    }
    // RFC 9113 §8.2.3: crumbs become one field before HTTP/1.1 sees them.
    if (isHttp2 && name === 'cookie') cookies = cookies === '' ? value : `${cookies}; ${value}`;
    else headers.push(name, value);
  }
  if (cookies !== '') headers.push('cookie', cookies);
  if (isHttp2 && authority !== '' && host !== null && host.toLowerCase() !== authority.toLowerCase())
    return 'host_invalid';
  if (!isHttp2 && host === null && request.httpVersion === '1.1') return 'host_invalid';
  const target = splitTarget(request.url ?? '');
  if (target === null) return 'host_invalid';
  const head: RequestHead = {
    method,
    path: target.path,
    authority: target.authority || authority || host || '',
    headers,
    memo: null,
    httpVersion: isHttp2 ? '2.0' : request.httpVersion === '1.0' ? '1.0' : '1.1',
  };
  // CONNECT is refused whatever it names.
  return method === 'CONNECT' ? head : (findTargetFault(head) ?? head);
}

/** What the log shows of a request whose head is not trusted. */
export function unreadHead(request: LibraryRequest): RequestHead {
  return {
    method: request.method ?? '',
    path: request.url ?? '',
    authority: '',
    headers: flatten(request.rawHeaders),
    memo: null,
    httpVersion: '1.1',
  };
}

function findTargetFault({ path, method, authority, httpVersion }: RequestHead): ErrorCode | null {
  if (!isTarget(path, method)) return 'request_target_invalid';
  const isNamed = authority === '' ? httpVersion === '1.0' : isAuthority(authority);
  return isNamed ? null : 'host_invalid';
}

/** What llhttp lets through and nobody may forward: other versions, codings other than one `chunked`, chunks in HTTP/1.0. */
function findHttp1Fault(request: IncomingMessage): ErrorCode | null {
  if (request.httpVersion !== '1.1' && request.httpVersion !== '1.0') return 'version_unsupported';
  const codings = transferCodings(request.rawHeaders);
  if (codings.length === 0) return null;
  if (request.httpVersion === '1.0' || codings.length > 1) return 'request_malformed';
  return codings[0] === 'chunked' ? null : 'not_implemented';
}

/** The values of all Transfer-Encoding fields, trimmed and in lower case. */
export function transferCodings(rawHeaders: readonly string[]): string[] {
  const codings: string[] = [];
  for (let index = 0; index < rawHeaders.length; index += 2) {
    if ((rawHeaders[index] ?? '').toLowerCase() !== 'transfer-encoding') continue;
    codings.push((rawHeaders[index + 1] ?? '').trim().toLowerCase());
  }
  return codings;
}

/** Absolute-form into authority and path (RFC 9112 §3.2.2); other targets stay as they are. */
function splitTarget(url: string): { path: string; authority: string } | null {
  if (url.charCodeAt(0) === 0x2f || url === '*') return { path: url, authority: '' };
  const lower = url.slice(0, 8).toLowerCase();
  const start = lower.startsWith('http://') ? 7 : lower.startsWith('https://') ? 8 : -1;
  if (start === -1) return { path: url, authority: '' };
  let end = start;
  while (end < url.length && !'/?#'.includes(url.charAt(end))) end += 1;
  if (end === start) return null;
  const rest = url.slice(end);
  return { authority: url.slice(start, end), path: rest.startsWith('/') ? rest : `/${rest}` };
}

/** How the request's body is framed. */
export function readFraming(request: LibraryRequest): { framing: Framing; contentLength: number } {
  const length = request.headers['content-length'];
  if (request.stream !== undefined) {
    if (request.stream.endAfterHeaders) return { framing: 'none', contentLength: 0 };
    if (length === undefined) return { framing: 'unknown', contentLength: 0 };
    return { framing: 'length', contentLength: Number(length) };
  }
  if (request.headers['transfer-encoding'] !== undefined) return { framing: 'unknown', contentLength: 0 };
  if (length === undefined || Number(length) === 0) return { framing: 'none', contentLength: 0 };
  return { framing: 'length', contentLength: Number(length) };
}
