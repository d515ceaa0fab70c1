/** Clients that send little and late: half handshakes, half heads, half bodies, nothing at all (Slowloris and its kin). */
import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { within } from '../support/deadline.js';
import { literalBlock } from '../support/http2-frames.js';
import { openSocket, RawHttp1Client } from '../support/raw-client.js';
import { FRAME, frame, RawHttp2Client } from '../support/raw-http2-client.js';
import { Siege } from '../support/siege.js';

const END_MS = 60_000;
const CLIENTS = 12;
const GET = [':method', 'GET', ':scheme', 'https', ':authority', 'localhost', ':path', '/slow'];

// At once, for all they do is wait.
describe('slow sending', { concurrency: true }, () => {
  let siege: Siege;
  before(async () => {
    siege = await Siege.start(
      // Long enough for a client of a busy machine to get as far as its test wants.
      ...['--timeout-handshake', '3s', '--timeout-client-head', '3s'],
      ...['--timeout-client-body', '2s', '--timeout-keepalive', '3s'],
      // The app is to see a request before its body is whole.
      ...['--stream-requests', '/'],
    );
  });
  after(() => siege.stop());

  /** Opens many at once and returns what each found. */
  function many<Value>(one: () => Promise<Value>): Promise<Value[]> {
    return Promise.all(Array.from({ length: CLIENTS }, one));
  }

  test('a handshake that is not begun, or only in part, ends in time', async (t) => {
    await siege.during(t, 4, async () => {
      await many(async () => {
        const silent = plain(siege.edge.front.port);
        const partial = plain(siege.edge.front.port);
        // A TLS record header that promises a ClientHello of 512 octets, and then an octet at a time.
        partial.write(Buffer.from([22, 3, 1, 2, 0, 1, 0, 1, 252]));
        const drip = setInterval(() => partial.write(Buffer.from([3])), 200);
        await Promise.all([gone(silent, 'the silent one'), gone(partial, 'the dripping one')]).finally(() =>
          clearInterval(drip),
        );
      });
    });
  });

  test('a connection that never sends a request is closed without an answer', async (t) => {
    await siege.during(t, 4, async () => {
      await many(async () => {
        const client = await RawHttp1Client.open(siege.edge.front);
        assert.ok(await client.until(() => client.closed || client.socket.readableEnded, END_MS));
        assert.equal(client.received, '');
        client.socket.destroy();
      });
    });
  });

  test('a head that comes a byte at a time is 408', async (t) => {
    await siege.during(t, 4, async () => {
      await many(async () => {
        const client = await RawHttp1Client.open(siege.edge.front);
        client.socket.write('GET /slow HTTP/1.1\r\nHost: localhost\r\nX-Slow: ');
        const drip = setInterval(() => client.socket.write('x'), 100);
        try {
          assert.ok(await client.settle(1, END_MS));
        } finally {
          clearInterval(drip);
        }
        assert.equal(client.responses[0]?.status, 408);
        client.socket.destroy();
      });
    });
  });

  test('a body that stops is 408, and the app loses the request', async (t) => {
    const token = siege.edge.token();
    await siege.during(t, 4, async () => {
      await many(async () => {
        const client = await RawHttp1Client.open(siege.edge.front);
        await client.send(`POST /${token} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nhalf`);
        assert.ok(await client.settle(1, END_MS));
        assert.equal(client.responses[0]?.status, 408);
        client.socket.destroy();
      });
    });
    const messages = siege.edge.oracle.messagesOf(token);
    assert.equal(messages.length, CLIENTS);
    assert.ok(
      messages.every(({ complete }) => !complete),
      'no message was completed',
    );
  });

  test('HTTP/2: a body that stops is 408 on its stream', async (t) => {
    await siege.during(t, 4, async () => {
      const client = await RawHttp2Client.open(siege.edge.front);
      for (let count = 0; count < CLIENTS; count += 1) {
        client.headers(count * 2 + 1, [':method', 'POST', ...GET.slice(2)], false);
        client.data(count * 2 + 1, 'half', false);
      }
      assert.ok(await client.until(() => client.responses.length === CLIENTS, END_MS));
      assert.deepEqual(new Set(client.responses.map(({ status }) => status)), new Set([408]));
      assert.equal(client.goaway, undefined);
      client.socket.destroy();
    });
  });

  test('HTTP/2: an idle connection hears GOAWAY and is closed', async (t) => {
    await siege.during(t, 4, async () => {
      await many(async () => {
        const client = await RawHttp2Client.open(siege.edge.front);
        assert.ok(await client.until(() => client.goaway === 0, END_MS), 'GOAWAY');
        await client.finish(END_MS);
        assert.ok(client.closed);
      });
    });
  });

  test('HTTP/2: a connection that sends nothing, or never acknowledges SETTINGS, ends', async (t) => {
    await siege.during(t, 4, async () => {
      await many(async () => {
        const socket = await openSocket(siege.edge.front, 'h2');
        socket.resume();
        await gone(socket, 'a silent HTTP/2 client', END_MS);
      });
    });
  });

  test('HTTP/2: half a field block ends the connection', async (t) => {
    await siege.during(t, 4, async () => {
      await many(async () => {
        const client = await RawHttp2Client.open(siege.edge.front);
        client.headers(1, GET, true);
        assert.ok(await client.settle(1, END_MS));
        client.write(frame(FRAME.headers, 1, 3, literalBlock(GET)));
        const isOver = (): boolean => client.goaway !== undefined || client.closed;
        assert.ok(await client.until(isOver, END_MS), 'the end of the connection');
        client.socket.destroy();
      });
    });
  });
});

function plain(port: number): Socket {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  socket.resume();
  return socket;
}

async function gone(socket: Socket, who: string, ms = END_MS): Promise<void> {
  socket.on('error', () => undefined);
  await within(new Promise((resolve) => socket.once('close', resolve)), ms, `the end of ${who}`);
}
