/** Answers of the sample app that are known at once: text, echo, statuses, redirects, cookies. */
import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';

export type Query = URLSearchParams;

/** A whole number of the query, or `fallback` where it is absent. @throws RangeError outside 0..`most` */
export function readNumber(query: Query, name: string, fallback: number, most: number): number {
  const text = query.get(name);
  if (text === null || text === '') return fallback;
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0 || value > most) {
    throw new RangeError(`${name}, not a number between 0 and ${most}`);
  }
  return value;
}

export function sendText(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, {
    'Content-Type': 'text/plain; charset=utf-8',
    'Content-Length': Buffer.byteLength(text),
  });
  response.end(text);
}

/** The request as it arrived: header duplicates and order are kept in `rawHeaders`, the body is counted and hashed. */
export async function describeRequest(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of request) {
    if (!Buffer.isBuffer(chunk)) continue;
    hash.update(chunk);
    bytes += chunk.length;
  }
  const text = JSON.stringify({
    method: request.method,
    url: request.url,
    httpVersion: request.httpVersion,
    headers: request.headers,
    rawHeaders: request.rawHeaders,
    rawTrailers: request.rawTrailers,
    body: { bytes, sha256: hash.digest('hex') },
    peer: { address: request.socket.remoteAddress, port: request.socket.remotePort },
  });
  response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) });
  response.end(text);
}

/** Sends the request's body back while it arrives. */
export async function echoBody(request: IncomingMessage, response: ServerResponse): Promise<void> {
  response.setHeader('Content-Type', request.headers['content-type'] ?? 'application/octet-stream');
  const length = request.headers['content-length'];
  if (length !== undefined) response.setHeader('Content-Length', length);
  response.flushHeaders();
  await pipeline(request, response);
}

/** Any final status with a small body, or none where the status forbids one (RFC 9110 §6.4.1). */
export function sendStatus(response: ServerResponse, status: number): void {
  if (status < 200 || status > 599) throw new RangeError('status, not between 200 and 599');
  if (status === 204 || status === 304) {
    response.writeHead(status);
    response.end();
  } else {
    sendText(response, status, `${status}\n`);
  }
}

/** Without `to`: an absolute http URL of the same host, as apps write that do not know they are behind TLS. */
export function sendRedirect(request: IncomingMessage, response: ServerResponse, query: Query): void {
  const status = readNumber(query, 'status', 302, 399);
  const to = query.get('to') ?? `http://${request.headers.host ?? 'localhost'}/hello`;
  response.writeHead(status, { Location: to, 'Content-Length': 0 });
  response.end();
}

/** Three Set-Cookie fields, one with a comma inside: they must never be joined (RFC 6265 §3). */
export function sendCookies(_request: IncomingMessage, response: ServerResponse): void {
  response.setHeader('Set-Cookie', [
    'session=abc123; Path=/; HttpOnly; SameSite=Lax',
    'theme=dark; Path=/; Expires=Wed, 09 Jun 2100 10:18:14 GMT',
    'seen=1; Path=/',
  ]);
  sendText(response, 200, 'three cookies\n');
}
