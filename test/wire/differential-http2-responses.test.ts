/** What our HTTP/2 codec answers, a client of node:http2 (nghttp2) must read as it was said, with header tables that evolve. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type ClientHttp2Session, connect } from 'node:http2';
import { test } from 'node:test';
import type { Http2ServerConnection } from '../../proxy/wire/http2/connection.js';
import { within } from '../support/deadline.js';
import { startPlainServer } from '../support/http2-plain-server.js';
import { SeededRandom } from '../support/random.js';
import { same } from './fuzz/target.js';
import { randomFields } from './hpack/blocks.js';

const SEED = 7_541;
const RESPONSES = 2_000;
/** Requests under way at a time. */
const TOGETHER = 25;
const TABLE_BYTES: readonly [number, ...number[]] = [4096, 0, 100, 65_536, 4096, 1000];
const DEADLINE_MS = 30_000;

interface Answer {
  informational: string[];
  status: number;
  fields: string[];
  body: Buffer;
  trailers: string[];
}

/** The answer that belongs to a number, for both sides. */
function answerOf(number: number): Answer {
  const random = SeededRandom.ofCase(SEED, number);
  const status = random.of([200, 200, 201, 204, 206, 304, 404, 500]);
  const isBare = status === 204 || status === 304;
  const length = random.oneIn(20) ? random.below(90_000) : random.below(2_000);
  return {
    informational: random.oneIn(8) ? randomFields(random, 3) : [],
    status,
    fields: randomFields(random, 12),
    body: isBare || random.oneIn(6) ? Buffer.alloc(0) : random.bytes(length),
    trailers: isBare || !random.oneIn(5) ? [] : ['x-sum', String(number), ...randomFields(random, 3)],
  };
}

/** Sends it in as many pieces as its number says. */
function send(connection: Http2ServerConnection, streamId: number): void {
  const number = Number(connection.head.path.slice(1));
  const { informational, status, fields, body, trailers } = answerOf(number);
  if (informational.length > 0) connection.sendInformational(streamId, 103, informational);
  const isBare = body.length === 0 && trailers.length === 0;
  connection.sendHeaders(streamId, status, fields, isBare);
  const pieceBytes = 1 + Math.ceil(body.length / (1 + (number % 4)));
  for (let at = 0; at < body.length; at += pieceBytes) {
    const end = Math.min(body.length, at + pieceBytes);
    connection.sendData(streamId, body, at, end, end === body.length && trailers.length === 0);
  }
  if (trailers.length > 0) connection.sendTrailers(streamId, trailers);
}

/** The list after `:status`, and the status. */
function headOf(raw: readonly string[]): [string, string[]] {
  same(raw[0], ':status', 'first field');
  return [raw[1] ?? '', raw.slice(2)];
}

async function ask(session: ClientHttp2Session, number: number): Promise<void> {
  const expected = answerOf(number);
  const stream = session.request({ ':path': `/${number}` });
  const pieces: Buffer[] = [];
  let head: [string, string[]] = ['', []];
  let informational: string[] = [];
  let trailers: string[] = [];
  stream.on('headers', (_headers: unknown, _flags: number, raw: string[]) => {
    informational = headOf(raw)[1];
  });
  stream.on('response', (_headers: unknown, _flags: number, raw: string[]) => {
    head = headOf(raw);
  });
  stream.on('trailers', (_headers: unknown, _flags: number, raw: string[]) => {
    trailers = raw;
  });
  stream.on('data', (chunk: Buffer) => pieces.push(chunk));
  await within(once(stream, 'close'), DEADLINE_MS, `answer ${number}`);
  same(stream.rstCode, 0, `end of answer ${number}`);
  same(informational, expected.informational, `interim answer ${number}`);
  same(head, [String(expected.status), expected.fields], `head of answer ${number}`);
  assert.ok(Buffer.concat(pieces).equals(expected.body), `content of answer ${number}`);
  same(trailers, expected.trailers, `trailers of answer ${number}`);
}

test('nghttp2 reads every answer as it was said, on one connection whose table is resized on the way', async (t) => {
  const server = await startPlainServer({ request: send });
  t.after(() => server.close());
  const session = connect(`http://127.0.0.1:${server.port}`, { maxHeaderListPairs: 1_000 });
  t.after(() => session.destroy());
  for (let number = 0; number < RESPONSES; number += TOGETHER) {
    const batch = Array.from({ length: TOGETHER }, (_, offset) => ask(session, number + offset));
    if (number % (TOGETHER * 8) === 0) {
      const headerTableSize = TABLE_BYTES[(number / TOGETHER / 8) % TABLE_BYTES.length] ?? 4096;
      session.settings({ headerTableSize });
    }
    await Promise.all(batch);
  }
  session.close();
  t.diagnostic(`${RESPONSES} answers read`);
});
