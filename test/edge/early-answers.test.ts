/** Answers that come before the request is read to its end: the client can read them, whatever it still sends. */
import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { type RunningFront, startFront } from '../support/front.js';
import { RawHttp1Client } from '../support/raw-client.js';
import { RawHttp2Client } from '../support/raw-http2-client.js';

const WAIT_MS = 30_000;
const BODY_BYTES = 10 * 1024 ** 2;
const ANSWER = 'HTTP/1.1 413 Content Too Large\r\nContent-Length: 9\r\n';

/** An app that refuses the body after its first bytes, in the way the path says. */
function createRefuser(): Server {
  return createServer((socket) => {
    let seen = '';
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => {
      const began = seen.includes('\r\n\r\n');
      if (!began) seen += chunk.toString('latin1');
      if (began || !seen.includes('\r\n\r\n')) return;
      if (seen.includes('/keeps')) socket.write(`${ANSWER}\r\ntoo large`);
      else if (seen.includes('/stuck')) socket.pause();
      else if (seen.includes('/deaf')) {
        socket.pause();
        socket.write(`${ANSWER}\r\ntoo large`);
      } else if (seen.includes('/closes')) {
        socket.write(`${ANSWER}Connection: close\r\n\r\ntoo large`);
        // What is unread then makes the close a reset, as with many small servers.
        setTimeout(() => socket.destroy(), 50);
      } else if (seen.includes('/resets')) {
        socket.pause();
        socket.write(`${ANSWER}\r\ntoo large`);
        setImmediate(() => socket.destroy());
      } else {
        socket.end('HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok');
      }
    });
  });
}

