/** Uploads of unknown length to an app that reads in fits and starts: every one arrives whole, over both protocols. */
import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import { Readable } from 'node:stream';
import { after, before, describe, test } from 'node:test';
import { type RunningFront, startFront } from '../support/front.js';
import { Client, PROTOCOLS } from '../support/https-client.js';

const UPLOADS = 60;
const AT_A_TIME = 6;
/** Around the bounds between joined and separate writes. */
const PIECES = [1, 4095, 4096, 4097, 16_384, 100, 65_536, 3, 20_000];

/** Counts the body, pausing a moment after each 200 KB. */
function createFitfulReader(): Server {
  return createServer((request, response) => {
    let bytes = 0;
    let rested = 0;
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes - rested < 200_000) return;
      rested = bytes;
      request.pause();
      setImmediate(() => request.resume());
    });
    request.on('end', () => response.end(String(bytes)));
  });
}

function pieces(turn: number): { readonly body: Readable; readonly bytes: number } {
  const sizes = Array.from({ length: 60 }, (_, index) => PIECES[(index * (turn + 1)) % PIECES.length] ?? 1);
  return {
    body: Readable.from(sizes.map((size) => Buffer.alloc(size, 'x'))),
    bytes: sizes.reduce((sum, size) => sum + size, 0),
  };
}

describe('uploads under back-pressure', () => {
  const app = createFitfulReader();
  let front: RunningFront;
  before(async () => {
    await new Promise<void>((resolve) => app.listen(0, '127.0.0.1', resolve));
    const address = app.address();
    const upstreamPort = typeof address === 'object' && address !== null ? address.port : 0;
    front = await startFront({ upstreamPort, engine: 'direct' });
  });
  after(async () => {
    await front.stop();
    app.close();
  });

  for (const protocol of PROTOCOLS) {
    test(`each of ${UPLOADS} arrives whole over ${protocol}`, async () => {
      const client = new Client({ port: front.port, ca: front.ca }, protocol);
      try {
        for (let turn = 0; turn < UPLOADS; turn += AT_A_TIME) {
          const sent = Array.from({ length: AT_A_TIME }, (_, index) => pieces(turn + index));
          const replies = await Promise.all(
            sent.map(({ body }) => client.request('/', { method: 'POST', body })),
          );
          assert.deepEqual(
            replies.map(({ text }) => Number(text)),
            sent.map(({ bytes }) => bytes),
          );
        }
      } finally {
        client.close();
      }
    });
  }
});
