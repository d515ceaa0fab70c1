/** Which answers are compressed, with what, and what their heads then say. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type Coding,
  chooseCoding,
  prepareCompression,
} from '../../../proxy/exchange/headers/compression.js';
import type { RequestHead } from '../../../proxy/exchange/types.js';

const ALL: readonly Coding[] = ['br', 'zstd', 'gzip'];

const WEIGHTS: readonly (readonly [accepted: string, wanted: Coding | null])[] = [
  ['', null],
  ['identity', null],
  ['deflate', null],
  ['gzip', 'gzip'],
  ['x-gzip', 'gzip'],
  ['GZIP', 'gzip'],
  ['gzip, deflate, br, zstd', 'br'],
  ['gzip, zstd', 'zstd'],
  ['gzip;q=1.0, br;q=0.5', 'gzip'],
  ['br;q=0.9 , zstd ; q=0.95', 'zstd'],
  ['br;q=0, gzip', 'gzip'],
  ['gzip;q=0', null],
  ['gzip;q=0.000, *;q=0', null],
  ['*', 'br'],
  ['br;q=0, *;q=0.1', 'zstd'],
  ['identity;q=1, gzip;q=0.5', null],
  ['identity;q=0.5, gzip', 'gzip'],
  ['gzip;q=2', null],
  ['gzip;q=x', null],
];

for (const [accepted, wanted] of WEIGHTS) {
  test(`Accept-Encoding '${accepted}' gets ${wanted ?? 'the body as it is'}`, () => {
    assert.equal(chooseCoding(accepted, ALL), wanted);
  });
}

test('what this Node cannot produce is not chosen', () => {
  assert.equal(chooseCoding('zstd, gzip;q=0.5', ['br', 'gzip']), 'gzip');
  assert.equal(chooseCoding('gzip, br', []), null);
});

interface Case {
  readonly status?: number;
  readonly contentLength?: number;
  readonly hasBody?: boolean;
  readonly headers?: readonly string[];
  readonly accept?: string;
  readonly httpVersion?: RequestHead['httpVersion'];
}

function prepare(given: Case): { coding: Coding | null; headers: string[] } {
  const headers = [...(given.headers ?? ['content-type', 'text/html; charset=utf-8'])];
  const head: RequestHead = {
    method: 'GET',
    path: '/',
    authority: 'app.test',
    headers: ['accept-encoding', given.accept ?? 'gzip'],
    memo: null,
    httpVersion: given.httpVersion ?? '1.1',
  };
  const { status = 200, contentLength = 5000, hasBody = true } = given;
  return { coding: prepareCompression(head, { status, contentLength, hasBody }, headers, ALL), headers };
}

test('a compressed answer says so, varies, and has a weak tag and no ranges', () => {
  const headers = ['content-type', 'text/css', 'etag', '"v1"', 'accept-ranges', 'bytes', 'vary', 'Origin'];
  assert.deepEqual(prepare({ headers }), {
    coding: 'gzip',
    headers: [
      ...['content-type', 'text/css', 'etag', 'W/"v1"', 'vary', 'Origin, accept-encoding'],
      ...['content-encoding', 'gzip'],
    ],
  });
});

test('digests of what the app sent are none of what the client gets (RFC 9530 §3)', () => {
  const headers = ['content-type', 'text/css', 'repr-digest', 'sha-256=:x:', 'content-md5', 'x', 'vary', '*'];
  assert.deepEqual(prepare({ headers }).headers, [
    ...['content-type', 'text/css', 'vary', '*', 'content-encoding', 'gzip'],
  ]);
});

test('Vary that says it already is left alone', () => {
  for (const vary of ['Accept-Encoding', 'Origin, accept-encoding', '*']) {
    const { headers } = prepare({ headers: ['content-type', 'text/css', 'vary', vary] });
    assert.equal(headers[3], vary);
  }
});

const TYPES: readonly (readonly [type: string, compressed: boolean])[] = [
  ['text/plain', true],
  ['Text/HTML;charset=utf-8', true],
  ['application/json', true],
  ['application/problem+json', true],
  ['image/svg+xml', true],
  ['application/wasm', true],
  ['text/event-stream', false],
  ['text/event-stream; charset=utf-8', false],
  ['application/grpc', false],
  ['image/png', false],
  ['application/octet-stream', false],
  ['', false],
];

for (const [type, compressed] of TYPES) {
  test(`${type || 'no type'} is ${compressed ? '' : 'not '}compressed`, () => {
    assert.equal(prepare({ headers: ['content-type', type] }).coding !== null, compressed);
  });
}

const LEFT_ALONE: readonly (readonly [name: string, given: Case])[] = [
  ['encoded already', { headers: ['content-type', 'text/css', 'content-encoding', 'br'] }],
  ['no-transform', { headers: ['content-type', 'text/css', 'cache-control', 'public, No-Transform'] }],
  ['a digest of the content', { headers: ['content-type', 'text/css', 'content-digest', 'sha-256=:x:'] }],
  ['206', { status: 206 }],
  ['a part of the whole', { headers: ['content-type', 'text/css', 'content-range', 'bytes 0-1/2'] }],
  ['204', { status: 204, hasBody: false }],
];

for (const [name, given] of LEFT_ALONE) {
  test(`${name}: not a byte of the head is changed`, () => {
    const { coding, headers } = prepare(given);
    assert.equal(coding, null);
    assert.deepEqual(headers, given.headers ?? ['content-type', 'text/html; charset=utf-8']);
  });
}

const NOT_NOW: readonly (readonly [name: string, given: Case])[] = [
  ['small answers', { contentLength: 1023 }],
  ['answers to HEAD, and 304', { hasBody: false }],
  ['clients that take none', { accept: 'identity' }],
  ['HTTP/1.0', { httpVersion: '1.0' }],
];

for (const [name, given] of NOT_NOW) {
  test(`${name} vary too, and pass as they are`, () => {
    const { coding, headers } = prepare(given);
    assert.equal(coding, null);
    assert.deepEqual(headers.slice(2), ['vary', 'accept-encoding']);
  });
}
