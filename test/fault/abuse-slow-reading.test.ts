/** Clients that ask for much and take little: unread responses, windows of nothing, answers never read while requests keep coming. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { until } from '../support/deadline.js';
import { windowUpdate } from '../support/http2-frames.js';
import { RawHttp1Client } from '../support/raw-client.js';
import { RawHttp2Client } from '../support/raw-http2-client.js';
import { Siege } from '../support/siege.js';

const END_MS = 60_000;
const MIB = 1024 ** 2;
/** Of each response. */
const LARGE = 8 * MIB;

function get(path: string): string[] {
  return [':method', 'GET', ':scheme', 'https', ':authority', 'localhost', ':path', path];
}

describe('slow reading', () => {
  let siege: Siege;
  before(async () => {
    siege = await Siege.start(
      ...['--timeout-client-write', '1s', '--max-waiting-bytes', '64m'],
      // Nothing leaves the app ahead of its client, so that all is held which a client can hold.
      ...['--buffer-responses', '0'],
    );
  });
  after(() => siege.stop());

  /** A path whose response is large. */
  function large(times: number): string {
    const token = siege.edge.token();
    const head = `HTTP/1.1 200 OK\r\nContent-Length: ${LARGE}\r\n\r\n`;
    siege.edge.oracle.script(
      token,
      ...Array.from({ length: times }, () => [{ send: head }, { fill: LARGE }]),
    );
    return `/${token}`;
  }

  test('an HTTP/1.1 client that reads nothing of a response is ended in time', async (t) => {
    const path = large(20);
    await siege.during(t, 8, async () => {
      const clients: RawHttp1Client[] = [];
      for (let count = 0; count < 20; count += 1) {
        const client = await RawHttp1Client.open(siege.edge.front);
        client.socket.pause();
        await client.send(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
        clients.push(client);
      }
      await released();
      for (const client of clients) client.socket.destroy();
    });
  });

  test('answers to pipelined requests that nobody reads do not gather', async (t) => {
    const request = `GET /${'p'.repeat(2000)} HTTP/1.1\r\nHost: localhost\r\n\r\n`;
    await siege.during(t, 8, async () => {
      const client = await RawHttp1Client.open(siege.edge.front);
      client.socket.pause();
      const had = siege.edge.oracle.messages.length;
      // 2 KiB in, 2 KiB out, again and again until the front takes no more and ends it.
      const piece = request.repeat(100);
      let sentBytes = 0;
      while (!client.socket.destroyed && sentBytes < 200 * MIB) {
        sentBytes += piece.length;
        if (client.socket.write(piece)) continue;
        await until(() => client.socket.destroyed || !client.socket.writableNeedDrain, END_MS, 'the end');
      }
      assert.ok(client.socket.destroyed, 'ended by the front');
      t.diagnostic(`${siege.edge.oracle.messages.length - had} requests of it were served`);
      client.socket.destroy();
    });
  });

  test('streams whose window stays shut are reset in time, and the connection serves on', async (t) => {
    const path = large(100);
    await siege.during(t, 16, async () => {
      const client = await RawHttp2Client.open(siege.edge.front, [[4, 0]]);
      for (let count = 0; count < 100; count += 1) client.headers(count * 2 + 1, get(path), true);
      assert.ok(await client.until(() => client.resets === 100, END_MS), `${client.resets} resets`);
      assert.deepEqual(new Set(client.resetCodes.values()), new Set([8]));
      client.headers(201, get('/after'), true);
      client.write(windowUpdate(201, 1000));
      assert.ok(await client.until(() => client.responses.at(-1)?.complete === true, END_MS));
      assert.equal(client.responses.at(-1)?.status, 200);
      client.socket.destroy();
    });
  });

  test('a window that opens by one octet at a time is no progress', async (t) => {
    const path = large(1);
    await siege.during(t, 4, async () => {
      const client = await RawHttp2Client.open(siege.edge.front, [[4, 0]]);
      client.headers(1, get(path), true);
      const drip = setInterval(() => client.write(windowUpdate(1, 1)), 50);
      try {
        assert.ok(await client.until(() => client.resets === 1, END_MS), 'a reset');
      } finally {
        clearInterval(drip);
      }
      client.socket.destroy();
    });
  });

  test('connections that ask for 128 large responses each and read nothing stay below --max-waiting-bytes', async (t) => {
    const path = large(128 * 4);
    await siege.during(t, 64, async () => {
      const clients: RawHttp2Client[] = [];
      for (let connection = 0; connection < 4; connection += 1) {
        const client = await RawHttp2Client.open(siege.edge.front);
        client.socket.pause();
        for (let count = 0; count < 128; count += 1) client.headers(count * 2 + 1, get(path), true);
        clients.push(client);
      }
      await released();
      for (const client of clients) client.socket.destroy();
    });
  });

  /** Waits until the attackers' upstream connections are let go. */
  async function released(): Promise<void> {
    const { oracle } = siege.edge;
    const mine = new Set(
      oracle.messages.filter(({ target }) => target.startsWith('/tk')).map((m) => m.connection),
    );
    await until(() => [...mine].every((number) => oracle.isClosed(number)), END_MS, 'connections let go');
  }
});

test('answers that leave the app for clients that read nothing lie in files beyond the budget of memory', async (t) => {
  const siege = await Siege.start('--max-buffer-memory', '8m', '--timeout-client-write', '10m');
  try {
    const { oracle, front, token } = { ...siege.edge, token: siege.edge.token() };
    // The front closes each connection once it has the whole answer.
    const head = `HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: ${MIB}\r\n\r\n`;
    oracle.script(token, ...Array.from({ length: 60 }, () => [{ send: head }, { fill: MIB }]));
    // 60 MiB are more than memory may take; the other client must be served all the while. What is on its way comes on top.
    await siege.during(t, 48, async () => {
      const beforeMib = await siege.heldMib();
      const client = await RawHttp2Client.open(front, [[4, 0]]);
      for (let stream = 1; stream < 120; stream += 2) client.headers(stream, get(`/${token}`), true);
      await until(() => oracle.messagesOf(token).length === 60, END_MS, 'all of them at the app');
      const isTaken = (): boolean =>
        oracle.messagesOf(token).every(({ connection }) => oracle.isClosed(connection));
      await until(isTaken, END_MS, 'all answers taken from the app');
      const heldMib = (await siege.heldMib()) - beforeMib;
      assert.ok(heldMib <= 30, `${heldMib.toFixed(1)} MiB of 60 are held in memory`);
      client.socket.destroy();
    });
  } finally {
    await siege.stop();
  }
});
