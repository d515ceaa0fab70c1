/** Our header blocks against node:http2 (nghttp2) on both sides of one connection, so that the tables evolve. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import * as http2 from 'node:http2';
import { test } from 'node:test';
import { STATIC_COUNT, STATIC_FIELDS } from '../../../proxy/wire/hpack/static-table.js';
import { SeededRandom } from '../../support/random.js';
import { randomFields } from './blocks.js';
import { duplexPair, HeaderPeer } from './frames.js';

const ROUNDS = 400;
const DEADLINE_MS = 20_000;

/** Streams in memory do not hold the event loop, this timer does; when it fires, something was lost. */
function startDeadline(title: string): NodeJS.Timeout {
  return setTimeout(() => {
    throw new Error(`no answer within ${DEADLINE_MS} ms: ${title}`);
  }, DEADLINE_MS);
}

/** Fields that node:http2 keeps apart and in order: no name twice, none that it knows as single-valued twice. */
function exchangeable(random: SeededRandom, most: number): string[] {
  const fields = randomFields(random, most);
  const kept: string[] = [];
  const seen = new Set<string>();
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i] ?? '';
    // nghttp2 drops nothing from these values; cookies would come back in crumbs.
    if (seen.has(name) || name === 'cookie') continue;
    seen.add(name);
    kept.push(name, fields[i + 1] ?? '');
  }
  return kept;
}

function toRecord(fields: readonly string[]): Record<string, string> {
  const record: Record<string, string> = {};
  for (let i = 0; i < fields.length; i += 2) record[fields[i] ?? ''] = fields[i + 1] ?? '';
  return record;
}

/** [name, value] pairs in name order: node sorts pseudo fields first and keeps no promise beyond. */
function sorted(fields: readonly string[]): string[] {
  const pairs: string[] = [];
  for (let i = 0; i < fields.length; i += 2) pairs.push(`${fields[i]}: ${fields[i + 1]}`);
  return pairs.sort();
}

function rawFields(raw: unknown): string[] {
  assert.ok(Array.isArray(raw));
  return raw.map(String);
}

interface Sizes {
  readonly title: string;
  /** What node:http2 announces at first: the bound of our encoder. */
  readonly theirs: number;
  /** What our encoder uses at most. */
  readonly own: number;
  /** Table sizes that both sides announce in the course of the connection. */
  readonly changes: readonly [number, ...number[]] | null;
}

const SIZES: readonly Sizes[] = [
  { title: 'the initial table size', theirs: 4096, own: 4096, changes: null },
  { title: 'no table', theirs: 0, own: 4096, changes: null },
  { title: 'a small table', theirs: 300, own: 4096, changes: null },
  { title: 'a large table', theirs: 65_536, own: 65_536, changes: null },
  { title: 'a table smaller than the peer allows', theirs: 65_536, own: 1000, changes: null },
  { title: 'table sizes that change', theirs: 4096, own: 16_384, changes: [0, 40, 300, 1000, 4096, 10_000] },
];

test('a node:http2 server reads every name of the static table from its index', async () => {
  const deadline = startDeadline('static table');
  const [clientEnd, serverEnd] = duplexPair();
  const server = http2.createServer();
  const read = new Promise<string[]>((resolve) => {
    server.on('stream', (_stream: unknown, _headers: unknown, _flags: unknown, raw: unknown) => {
      resolve(rawFields(raw));
    });
  });
  server.emit('connection', serverEnd);
  const peer = new HeaderPeer(clientEnd, 'client', 4096);
  // Not allowed in HTTP/2 (transfer-encoding), checked against others (host, content-length) or split (cookie).
  const left = new Set(['transfer-encoding', 'host', 'content-length', 'cookie']);
  const fields = [':method', 'POST', ':scheme', 'https', ':authority', 'front.test', ':path', '/index.html'];
  for (let index = 15; index <= STATIC_COUNT; index++) {
    const name = STATIC_FIELDS[index * 2] ?? '';
    if (!left.has(name)) fields.push(name, `${index}`);
  }
  assert.equal(fields.length, 8 + 2 * (47 - left.size));
  try {
    peer.sendFields(1, fields, true);
    assert.deepEqual(sorted(await read), sorted(fields));
  } finally {
    clearTimeout(deadline);
    clientEnd.destroy();
    serverEnd.destroy();
  }
});

