/** A client that leaves takes its request with it: whatever the moment, nothing of it is left at the app. */
import assert from 'node:assert/strict';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { appBehind } from '../support/app-behind.js';
import { until, within } from '../support/deadline.js';
import { Client, type ClientRequest } from '../support/https-client.js';
import { PATIENCE_MS } from '../support/started-front.js';

/** A request at the app, by its path. */
interface Seen {
  /** Settles when its connection is closed. */
  readonly gone: Promise<unknown>;
  bytes: number;
}

const seen = new Map<string, Seen>();
const BLOCK = Buffer.alloc(100_000, 'x');

/** `/waiting…` is never answered, `/half…` gets a head and a part, `/endless…` as much as is taken. */
function app(request: IncomingMessage, response: ServerResponse): void {
  const path = request.url ?? '';
  const one: Seen = { gone: new Promise((resolve) => request.socket.once('close', resolve)), bytes: 0 };
  seen.set(path, one);
  request.on('data', (piece: Buffer) => {
    one.bytes += piece.length;
  });
  request.on('error', () => undefined);
  if (path.startsWith('/half')) response.write('half');
  if (path.startsWith('/endless')) {
    response.writeHead(200, { 'Content-Type': 'text/plain' });
    const more = (): void => {
      while (!response.destroyed && response.write(BLOCK));
    };
    response.on('drain', more);
    more();
  }
}

/** More than a request must bring before it is sent to the app. */
const HALF_BYTES = 100_000;

/** Sends them, and neither more nor an end. */
const halfBody = (): Readable => {
  const body = new Readable({ read: () => undefined });
  body.push(Buffer.alloc(HALF_BYTES));
  return body;
};

const MOMENTS: readonly (readonly [moment: string, path: string, request?: () => ClientRequest])[] = [
  ['waits for the answer', '/waiting'],
  ['has sent half of its body', '/waiting-body', () => ({ method: 'POST', body: halfBody() })],
  ['has half of the answer', '/half'],
  ['does not take an endless answer', '/endless'],
];

let count = 0;

appBehind('a client that leaves', { app }, (running, protocol) => {
  for (const [moment, path, request = () => ({})] of MOMENTS) {
    test(`while it ${moment}`, async () => {
      const { front } = running();
      const client = new Client({ port: front.port(), ca: front.ca }, protocol);
      count += 1;
      const mine = `${path}-${count}`;
      const head = client.open(mine, request());
      const outcome = head.then(
        ({ stream }) => void stream.on('error', () => undefined),
        () => undefined,
      );
      const one = await until(() => seen.get(mine), PATIENCE_MS, 'the request at the app');
      if (path === '/waiting-body') await until(() => one.bytes === HALF_BYTES, PATIENCE_MS, 'the half body');
      if (path === '/half' || path === '/endless') await outcome;
      client.close();
      await within(one.gone, PATIENCE_MS, 'the end of its connection at the app');
    });
  }

  if (protocol === 'h2') {
    test('by a reset of one stream, of which the others know nothing', async () => {
      const { client } = running();
      count += 1;
      const [left, kept] = [`/half-left-${count}`, `/half-kept-${count}`];
      const leaving = await client.open(left);
      const staying = await client.open(kept);
      staying.stream.on('error', () => undefined);
      leaving.stream.on('error', () => undefined).destroy();
      await within(seen.get(left)?.gone ?? assert.fail(), PATIENCE_MS, 'the end at the app');
      assert.equal(staying.stream.destroyed, false);
      const gone = await Promise.race([seen.get(kept)?.gone.then(() => 'gone'), Promise.resolve('there')]);
      assert.equal(gone, 'there');
    });
  }
});
