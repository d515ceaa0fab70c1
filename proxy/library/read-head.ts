/** Request and response heads of node:http and node:http2 as the exchange's flat lists. */
import type { IncomingMessage } from 'node:http';
import type { ServerHttp2Stream } from 'node:http2';
import type { Framing, RequestHead } from '../exchange/types.js';

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

/** The request's head; null when Host is missing in HTTP/1.1, doubled, or contradicts `:authority`. */
export function readRequestHead(request: LibraryRequest): RequestHead | null {
  const isHttp2 = request.httpVersionMajor === 2;
  const headers: string[] = [];
  let authority = '';
  let host: string | null = null;
  let cookies = '';
  const all = flatten(request.rawHeaders);
  for (let index = 0; index < all.length; index += 2) {
    const name = all[index] ?? '';
    const value = all[index + 1] ?? '';
    if (name === ':authority') authority = value;
    if (name.charCodeAt(0) === 0x3a) continue;
    if (name === 'host') {
      if (host !== null) return null;
      host = value;
    }
    // RFC 9113 §8.2.3: crumbs become one field before HTTP/1.1 sees them.
    if (isHttp2 && name === 'cookie') cookies = cookies === '' ? value : `${cookies}; ${value}`;
    else headers.push(name, value);
  }
  if (cookies !== '') headers.push('cookie', cookies);
  if (isHttp2 && authority !== '' && host !== null && host.toLowerCase() !== authority.toLowerCase())
    return null;
  if (!isHttp2 && host === null && request.httpVersion === '1.1') return null;
  const target = splitTarget(request.url ?? '');
  if (target === null) return null;
  return {
    method: request.method ?? '',
    path: target.path,
    authority: target.authority || authority || host || '',
    headers,
    httpVersion: isHttp2 ? '2.0' : request.httpVersion === '1.0' ? '1.0' : '1.1',
  };
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
  if (request.httpVersionMajor === 2) {
    if (request.stream?.endAfterHeaders) return { framing: 'none', contentLength: 0 };
    if (length === undefined) return { framing: 'unknown', contentLength: 0 };
    return { framing: 'length', contentLength: Number(length) };
  }
  if (request.headers['transfer-encoding'] !== undefined) return { framing: 'unknown', contentLength: 0 };
  if (length === undefined || Number(length) === 0) return { framing: 'none', contentLength: 0 };
  return { framing: 'length', contentLength: Number(length) };
}
