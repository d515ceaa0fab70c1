/** Request cases over HTTP/2: stream states, header blocks and frames. */
import { END_HEADERS, END_STREAM, FRAME } from '../../support/raw-http2-client.js';
import {
  atMost,
  CANARY,
  h2,
  h2Get,
  h2Post,
  neverWhole,
  passed,
  type RequestCase,
  refused,
} from '../request-case.js';

const STREAMS = 'RFC 9113 §5.1: stream states';

export const http2StreamCases: readonly RequestCase[] = [
  h2(
    'h2-streams-ten',
    STREAMS,
    passed(10),
    ...[1, 3, 5, 7, 9, 11, 13, 15, 17, 19].map((stream) => ({ headers: h2Get(), stream })),
  ),
  h2(
    'h2-streams-interleaved',
    `${STREAMS}; bodies do not mix`,
    passed(2, { body: 'hello' }),
    { headers: h2Post(), stream: 1, end: false },
    { headers: h2Post(), stream: 3, end: false },
    { data: 'he', stream: 1, end: false },
    { data: 'hel', stream: 3, end: false },
    { data: 'llo', stream: 1 },
    { data: 'lo', stream: 3 },
  ),
  h2('h2-stream-even', `${STREAMS}; clients have odd streams`, refused, { headers: h2Get(), stream: 2 }),
  h2('h2-stream-zero', `${STREAMS}; stream 0 has no request`, refused, { headers: h2Get(), stream: 0 }),
  h2(
    'h2-stream-backwards',
    `${STREAMS}; numbers grow`,
    atMost(1),
    { headers: h2Get(), stream: 5 },
    { headers: h2Get(':x', 'y'), stream: 3 },
  ),
  h2('h2-data-on-idle', `${STREAMS}; DATA on an idle stream`, refused, { data: CANARY, stream: 1 }),
  h2(
    'h2-data-after-end',
    `${STREAMS}; DATA on a half-closed stream`,
    atMost(1),
    { headers: h2Post() },
    { data: CANARY },
  ),
  h2(
    'h2-headers-twice',
    `${STREAMS}; a second request on a stream`,
    neverWhole,
    { headers: h2Post(), end: false },
    { headers: h2Get() },
  ),
  h2('h2-continuation', 'RFC 9113 §6.10: CONTINUATION', passed(1), {
    headers: h2Get('x-name', 'a'.repeat(300)),
    split: 100,
  }),
  h2(
    'h2-continuation-interleaved',
    'RFC 9113 §6.10: nothing between',
    refused,
    { type: FRAME.headers, flags: END_STREAM, on: 1, payload: '\x82' },
    { type: FRAME.data, flags: 0, on: 1, payload: CANARY },
  ),
  h2('h2-continuation-alone', 'RFC 9113 §6.10', refused, {
    type: FRAME.continuation,
    flags: END_HEADERS,
    on: 1,
    payload: '\x82\x84\x87',
  }),
  h2('h2-hpack-index-zero', 'RFC 7541 §6.1: index 0', refused, {
    type: FRAME.headers,
    flags: END_HEADERS | END_STREAM,
    on: 1,
    payload: '\x80',
  }),
  h2('h2-hpack-index-beyond', 'RFC 7541 §2.3.3: index beyond the tables', refused, {
    type: FRAME.headers,
    flags: END_HEADERS | END_STREAM,
    on: 1,
    payload: '\xff\xff\xff\x0f',
  }),
  h2('h2-hpack-cut', 'RFC 7541 §5.2: a string longer than the block', refused, {
    type: FRAME.headers,
    flags: END_HEADERS | END_STREAM,
    on: 1,
    payload: '\x00\x7f\x7fx',
  }),
  h2(
    'h2-frame-unknown',
    'RFC 9113 §4.1: unknown frames are ignored',
    passed(1),
    { type: 0xfa, flags: 255, on: 0, payload: CANARY },
    { headers: h2Get() },
  ),
  h2('h2-frame-push', 'RFC 9113 §8.4: a client does not push', refused, {
    type: FRAME.push,
    flags: END_HEADERS,
    on: 1,
    payload: '\x00\x00\x00\x02\x82',
  }),
  h2('h2-frame-window-zero', 'RFC 9113 §6.9: an increment of 0', refused, {
    type: FRAME.window,
    flags: 0,
    on: 0,
    payload: '\x00\x00\x00\x00',
  }),
  h2('h2-frame-settings-odd', 'RFC 9113 §6.5: a length that is no multiple of 6', refused, {
    type: FRAME.settings,
    flags: 0,
    on: 0,
    payload: '\x00\x00\x00',
  }),
  h2('h2-frame-ping-on-stream', 'RFC 9113 §6.7: PING belongs to the connection', refused, {
    type: FRAME.ping,
    flags: 0,
    on: 1,
    payload: '\x00'.repeat(8),
  }),
  h2(
    'h2-padding-too-long',
    'RFC 9113 §6.1: padding longer than the frame',
    neverWhole,
    { headers: h2Post(), end: false },
    { type: FRAME.data, flags: 8 | END_STREAM, on: 1, payload: '\xffhello' },
  ),
  h2(
    'h2-http1-bytes',
    'RFC 9113 §3.4: HTTP/1.1 bytes after the preface',
    refused,
    { type: 0x45, flags: 0x54, on: 0x20, payload: `/canary-{t} HTTP/1.1\r\nHost: {host}\r\n\r\n` },
    { type: FRAME.data, flags: 0, on: 0, payload: CANARY },
  ),
];