for (const { title, theirs, own, changes } of SIZES) {
  test(`a node:http2 client and our side read each other alike with ${title}`, async () => {
    const deadline = startDeadline(title);
    const random = new SeededRandom(theirs + own);
    const [clientEnd, serverEnd] = duplexPair();
    const peer = new HeaderPeer(serverEnd, 'server', own);
    const client = http2.connect('http://front.test', {
      createConnection: () => clientEnd,
      settings: { headerTableSize: theirs },
    });
    try {
      for (let round = 0; round < ROUNDS; round++) {
        if (changes !== null && round % 10 === 9) {
          client.settings({ headerTableSize: random.of(changes) });
          peer.setTableBytes(random.of(changes));
        }
        const path = `/${round % 3 === 0 ? 'same' : round}`;
        const request = exchangeable(random, 8);
        const response = exchangeable(random, 12);
        const status = random.of(['200', '204', '302', '404', '503']);
        let read: string[] = [];
        peer.onFields = (streamId, fields) => {
          read = fields;
          peer.sendFields(streamId, [':status', status, ...response], true);
        };
        const stream = client.request({ ':path': path, ':authority': 'front.test', ...toRecord(request) });
        const closed = once(stream.resume(), 'close');
        const [, , raw] = await once(stream, 'response');
        await closed;
        const pseudo = [':method', 'GET', ':scheme', 'http', ':authority', 'front.test', ':path', path];
        assert.deepEqual(sorted(read), sorted([...pseudo, ...request]));
        assert.deepEqual(sorted(rawFields(raw)), sorted([':status', status, ...response]));
      }
    } finally {
      clearTimeout(deadline);
      client.destroy();
    }
  });
}

for (const { title, theirs, own, changes } of SIZES) {
  test(`a node:http2 server and our side read each other alike with ${title}`, async () => {
    const deadline = startDeadline(title);
    const random = new SeededRandom(theirs + own + 1);
    const [clientEnd, serverEnd] = duplexPair();
    const server = http2.createServer({ settings: { headerTableSize: theirs } });
    let response: string[] = [];
    let read: string[] = [];
    server.on(
      'stream',
      (stream: http2.ServerHttp2Stream, _headers: unknown, _flags: unknown, raw: unknown) => {
        read = rawFields(raw);
        stream.respond({ ':status': 200, ...toRecord(response) }, { endStream: true });
      },
    );
    server.emit('connection', serverEnd);
    const peer = new HeaderPeer(clientEnd, 'client', own);
    try {
      for (let round = 0; round < ROUNDS; round++) {
        if (changes !== null && round % 10 === 9) peer.setTableBytes(random.of(changes));
        const request = [
          ...[':method', random.of(['GET', 'POST', 'PUT']), ':scheme', 'https', ':authority', 'front.test'],
          ...[':path', `/${round % 3 === 0 ? 'same' : round}`],
          ...exchangeable(random, 12),
        ];
        // node:http2 adds a date of its own where none is given.
        response = exchangeable(random, 8);
        if (!response.includes('date')) response.push('date', `day ${random.below(5)}`);
        const answer = await new Promise<string[]>((resolve) => {
          peer.onFields = (_streamId, fields) => resolve(fields);
          peer.sendFields(1 + 2 * round, request, true);
        });
        assert.deepEqual(sorted(read), sorted(request));
        assert.deepEqual(sorted(answer), sorted([':status', '200', ...response]));
      }
    } finally {
      clearTimeout(deadline);
      clientEnd.destroy();
      serverEnd.destroy();
    }
  });
}
