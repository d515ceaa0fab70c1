/** Bodies larger than memory should ever hold, readers and apps that are slow, events that must not wait. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { after, test } from 'node:test';
import { appBehind } from '../support/app-behind.js';
import { atRest, until, within } from '../support/deadline.js';
import { HeldMemory, HeldWatch } from '../support/held-memory.js';
import { Client } from '../support/https-client.js';
import { PATIENCE_MS, type StartedFront } from '../support/started-front.js';

const MIB = 2 ** 20;
/** The whole of it passes; large-bodies.long.test.ts has a gigabyte. */
const LARGE = 32 * MIB;
/** Begun, and never taken whole. */
const ENDLESS = 2 ** 40;
/** What a router may hold more than before, of any body: a third of the large one. */
const MAX_HELD_MIB = 10;
/** More than the buffers of sockets take on this and other machines, less than what is sent if nobody stops it. */
const MAX_TAKEN = 48 * MIB;
const BLOCK = Buffer.alloc(65_536, 'b');

const memory = new HeldMemory();
after(() => memory.remove());

/** What this app has sent of the answer that has no end. */
const seen = { sent: 0, isEnded: false };
const listeners = new Set<ServerResponse>();
/** Requests whose bodies it does not read. */
const unread: IncomingMessage[] = [];

/** Sends as many bytes as its path says, counts those of a request, or does not read them. */
function serve(request: IncomingMessage, response: ServerResponse): void {
  if (request.url === '/deaf') {
    request.pause();
    unread.push(request);
  } else if (request.url === '/events') {
    listeners.add(response);
    response.writeHead(200, { 'Content-Type': 'text/event-stream' });
    response.write('data: first\n\n');
  } else if (request.url === '/next') {
    for (const stream of listeners) stream.write('data: next\n\n');
    response.end();
  } else if (request.method === 'GET') send(response, Number(request.url?.slice(1)));
  else {
    let count = 0;
    request.on('data', (chunk: Buffer) => {
      count += chunk.length;
    });
    request.on('end', () => response.end(String(count)));
  }
}

function send(response: ServerResponse, size: number): void {
  response.setHeader('Content-Length', size);
  if (size > LARGE) {
    seen.sent = 0;
    seen.isEnded = false;
    response.once('close', () => {
      seen.isEnded = true;
    });
  }
  let left = size;
  const body = new Readable({
    highWaterMark: 262_144,
    read() {
      this.push(left > 0 ? BLOCK.subarray(0, left) : null);
      left -= BLOCK.length;
      if (size > LARGE) seen.sent += BLOCK.length;
    },
  });
  response.once('close', () => body.destroy());
  body.pipe(response);
}

/** Fails when the router of this front ever holds much more than before. */
async function boundedly(front: StartedFront, work: () => Promise<void>): Promise<void> {
  const watch = await HeldWatch.begin(() => memory.mib(front.pid('http')));
  try {
    await work();
  } finally {
    watch.stop();
  }
  const mostMib = await watch.mostMib();
  assert.ok(mostMib <= MAX_HELD_MIB, `the router held ${mostMib.toFixed(1)} MiB more`);
}

/** A request beside the one that is looked at, on a connection of its own. */
async function beside(
  front: StartedFront,
  use: (turn: () => Promise<unknown>) => Promise<void>,
): Promise<void> {
  const other = new Client({ port: front.port(), ca: front.ca }, 'http/1.1');
  await use(() => other.request('/1')).finally(() => other.close());
}

appBehind('bodies', { app: createServer(serve), nodeArguments: memory.nodeArguments }, (running) => {
  test(`${LARGE / MIB} MiB down in constant memory`, async () => {
    const { client, front } = running();
    await boundedly(front, async () => {
      const { stream } = await client.open(`/${LARGE}`);
      let bytes = 0;
      for await (const chunk of stream) bytes += chunk.length;
      assert.equal(bytes, LARGE);
    });
  });

  test(`${LARGE / MIB} MiB up in constant memory`, async () => {
    const { client, front } = running();
    const body = Readable.from(Array.from({ length: LARGE / BLOCK.length }, () => BLOCK));
    await boundedly(front, async () => {
      assert.equal((await client.request('/', { method: 'PUT', body })).text, String(LARGE));
    });
  });

  test('a client that does not read stops the app instead of filling the memory, and one that leaves ends it', async () => {
    const { client, front } = running();
    await boundedly(front, async () => {
      const { stream } = await client.open(`/${ENDLESS}`);
      await once(stream, 'readable');
      await beside(front, (turn) => atRest(() => seen.sent, turn, PATIENCE_MS, 'the app being stopped'));
      assert.ok(seen.sent < MAX_TAKEN, `${seen.sent / MIB} MiB were taken of the app`);
      assert.equal(seen.isEnded, false);
      stream.destroy();
      await until(() => seen.isEnded, PATIENCE_MS, 'the end of the answer at the app');
    });
    assert.equal((await client.request('/2')).status, 200);
    assert.equal(front.child.exitCode, null);
  });

  test('an app that does not read stops the upload instead of filling the memory', async () => {
    const { front } = running();
    // Of its own: the upload has no end.
    const client = new Client({ port: front.port(), ca: front.ca }, running().client.protocol);
    let taken = 0;
    const endless = new Readable({
      highWaterMark: BLOCK.length,
      read() {
        taken += BLOCK.length;
        this.push(BLOCK);
      },
    });
    await boundedly(front, async () => {
      client.open('/deaf', { method: 'POST', body: endless }).catch(() => undefined);
      await until(() => unread.length > 0, PATIENCE_MS, 'the request at the app');
      await beside(front, (turn) => atRest(() => taken, turn, PATIENCE_MS, 'the upload being stopped'));
      assert.ok(taken < MAX_TAKEN, `${taken / MIB} MiB were taken of the client`);
    });
    endless.destroy();
    client.close();
    // Nobody reads on either side: the front would learn of the client's leaving by a time limit only.
    for (const request of unread.splice(0)) request.destroy();
  });

  test('events reach the client one by one, none waiting for another', async () => {
    const { client } = running();
    const { stream, headers } = await client.open('/events');
    assert.equal(headers['content-type'], 'text/event-stream');
    const events = stream.setEncoding('utf8')[Symbol.asyncIterator]();
    for (const expected of ['first', 'next', 'next']) {
      const { value } = await within(events.next(), PATIENCE_MS, `the event '${expected}'`);
      assert.equal(value, `data: ${expected}\n\n`);
      // The app sends another one only now.
      await client.request('/next');
    }
    stream.destroy();
    listeners.clear();
  });
});
