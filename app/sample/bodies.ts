/** Answers of the sample app whose body takes time or space: streams, large bodies, ranges, events. */
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { type Query, readNumber, sendText } from './plain.js';

const MAX_BYTES = 2 ** 40;
const MAX_DELAY_MS = 600_000;
const MAX_CHUNKS = 10_000_000;
const BLOCK_BYTES = 64 * 1024;
/** The byte at offset n of every large body is n & 255, so that any part of it can be checked. */
const BLOCK = Buffer.from(Uint8Array.from({ length: BLOCK_BYTES }, (_, index) => index & 255));
const RANGE_ETAG = '"sample-1"';

/** Chunked: `chunks` writes of `bytes` each, `delayMs` apart. */
export async function sendStream(
  _request: IncomingMessage,
  response: ServerResponse,
  query: Query,
): Promise<void> {
  const chunks = readNumber(query, 'chunks', 10, MAX_CHUNKS);
  const bytes = readNumber(query, 'bytes', 1024, 16 * 1024 * 1024);
  const delayMs = readNumber(query, 'delayMs', 0, MAX_DELAY_MS);
  const gone = untilClosed(response);
  const chunk = Buffer.alloc(bytes, BLOCK);
  response.writeHead(200, { 'Content-Type': 'application/octet-stream' });
  response.flushHeaders();
  for (let sent = 0; sent < chunks; sent += 1) {
    if (sent > 0 && delayMs > 0) await pause(delayMs, undefined, { signal: gone });
    if (!response.write(chunk)) await once(response, 'drain', { signal: gone });
  }
  response.end();
}

/** `size` bytes with Content-Length, in constant memory. */
export async function sendBytes(
  request: IncomingMessage,
  response: ServerResponse,
  query: Query,
): Promise<void> {
  const size = readNumber(query, 'size', 1024, MAX_BYTES);
  response.writeHead(200, { 'Content-Type': 'application/octet-stream', 'Content-Length': size });
  await writePattern(request, response, 0, size);
}

/** `size` bytes (1 MiB) that can be asked for in one range (RFC 9110 §14). */
export async function sendRange(
  request: IncomingMessage,
  response: ServerResponse,
  query: Query,
): Promise<void> {
  const size = readNumber(query, 'size', 1024 * 1024, MAX_BYTES);
  const condition = request.headers['if-range'];
  const asked = condition === undefined || condition === RANGE_ETAG ? request.headers.range : undefined;
  const part = asked === undefined ? undefined : parseRange(asked, size);
  response.setHeader('Accept-Ranges', 'bytes');
  response.setHeader('ETag', RANGE_ETAG);
  if (part === 'unsatisfiable') {
    response.setHeader('Content-Range', `bytes */${size}`);
    sendText(response, 416, 'no such range\n');
    return;
  }
  const { first, end } = part ?? { first: 0, end: size };
  if (part !== undefined) response.setHeader('Content-Range', `bytes ${first}-${end - 1}/${size}`);
  response.writeHead(part === undefined ? 200 : 206, {
    'Content-Type': 'application/octet-stream',
    'Content-Length': end - first,
  });
  await writePattern(request, response, first, end);
}

/** Undefined for several ranges or another unit: a server may then send the whole (RFC 9110 §14.2). */
function parseRange(
  header: string,
  size: number,
): { first: number; end: number } | 'unsatisfiable' | undefined {
  const [, from, to] = /^bytes=(\d*)-(\d*)$/.exec(header) ?? [];
  if (from === undefined || to === undefined || (from === '' && to === '')) return undefined;
  const first = from === '' ? Math.max(0, size - Number(to)) : Number(from);
  const end = from === '' || to === '' ? size : Math.min(size, Number(to) + 1);
  return first < end ? { first, end } : 'unsatisfiable';
}

/** Server-sent events: `count` of them (0: until the client leaves), `intervalMs` apart, the first at once. */
export async function sendEvents(
  _request: IncomingMessage,
  response: ServerResponse,
  query: Query,
  ending: AbortSignal,
): Promise<void> {
  const count = readNumber(query, 'count', 10, MAX_CHUNKS);
  const intervalMs = readNumber(query, 'intervalMs', 1000, MAX_DELAY_MS);
  const gone = untilClosed(response);
  response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-cache' });
  response.flushHeaders();
  const over = AbortSignal.any([gone, ending]);
  for (let number = 1; (count === 0 || number <= count) && !over.aborted; number += 1) {
    const data = JSON.stringify({ number, time: new Date().toISOString() });
    if (!response.write(`id: ${number}\nevent: tick\ndata: ${data}\n\n`)) {
      await once(response, 'drain', { signal: gone });
    }
    await pause(number === count ? 0 : intervalMs, undefined, { signal: over }).catch(() => undefined);
  }
  response.end();
}

/** Answers after `ms`. */
export async function sendSlowly(
  _request: IncomingMessage,
  response: ServerResponse,
  query: Query,
): Promise<void> {
  const ms = readNumber(query, 'ms', 1000, MAX_DELAY_MS);
  await pause(ms, undefined, { signal: untilClosed(response) });
  sendText(response, 200, `answered after ${ms} ms\n`);
}

async function writePattern(
  request: IncomingMessage,
  response: ServerResponse,
  first: number,
  end: number,
): Promise<void> {
  const gone = untilClosed(response);
  for (let offset = first; offset < end && request.method !== 'HEAD'; ) {
    const start = offset % BLOCK_BYTES;
    const part = BLOCK.subarray(start, Math.min(BLOCK_BYTES, start + end - offset));
    offset += part.length;
    if (!response.write(part)) await once(response, 'drain', { signal: gone });
  }
  response.end();
}

/** Aborts when the connection is over; awaits on a response whose reader has left would never end otherwise. */
function untilClosed(response: ServerResponse): AbortSignal {
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  return gone.signal;
}
