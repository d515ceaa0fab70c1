/** Four clients at once take and send large bodies of their own slowly: each byte is looked at, by owner and offset. */
import assert from 'node:assert/strict';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable, type Transform } from 'node:stream';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import * as zlib from 'node:zlib';
import { appBehind } from '../support/app-behind.js';
import { within } from '../support/deadline.js';
import { Client } from '../support/https-client.js';
import { MarkedReader, markedBytes } from '../support/marked-bytes.js';

const SEEDS = [1, 2, 3, 4];
/** More than the sockets' buffers hold between app and client. */
const SIZE = 3 << 20;
const PIECE = 40_000;
const TRANSFER_MS = 90_000;

/** `GET /SEED` gives the bytes of that seed, `POST /SEED` says how many came and which was the first wrong one. */
async function app(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const seed = Number(request.url?.slice(1));
  if (request.method === 'POST') {
    const reader = new MarkedReader(seed);
    let pieces = 0;
    for await (const piece of request) {
      reader.read(piece);
      pieces += 1;
      if (pieces % 16 === 0) await pause(1);
    }
    response.end(`${reader.length} ${reader.firstWrong}`);
    return;
  }
  response.writeHead(200, { 'Content-Type': 'text/plain' });
  Readable.from(marked(seed)).pipe(response);
}

function* marked(seed: number): Generator<Buffer> {
  for (let offset = 0; offset < SIZE; offset += PIECE) {
    yield markedBytes(seed, offset, Math.min(PIECE, SIZE - offset));
  }
}

const DECODERS: Readonly<Record<string, () => Transform>> = {
  gzip: () => zlib.createGunzip(),
  br: () => zlib.createBrotliDecompress(),
};

/** Takes the answer in small steps, after a time in which every buffer on its way fills. */
async function takeSlowly(client: Client, seed: number, coding: string): Promise<void> {
  const { stream, headers } = await client.open(`/${seed}`, { headers: { 'accept-encoding': coding } });
  assert.equal(headers['content-encoding'] ?? 'identity', coding);
  await pause(150);
  const reader = new MarkedReader(seed);
  const decoded = coding === 'identity' ? stream : stream.pipe(DECODERS[coding]?.() ?? assert.fail(coding));
  let pieces = 0;
  for await (const piece of decoded) {
    reader.read(piece);
    pieces += 1;
    if (pieces % 16 === 0) await pause(1);
  }
  assert.deepEqual([reader.length, reader.firstWrong], [SIZE, -1], `client ${seed}`);
}

type Register = Parameters<typeof appBehind>[2];

/** The tests of the codings that the front is asked for. */
const register =
  (codings: readonly string[]): Register =>
  (running, protocol) => {
    /** Connections of their own, and over HTTP/2 also streams of one. */
    const clients = (apart: boolean): Client[] => {
      const { front, client } = running();
      return SEEDS.map(() => (apart ? new Client({ port: front.port(), ca: front.ca }, protocol) : client));
    };
    const everyone = async (apart: boolean, visit: (client: Client, seed: number) => Promise<void>) => {
      const all = clients(apart);
      try {
        const visits = SEEDS.map((seed, index) => visit(all[index] ?? assert.fail(), seed));
        await within(Promise.all(visits), TRANSFER_MS, 'four transfers');
      } finally {
        if (apart) for (const client of all) client.close();
      }
    };

    for (const coding of codings) {
      for (const apart of protocol === 'h2' ? [true, false] : [true]) {
        const where = apart ? 'a connection each' : 'one connection';
        test(`each gets its own answer, byte for byte (${coding}, ${where})`, () =>
          everyone(apart, (client, seed) => takeSlowly(client, seed, coding)));
      }
    }

    test("the app gets each one's own upload, byte for byte", () =>
      everyone(true, async (client, seed) => {
        const { text } = await client.request(`/${seed}`, {
          method: 'POST',
          body: Readable.from(marked(seed)),
        });
        assert.equal(text, `${SIZE} -1`, `client ${seed}`);
      }));
  };

appBehind('large bodies of four clients', { app }, register(['identity']));
// The library engine cannot compress.
appBehind(
  'large compressed bodies of four clients',
  { app, arguments: ['--compress'], engines: ['direct'] },
  register(['gzip', 'br']),
);
