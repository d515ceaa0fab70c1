/** Answers of the sample app that use the corners of HTTP framing: trailers, 103, large headers, cuts, no length. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Query, readNumber, sendText } from './plain.js';

const MAX_BYTES = 64 * 1024 * 1024;

/** One response header field of `size` bytes. */
export function sendLargeHeader(_request: IncomingMessage, response: ServerResponse, query: Query): void {
  const size = readNumber(query, 'size', 8192, 1024 * 1024);
  response.setHeader('X-Large', 'a'.repeat(size));
  sendText(response, 200, `a header of ${size} bytes\n`);
}

/** A chunked body with a trailer section (RFC 9112 §7.1.2). */
export function sendWithTrailers(_request: IncomingMessage, response: ServerResponse): void {
  response.writeHead(200, { 'Content-Type': 'text/plain', Trailer: 'X-Checksum, X-Count' });
  response.write('first\n');
  response.write('second\n');
  response.addTrailers({ 'X-Checksum': 'abc123', 'X-Count': '2' });
  response.end();
}

/** 103 (RFC 8297), then 200. */
export function sendEarlyHints(_request: IncomingMessage, response: ServerResponse): void {
  response.writeEarlyHints({ link: '</style.css>; rel=preload; as=style' }, () => {
    response.setHeader('Link', '</style.css>; rel=preload; as=style');
    sendText(response, 200, 'after early hints\n');
  });
}

/** Sends `after` bytes of a longer body and breaks the connection; `framing` is `length` or `chunked`. */
export function sendCut(request: IncomingMessage, response: ServerResponse, query: Query): void {
  const after = readNumber(query, 'after', 1000, MAX_BYTES);
  if (query.get('framing') !== 'chunked') response.setHeader('Content-Length', after + 1000);
  response.writeHead(200, { 'Content-Type': 'application/octet-stream' });
  response.flushHeaders();
  response.write(Buffer.alloc(after, 'c'), () => request.socket.destroy());
}

/** `size` bytes with neither length nor chunks: the end of the connection is the end of the body (RFC 9112 §6.3). */
export function sendUntilClose(_request: IncomingMessage, response: ServerResponse, query: Query): void {
  const size = readNumber(query, 'size', 1000, MAX_BYTES);
  response.useChunkedEncodingByDefault = false;
  response.shouldKeepAlive = false;
  response.writeHead(200, { 'Content-Type': 'application/octet-stream' });
  response.write(Buffer.alloc(size >> 1, 'n'));
  response.end(Buffer.alloc(size - (size >> 1), 'n'));
}