describe('an early 413', () => {
  const app = createRefuser();
  let front: RunningFront;
  let bounded: RunningFront;

  before(async () => {
    await new Promise<void>((resolve) => app.listen(0, '127.0.0.1', resolve));
    const address = app.address();
    const upstreamPort = typeof address === 'object' && address !== null ? address.port : 0;
    front = await startFront({ upstreamPort, engine: 'direct' });
    bounded = await startFront({ upstreamPort, engine: 'direct', arguments: ['--max-body-bytes', '1m'] });
  });
  after(async () => {
    await front.stop();
    await bounded.stop();
    app.close();
  });

  const piece = 'x'.repeat(65_536);

  async function sendAll(client: RawHttp1Client, wrap: (text: string) => string): Promise<void> {
    for (let sent = 0; sent < BODY_BYTES && !client.closed; sent += piece.length) {
      await client.send(wrap(piece));
    }
  }

  for (const path of ['/keeps', '/deaf', '/closes']) {
    test(`of an app (${path}) reaches an HTTP/1.1 client that sends 10 MB, which may then ask again`, async () => {
      const client = await RawHttp1Client.open(front);
      await client.send(`POST ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${BODY_BYTES}\r\n\r\n`);
      await sendAll(client, (text) => text);
      assert.ok(await client.settle(1, WAIT_MS), 'the answer');
      assert.deepEqual([client.responses[0]?.status, client.responses[0]?.body], [413, 'too large']);
      await client.send('GET /next HTTP/1.1\r\nHost: localhost\r\n\r\n');
      assert.ok(await client.settle(2, WAIT_MS), 'the next answer');
      assert.deepEqual([client.responses[1]?.status, client.problem], [200, undefined]);
      client.socket.destroy();
    });

    test(`of an app (${path}) reaches an HTTP/2 client that sends 10 MB`, async () => {
      const client = await RawHttp2Client.open(front);
      const fields = [':method', 'POST', ':scheme', 'https', ':authority', 'localhost'];
      client.headers(1, [...fields, ':path', path], false);
      await client.body(1, 'x'.repeat(BODY_BYTES), true);
      assert.ok(await client.until(() => client.responses[0]?.complete === true, WAIT_MS), 'the answer');
      assert.deepEqual([client.responses[0]?.status, client.responses[0]?.body], [413, 'too large']);
      assert.deepEqual(
        [...client.resetCodes.values()].filter((code) => code !== 0),
        [],
      );
      client.headers(3, [':method', 'GET', ...fields.slice(2), ':path', '/next'], true);
      assert.ok(await client.until(() => client.responses[1]?.complete === true, WAIT_MS), 'the next answer');
      assert.equal(client.responses[1]?.status, 200);
      client.socket.destroy();
    });
  }

  test('of an app that resets the connection behind it is not lost when one of our writes fails first', async () => {
    const ask = async (): Promise<unknown> => {
      const client = await RawHttp1Client.open(front);
      client.socket.write('POST /resets HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3000000\r\n\r\n');
      client.socket.write(Buffer.alloc(3_000_000, 'x'));
      assert.ok(await client.settle(1, WAIT_MS), 'the answer');
      client.socket.destroy();
      return client.responses[0]?.status;
    };
    const statuses: unknown[] = [];
    for (let tries = 0; tries < 20; tries += 1) statuses.push(await ask());
    assert.deepEqual(statuses, new Array(20).fill(413));
  });

  test('of --max-body-bytes reaches an HTTP/1.1 client that sends 10 MB with a length', async () => {
    const client = await RawHttp1Client.open(bounded);
    await client.send(`POST /x HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${BODY_BYTES}\r\n\r\n`);
    await sendAll(client, (text) => text);
    assert.ok(await client.settle(1, WAIT_MS), 'the answer');
    assert.equal(client.responses[0]?.status, 413);
    client.socket.destroy();
  });

  test('of --max-body-bytes reaches an HTTP/1.1 client that sends 10 MB in chunks', async () => {
    const client = await RawHttp1Client.open(bounded);
    await client.send('POST /x HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n');
    await sendAll(client, (text) => `${text.length.toString(16)}\r\n${text}\r\n`);
    assert.ok(await client.settle(1, WAIT_MS), 'the answer');
    assert.ok([200, 413].includes(client.responses[0]?.status ?? 0));
    client.socket.destroy();
  });

  test('of --max-body-bytes reaches an HTTP/2 client that sends 10 MB', async () => {
    const client = await RawHttp2Client.open(bounded);
    const fields = [':method', 'POST', ':scheme', 'https', ':authority', 'localhost', ':path', '/keeps'];
    client.headers(1, [...fields, 'content-length', String(BODY_BYTES)], false);
    await client.body(1, 'x'.repeat(BODY_BYTES), true);
    assert.ok(await client.until(() => client.responses[0]?.complete === true, WAIT_MS), 'the answer');
    assert.equal(client.responses[0]?.status, 413);
    client.socket.destroy();
  });

  const FIELDS = [':method', 'POST', ':scheme', 'https', ':authority', 'localhost', ':path'];
  /** How an upload on that stream ends before its time. */
  const BROKEN: Readonly<Record<string, (client: RawHttp2Client, stream: number) => Promise<void>>> = {
    'answered early': async (client, stream) => {
      client.headers(stream, [...FIELDS, '/'], false);
      await client.body(stream, piece.repeat(2), true);
      assert.ok(await client.until(() => client.isOver(stream), WAIT_MS), 'the answer');
    },
    'reset by the client': async (client, stream) => {
      client.headers(stream, [...FIELDS, '/keeps', 'content-length', String(BODY_BYTES)], false);
      await client.body(stream, piece, false);
      client.reset(stream, 8);
    },
    'reset before it goes to the app, with much padding': async (client, stream) => {
      client.headers(stream, [...FIELDS, '/keeps'], false);
      for (let count = 0; count < 10; count += 1) client.data(stream, 'x', false, 255);
      client.reset(stream, 8);
    },
    'reset while the app takes nothing': async (client, stream) => {
      client.headers(stream, [...FIELDS, '/stuck'], false);
      for (let count = 0; count < 7; count += 1) client.data(stream, piece.slice(0, 16_000), false);
      client.reset(stream, 8);
      assert.ok(await client.until(() => client.connectionRoom >= LEAST_ROOM_BYTES, WAIT_MS), 'room');
    },
    'without the promised length': async (client, stream) => {
      client.headers(stream, [...FIELDS, '/keeps', 'content-length', '10'], false);
      await client.body(stream, piece, true);
      assert.ok(await client.until(() => client.isOver(stream), WAIT_MS), 'the refusal');
      // On its way while the refusal was.
      client.data(stream, piece.slice(0, 16_000), false);
    },
  };
  /** The window grows up to the first; of the least size that it has half may be given back later. */
  const MOST_ROOM_BYTES = 2 * 1024 ** 2;
  const LEAST_ROOM_BYTES = 128 * 1024;

  for (const [way, upload] of Object.entries(BROKEN)) {
    test(`what uploads took of the connection's window is given back, and no more (HTTP/2, ${way})`, async (t) => {
      const client = await RawHttp2Client.open(front);
      t.after(() => client.socket.destroy());
      for (let stream = 1; stream < 300; stream += 2) {
        await upload(client, stream);
        assert.ok(await client.until(() => client.connectionRoom > 0, WAIT_MS), `room after ${stream}`);
        assert.ok(client.connectionRoom <= MOST_ROOM_BYTES, `${client.connectionRoom} bytes of room`);
      }
      assert.ok(await client.until(() => client.connectionRoom >= LEAST_ROOM_BYTES, WAIT_MS), 'the window');
      assert.deepEqual([client.goaway, client.closed], [undefined, false]);
    });
  }
});
