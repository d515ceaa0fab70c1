/** A trailer section means the same over both protocols: what one refuses, the other refuses. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HpackEncoder } from '../../proxy/wire/hpack/encoder.js';
import { DEFAULT_HTTP1_LIMITS } from '../../proxy/wire/http1/events.js';
import { FRAME_DATA, FRAME_HEADERS } from '../../proxy/wire/http2/codes.js';
import { DEFAULT_HTTP2_LIMITS } from '../../proxy/wire/http2/limits.js';
import { bytesOf, frame, PREFACE, settings } from './fuzz/frames.js';
import { readRequests } from './fuzz/http1-requests.js';
import { readConnection } from './fuzz/http2-account.js';
import { encodeBlock } from './hpack/blocks.js';

/** RFC 9110 §6.5.1: frames, routes, authenticates, controls, or says how to read the content. */
const FORBIDDEN = [
  'content-length',
  'transfer-encoding',
  'trailer',
  'te',
  'connection',
  'keep-alive',
  'proxy-connection',
  'upgrade',
  'http2-settings',
  'host',
  'forwarded',
  'via',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-port',
  'x-forwarded-proto',
  'x-real-ip',
  'location',
  'authorization',
  'proxy-authorization',
  'proxy-authenticate',
  'proxy-authentication-info',
  'www-authenticate',
  'authentication-info',
  'cookie',
  'set-cookie',
  'expect',
  'max-forwards',
  'cache-control',
  'range',
  'if-match',
  'if-none-match',
  'if-modified-since',
  'if-unmodified-since',
  'if-range',
  'content-type',
  'content-encoding',
  'content-range',
];
const ALLOWED = ['digest', 'etag', 'server-timing', 'x-checksum', 'grpc-status'];

function isTakenOverHttp1(name: string): boolean {
  const text = `POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n${name}: 1\r\n\r\n`;
  return readRequests([Buffer.from(text)], DEFAULT_HTTP1_LIMITS).messages[0]?.complete === true;
}

function isTakenOverHttp2(name: string): boolean {
  const encoder = new HpackEncoder(4096);
  const fields = [':method', 'POST', ':scheme', 'https', ':authority', 'a', ':path', '/'];
  const frames = [
    settings(),
    frame(FRAME_HEADERS, 4, 1, encodeBlock(encoder, fields)),
    frame(FRAME_DATA, 0, 1, Buffer.from('x')),
    frame(FRAME_HEADERS, 5, 1, encodeBlock(encoder, [name, '1'])),
  ];
  const account = readConnection(
    [Buffer.concat([PREFACE, ...frames.map(bytesOf)])],
    DEFAULT_HTTP2_LIMITS,
    'take',
  );
  return account.messages[0]?.complete === true;
}

for (const name of FORBIDDEN) {
  test(`${name} is refused as a trailer over HTTP/1.1 and HTTP/2`, () => {
    assert.deepEqual([isTakenOverHttp1(name), isTakenOverHttp2(name)], [false, false]);
  });
}

for (const name of ALLOWED) {
  test(`${name} is taken as a trailer over HTTP/1.1 and HTTP/2`, () => {
    assert.deepEqual([isTakenOverHttp1(name), isTakenOverHttp2(name)], [true, true]);
  });
}
