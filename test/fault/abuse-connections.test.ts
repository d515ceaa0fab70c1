/** Numbers of things: connections of a router and of an address, heads, requests that wait for the app. */
import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { describe, test } from 'node:test';
import { until } from '../support/deadline.js';
import { RawHttp1Client } from '../support/raw-client.js';
import { RawHttp2Client } from '../support/raw-http2-client.js';
import { Siege } from '../support/siege.js';

const END_MS = 60_000;
const GET = [':method', 'GET', ':scheme', 'https', ':authority', 'localhost', ':path'];

async function withSiege(options: readonly string[], use: (siege: Siege) => Promise<void>): Promise<void> {
  const siege = await Siege.start(...options);
  try {
    await use(siege);
  } finally {
    await siege.stop();
  }
}

/** Opens plain connections and counts those that stay open. */
async function openMany(port: number, count: number): Promise<Socket[]> {
  const sockets = Array.from({ length: count }, () => {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.resume();
    return socket;
  });
  await until(() => sockets.every((socket) => !socket.connecting), END_MS, 'connections');
  return sockets;
}

function stillOpen(sockets: readonly Socket[]): number {
  return sockets.filter((socket) => !socket.destroyed && !socket.readableEnded).length;
}

for (const [name, option] of [
  ['connections above --max-connections', '--max-connections'],
  ['connections of one address above --max-connections-per-address', '--max-connections-per-address'],
] as const) {
  test(`${name} are closed at once, and others are served again when some end`, (t) =>
    withSiege([option, '40'], async (siege) => {
      await siege.during(t, 4, async () => {
        const sockets = await openMany(siege.edge.front.port, 300);
        await until(() => stillOpen(sockets) < 40, END_MS, 'the surplus connections closed');
        assert.ok(stillOpen(sockets) >= 35, `${stillOpen(sockets)} are open`);
        for (const socket of sockets) socket.destroy();
        const served = async (): Promise<boolean> => (await siege.edge.probe()) === undefined;
        await until(served, END_MS, 'a new client served');
      });
    }));
}

describe('heads that are too large over HTTP/1.1', () => {
  test('header bytes, header fields and the request line have bounds', (t) =>
    withSiege([], async (siege) => {
      const cases: readonly (readonly [string, number])[] = [
        [`GET / HTTP/1.1\r\nHost: localhost\r\nX: ${'y'.repeat(40_000)}\r\n\r\n`, 431],
        [`GET / HTTP/1.1\r\nHost: localhost\r\n${'X: y\r\n'.repeat(200)}\r\n`, 431],
        [`GET /${'y'.repeat(10_000)} HTTP/1.1\r\nHost: localhost\r\n\r\n`, 414],
      ];
      await siege.duringMany(t, 4, async () => {
        for (const [head, status] of cases) {
          const client = await RawHttp1Client.open(siege.edge.front);
          await client.send(head);
          assert.ok(await client.settle(1, END_MS));
          assert.equal(client.responses[0]?.status, status);
          client.socket.destroy();
        }
      });
    }));
});

test('when every upstream connection is busy, requests wait in turn and then are 503', () =>
  withSiege(
    ['--max-upstream-connections', '2', '--max-upstream-queue', '3', '--timeout-connect', '700ms'],
    async (siege) => {
      const { oracle, front } = siege.edge;
      const busy = oracle.token();
      oracle.script(busy, [{ pauseMs: 300_000 }], [{ pauseMs: 300_000 }]);
      const client = await RawHttp2Client.open(front);
      client.headers(1, [...GET, `/${busy}`], true);
      client.headers(3, [...GET, `/${busy}`], true);
      await until(() => oracle.messagesOf(busy).length === 2, END_MS, 'both at the app');
      const waiting = oracle.token();
      for (const stream of [5, 7, 9, 11]) client.headers(stream, [...GET, `/${waiting}`], true);
      assert.ok(await client.until(() => client.responses.length === 4, END_MS), 'the others wait no longer');
      assert.equal(client.responses[0]?.stream, 11, 'the one that has no place is told at once');
      assert.deepEqual(
        client.responses.map(({ status }) => status),
        [503, 503, 503, 503],
      );
      assert.equal(oracle.messagesOf(waiting).length, 0);
      client.socket.destroy();
    },
  ));

test('a queued request that follows a finished one on its connection is answered, body and all', () =>
  withSiege(['--max-upstream-connections', '1', '--stream-requests', '/'], async (siege) => {
    const { oracle, front } = siege.edge;
    const token = oracle.token();
    const post = [':method', 'POST', ...GET.slice(2), `/${token}`, 'content-length', '5'];
    const client = await RawHttp2Client.open(front);
    for (let stream = 1; stream < 40; stream += 2) {
      client.headers(stream, post, false);
      client.data(stream, 'he', false);
    }
    await until(() => oracle.messagesOf(token).length === 1, END_MS, 'the first request at the app');
    for (let stream = 1; stream < 40; stream += 2) client.data(stream, 'llo', true);
    assert.ok(await client.settle(20, END_MS), `${client.responses.length} of 20 answers`);
    assert.deepEqual(new Set(client.responses.map(({ status }) => status)), new Set([200]));
    assert.equal(oracle.messagesOf(token).length, 20);
    client.socket.destroy();
  }));

test('a request that ended while it waited for a connection never reaches the app', () =>
  withSiege(['--max-upstream-connections', '1', '--max-body-bytes', '1k'], async (siege) => {
    const { oracle, front } = siege.edge;
    const busy = oracle.token();
    oracle.script(busy, [{ pauseMs: 3000 }, { send: 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n' }]);
    const first = await RawHttp1Client.open(front);
    await first.send(`GET /${busy} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
    await until(() => oracle.messagesOf(busy).length === 1, END_MS, 'the first request at the app');
    const ended = oracle.token();
    const gone = await RawHttp1Client.open(front);
    await gone.send(`GET /${ended} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
    const large = await RawHttp1Client.open(front);
    const chunk = `600\r\n${'x'.repeat(1536)}\r\n`;
    await large.send(
      `POST /${ended} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n${chunk}`,
    );
    assert.ok(await large.settle(1, END_MS));
    assert.equal(large.responses[0]?.status, 413);
    await gone.finish(END_MS);
    assert.ok(await first.settle(1, END_MS));
    assert.equal(await siege.edge.probe(), undefined);
    assert.deepEqual(
      oracle.messagesOf(ended).map(({ raw }) => raw),
      [],
    );
    assert.deepEqual(oracle.violations, []);
    for (const client of [first, large]) client.socket.destroy();
  }));
