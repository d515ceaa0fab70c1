/** Clients that together hold more than --max-waiting-bytes and take nothing: who holds too much is ended, and nobody else. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { until } from '../support/deadline.js';
import { RawHttp1Client } from '../support/raw-client.js';
import { FRAME, frame, RawHttp2Client } from '../support/raw-http2-client.js';
import { Siege } from '../support/siege.js';

const END_MS = 60_000;
const MIB = 1024 ** 2;
/** None is taken whole by the buffers of the operating system. */
const ANSWER_BYTES = 16 * MIB;
const STREAMS = 20;
/** Longer than a client may take nothing while too much waits, and than it takes to see that. */
const STALLED_MS = 2000;

test('of clients that take nothing the one that holds too much is ended, and the others are served to the end', async (t) => {
  // The time limit for slow clients plays no part.
  const siege = await Siege.start(
    ...['--max-waiting-bytes', '1536k', '--timeout-client-write', '5m', '--max-buffer-memory', '2m'],
  );
  t.after(() => siege.stop());
  const { oracle, front } = siege.edge;

  /** A path of large answers. */
  function large(times: number, bytes: number): string {
    const token = oracle.token();
    const head = `HTTP/1.1 200 OK\r\nContent-Length: ${bytes}\r\n\r\n`;
    oracle.script(token, ...Array.from({ length: times }, () => [{ send: head }, { fill: bytes }]));
    return token;
  }

  /** A client over HTTP/2 that asks for so many answers and reads none. */
  async function greedy(streams: number): Promise<{ client: RawHttp2Client; token: string }> {
    const token = large(streams, ANSWER_BYTES);
    const client = await RawHttp2Client.open(front);
    client.socket.pause();
    // Unread, but acknowledged: the time limit for that plays no part either.
    client.write(frame(FRAME.settings, 1, 0, Buffer.alloc(0)));
    const get = [':method', 'GET', ':scheme', 'https', ':authority', 'localhost', ':path', `/${token}`];
    for (let count = 0; count < streams; count += 1) client.headers(count * 2 + 1, get, true);
    return { client, token };
  }

  const isLetGo = (token: string): boolean =>
    oracle.messagesOf(token).every(({ connection }) => oracle.isClosed(connection));

  // The router reads no more of an answer that waits than one read brings: 20 of 256 KiB, and 2 MiB in buffers.
  await siege.during(t, 12, async () => {
    const greediest = await greedy(STREAMS);
    // Each holds what one read of its answer brings: 256 KiB.
    const token = large(3, ANSWER_BYTES);
    const modest: RawHttp1Client[] = [];
    for (let count = 0; count < 3; count += 1) {
      const client = await RawHttp1Client.open(front);
      client.socket.pause();
      await client.send(`GET /${token} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
      modest.push(client);
    }
    await until(
      () => oracle.messagesOf(greediest.token).length === STREAMS,
      END_MS,
      'all requests at the app',
    );
    await until(() => isLetGo(greediest.token), END_MS, 'the greediest ended');
    await pause(STALLED_MS);
    greediest.client.socket.resume();
    assert.ok(await greediest.client.until(() => greediest.client.closed, END_MS), 'its connection closed');
    assert.ok(
      greediest.client.responses.some(({ complete }) => !complete),
      'its answers are cut',
    );

    for (const client of modest) {
      client.socket.resume();
      assert.ok(await client.settle(1, END_MS), 'a modest one gets its answer');
      assert.deepEqual(
        [client.responses[0]?.complete, client.responses[0]?.body.length],
        [true, ANSWER_BYTES],
      );
      client.socket.destroy();
    }
  });
});
