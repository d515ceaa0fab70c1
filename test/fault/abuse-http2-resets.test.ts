/** Streams begun and ended by the hundred: rapid reset (CVE-2023-44487) and resets that the front is made to send (CVE-2025-8671). */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { headers, rstStream, windowUpdate } from '../support/http2-frames.js';
import { FRAME, frame, RawHttp2Client } from '../support/raw-http2-client.js';
import { Siege } from '../support/siege.js';

const ENHANCE_YOUR_CALM = 11;
const END_MS = 60_000;
const STREAMS = 5000;

function get(token: string): string[] {
  return [':method', 'GET', ':scheme', 'https', ':authority', 'localhost', ':path', `/${token}`];
}

function post(token: string): string[] {
  return [':method', 'POST', ...get(token).slice(2), 'content-length', '10'];
}

/** What the attacker sends for one stream. */
type Stream = (id: number, token: string) => Buffer;

const PROVOCATIONS: Readonly<Record<string, Stream>> = {
  'a WINDOW_UPDATE of 0': (id, token) =>
    Buffer.concat([headers(id, post(token), false), windowUpdate(id, 0)]),
  'a window that overflows': (id, token) =>
    Buffer.concat([headers(id, post(token), false), windowUpdate(id, 0x7fff_ffff)]),
  'DATA beyond content-length': (id, token) =>
    Buffer.concat([headers(id, post(token), false), frame(FRAME.data, 0, id, Buffer.alloc(11))]),
  'DATA after the end': (id, token) =>
    Buffer.concat([headers(id, get(token), true), frame(FRAME.data, 0, id, Buffer.alloc(1))]),
  'HEADERS after the end': (id, token) =>
    Buffer.concat([headers(id, get(token), true), headers(id, ['x', 'y'], true)]),
  'a PRIORITY on itself': (id, token) => {
    const dependency = Buffer.alloc(5);
    dependency.writeUInt32BE(id, 0);
    return Buffer.concat([headers(id, post(token), false), frame(FRAME.priority, 0, id, dependency)]);
  },
  'a malformed request': (id, token) => headers(id, [...get(token), 'connection', 'close'], true),
};

describe('stream resets', () => {
  let siege: Siege;
  before(async () => {
    siege = await Siege.start();
  });
  after(() => siege.stop());

  /** Sends the streams in pieces of 100 until the front ends the connection. */
  async function attack(stream: Stream, token: string): Promise<RawHttp2Client> {
    const client = await RawHttp2Client.open(siege.edge.front);
    for (let first = 0; first < STREAMS && client.goaway === undefined && !client.closed; first += 100) {
      const pieces: Buffer[] = [];
      for (let count = first; count < first + 100; count += 1) pieces.push(stream(count * 2 + 1, token));
      client.write(Buffer.concat(pieces));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await client.until(() => client.goaway !== undefined || client.closed, END_MS);
    client.socket.destroy();
    return client;
  }

  test('rapid reset ends the connection, and hardly a request reaches the app', async (t) => {
    const token = siege.edge.token();
    await siege.during(t, 4, async () => {
      const stream: Stream = (id, word) => Buffer.concat([headers(id, get(word)), rstStream(id, 8)]);
      for (let connection = 0; connection < 5; connection += 1) {
        assert.equal((await attack(stream, token)).goaway, ENHANCE_YOUR_CALM);
      }
    });
    const reached = siege.edge.oracle.messagesOf(token).length;
    t.diagnostic(`${reached} of ${5 * STREAMS} requests reached the app`);
    assert.ok(reached <= 5, `${reached} requests reached the app`);
  });

  for (const [name, stream] of Object.entries(PROVOCATIONS)) {
    test(`resets provoked by ${name} end the connection`, async (t) => {
      const token = siege.edge.token();
      await siege.duringMany(t, 4, async () => {
        const client = await attack(stream, token);
        assert.ok(client.goaway !== undefined, 'GOAWAY');
        assert.notEqual(client.goaway, 0);
      });
      const reached = siege.edge.oracle.messagesOf(token).length;
      t.diagnostic(`${reached} of ${STREAMS} requests reached the app`);
      assert.ok(reached <= 20, `${reached} requests reached the app`);
    });
  }
});
