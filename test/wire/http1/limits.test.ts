/** What a peer can make a decoder hold: each limit at its last allowed value and one beyond, in one piece and byte by byte. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DEFAULT_HTTP1_LIMITS, type Http1Limits, NEED_DATA } from '../../../proxy/wire/http1/events.js';
import { RequestDecoder } from '../../../proxy/wire/http1/request-decoder.js';
import { cut, cutEverywhere, decodeRequests, decodeResponses } from './decoding.js';

const LINE = 'GET /234567 HTTP/1.1';
const HEAD = `${LINE}\r\nHost: a\r\n\r\n`;
const CHUNKED = 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n';
const EXTENDED = `${CHUNKED}1;abc\r\nx\r\n1;abc\r\ny\r\n0\r\n\r\n`;
const TRAILED = `${CHUNKED}0\r\nA: b\r\nC: d\r\n\r\n`;

const exact: readonly [
  name: string,
  raw: string,
  fits: Partial<Http1Limits>,
  beyond: Partial<Http1Limits>,
  error: string,
][] = [
  ['requestLineBytes', HEAD, { requestLineBytes: 20 }, { requestLineBytes: 19 }, 'request_line_too_long 414'],
  ['headBytes', HEAD, { headBytes: HEAD.length }, { headBytes: HEAD.length - 1 }, 'head_too_large 431'],
  [
    'headerCount',
    CHUNKED.replace('\r\n\r\n', '\r\n\r\n0\r\n\r\n'),
    { headerCount: 2 },
    { headerCount: 1 },
    'too_many_headers 431',
  ],
  ['methodBytes', HEAD, { methodBytes: 3 }, { methodBytes: 2 }, 'method_too_long 501'],
  [
    'chunkExtensionBytes',
    EXTENDED,
    { chunkExtensionBytes: 8 },
    { chunkExtensionBytes: 7 },
    'chunk_extensions_too_large 400',
  ],
  ['trailerBytes', TRAILED, { trailerBytes: 14 }, { trailerBytes: 13 }, 'trailers_too_large 431'],
  [
    'headerCount for trailers',
    `${CHUNKED}0\r\nA: b\r\nC: d\r\nE: f\r\n\r\n`,
    { headerCount: 3 },
    { headerCount: 2 },
    'too_many_headers 431',
  ],
];

for (const [name, raw, fits, beyond, error] of exact) {
  for (const [manner, pieces] of [
    ['in one piece', cut(raw, [])],
    ['byte by byte', cutEverywhere(raw)],
  ] as const) {
    test(`${name} allows its own value ${manner}`, () => {
      const account = decodeRequests(pieces, { limits: fits });
      assert.deepEqual([account.error, account.messages[0]?.complete], ['', true]);
    });
    test(`${name} refuses one more ${manner}`, () => {
      assert.equal(decodeRequests(pieces, { limits: beyond }).error, error);
    });
  }
}

test('a request line without end is refused with 414', () => {
  const raw = `GET /${'a'.repeat(9000)}`;
  assert.equal(decodeRequests(cut(raw, [])).error, 'request_line_too_long 414');
});

test('a field without end is refused with 431', () => {
  const raw = `${LINE}\r\nX: ${'a'.repeat(40000)}`;
  assert.equal(decodeRequests(cut(raw, [])).error, 'head_too_large 431');
});

test('a trailer without end is refused', () => {
  const raw = `${CHUNKED}0\r\nX: ${'a'.repeat(9000)}`;
  assert.equal(decodeRequests(cut(raw, [])).error, 'trailers_too_large 431');
});

test('many chunks cannot carry more extension bytes together than one', () => {
  const raw = CHUNKED + `1;${'a'.repeat(100)}\r\nx\r\n`.repeat(100);
  assert.equal(decodeRequests(cut(raw, [])).error, 'chunk_extensions_too_large 400');
});

test('each message has room of its own for chunk extensions, and blanks behind sizes count like them', () => {
  const some = `${CHUNKED}1;${'a'.repeat(100)}\r\nx\r\n0\r\n\r\n`;
  assert.equal(decodeRequests(cut(some.repeat(100), [])).error, '');
  const padded = `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n`;
  const blanks = `${padded}${`1${' '.repeat(100)}\r\nx\r\n`.repeat(100)}`;
  assert.equal(decodeResponses(['GET'], cut(blanks, [])).error, 'chunk_extensions_too_large 502');
});

test('a status line and a response head without end are refused', () => {
  for (const raw of [`HTTP/1.1 200 ${'a'.repeat(40000)}`, `HTTP/1.1 200 OK\r\nX: ${'a'.repeat(40000)}`]) {
    assert.equal(decodeResponses(['GET'], cut(raw, [])).error, 'head_too_large 502');
  }
});

test('a large content behind a small head does not count against the head', () => {
  const raw = `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n${'\n'.repeat(100000)}`;
  for (const offsets of [[], [5], [40]]) {
    assert.equal(decodeRequests(cut(raw, offsets)).messages[0]?.body.length, 100000);
  }
});

test('a slow head is held no further than its unread line', () => {
  const decoder = new RequestDecoder(DEFAULT_HTTP1_LIMITS);
  const raw = `${LINE}\r\nHost: a\r\n${'X: 0123456789\r\n'.repeat(100)}`;
  for (const piece of cutEverywhere(raw)) {
    decoder.receive(piece);
    assert.equal(decoder.next(), NEED_DATA);
    assert.ok(decoder.pendingBytes <= LINE.length + 2, `${decoder.pendingBytes} bytes held`);
  }
});
