/** The same account of a connection whatever pieces it comes in, for whole, broken and mutated messages. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Http1Limits } from '../../../proxy/wire/http1/events.js';
import { type Account, cut, cutEverywhere, decodeRequests, decodeResponses } from './decoding.js';

const REQUESTS: readonly string[] = [
  'GET / HTTP/1.1\r\nHost: a\r\n\r\n',
  '\r\nGET http://b/x?y HTTP/1.1\r\nHost: a\r\nX-Own: \t z \r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n',
  'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab\r\ncPUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nd',
  'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2;a="b;c"\r\nhi\r\n0\r\nX-T: 1\r\n\r\nGET / HTTP/1.0\r\n\r\n',
  'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n',
  'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\nGET /never HTTP/1.1\r\n',
  'GET / HTTP/1.1\r\nHost: a\r\n\r\n\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n',
  'GET / HTTP/1.1\r\nX: y\r\n z\r\nHost : a\r\n\r\n',
  'GET / HTTP/1.1\nHost: a\n\n',
  'GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
  'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n',
  'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  `GET /${'long'.repeat(30)} HTTP/1.1\r\nHost: a\r\n\r\n`,
  `GET / HTTP/1.1\r\nHost: a\r\nX: ${'long'.repeat(60)}\r\n\r\n`,
];

const RESPONSES: readonly string[] = [
  'HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcHTTP/1.1 204 No Content\r\n\r\n',
  'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX: y\r\n\r\n',
  'HTTP/1.0 200 OK\r\n\r\nuntil\r\nclose',
  'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nsurplus',
  'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab',
  'HTTP/1.1 200 OK\nContent-Length: 0\n\n',
];

/** Small, so that some of the messages cross them. */
const limits: Partial<Http1Limits> = { requestLineBytes: 80, headBytes: 160 };

type Decode = (pieces: readonly Buffer[]) => Account<unknown>;

function asServer(pieces: readonly Buffer[]): Account<unknown> {
  return decodeRequests(pieces, { limits, ended: true });
}

function asClient(pieces: readonly Buffer[]): Account<unknown> {
  return decodeResponses(['GET', 'GET'], pieces, { limits, ended: true });
}

for (const [decode, messages] of [
  [asServer, REQUESTS],
  [asClient, RESPONSES],
] as const) {
  for (const raw of messages) {
    test(`${decode.name}: every split gives one account of ${JSON.stringify(raw.slice(0, 60))}`, () => {
      const whole = decode(cut(raw, []));
      assert.deepEqual(decode(cutEverywhere(raw)), whole);
      for (let offset = 1; offset < raw.length; offset += 1) {
        assert.deepEqual(decode(cut(raw, [offset])), whole, `split at ${offset}`);
      }
    });
  }
}

/** A small fixed-seed generator (mulberry32), so that a failure can be run again. */
function randomFrom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

const FRAGMENTS = [
  '\r',
  '\n',
  '\r\n',
  '\r\n\r\n',
  ' ',
  '\t',
  ':',
  '\0',
  '\x7f',
  '\xff',
  ',',
  ';',
  '0',
  '1',
  'A',
  '-',
  '#',
  '[',
  'Host: a\r\n',
  'Content-Length: 1\r\n',
  'Transfer-Encoding: chunked\r\n',
  'Connection: close\r\n',
];

function mutate(raw: string, random: (below: number) => number): string {
  let mutated = raw;
  for (let count = 1 + random(3); count > 0; count -= 1) {
    const at = random(mutated.length + 1);
    const removed = random(3);
    const fragment = random(4) === 0 ? '' : (FRAGMENTS[random(FRAGMENTS.length)] ?? '');
    mutated = mutated.slice(0, at) + fragment + mutated.slice(at + removed);
  }
  return mutated;
}

function compareSplits(decode: Decode, messages: readonly string[], seed: number, rounds: number): void {
  const random = randomFrom(seed);
  let accepted = 0;
  for (let round = 0; round < rounds; round += 1) {
    const raw = mutate(messages[round % messages.length] ?? '', random);
    const whole = decode(cut(raw, []));
    if (whole.error === '') accepted += 1;
    const offsets = Array.from({ length: 1 + random(4) }, () => random(raw.length + 1)).sort((a, b) => a - b);
    assert.deepEqual(decode(cut(raw, offsets)), whole, `seed ${seed} round ${round}: ${JSON.stringify(raw)}`);
    assert.deepEqual(
      decode(cutEverywhere(raw)),
      whole,
      `seed ${seed} round ${round}: ${JSON.stringify(raw)}`,
    );
  }
  assert.ok(accepted > 0 && accepted < rounds, `${accepted} of ${rounds} accepted`);
}

test('mutated requests give one account in any split and throw nothing but Http1Error', () => {
  compareSplits(asServer, REQUESTS, 1, 3000);
});

test('mutated responses give one account in any split and throw nothing but Http1Error', () => {
  compareSplits(asClient, RESPONSES, 2, 3000);
});
