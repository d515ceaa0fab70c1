/** The end of a front over HTTP/2 in two steps (RFC 9113 §6.8), and tunnels over HTTP/2 that nobody uses. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { until } from '../support/deadline.js';
import { ok } from '../support/oracle-answer.js';
import { RawHttp2Client } from '../support/raw-http2-client.js';
import { valuesOf } from '../support/strict-head.js';
import { Edge } from './edge.js';

const WAIT_MS = 30_000;
const HIGHEST_STREAM = 2 ** 31 - 1;
const CANCEL = 8;

function get(path: string): string[] {
  return [':method', 'GET', ':scheme', 'https', ':authority', 'localhost', ':path', path];
}

test('SIGTERM: GOAWAY with the highest stream first, a request that crosses it is answered, then GOAWAY with the last', async (t) => {
  const edge = await Edge.start('direct');
  t.after(() => edge.stop());
  const { oracle, front } = edge;
  const [held, crossing, late] = [oracle.token(), oracle.token(), oracle.token()];
  oracle.script(held, [{ pauseMs: 1 }]);
  const client = await RawHttp2Client.open(front);
  t.after(() => client.socket.destroy());
  client.headers(1, get(`/${held}`), true);
  const { connection } = await until(
    () => oracle.messagesOf(held)[0],
    WAIT_MS,
    'the first request at the app',
  );

  process.kill(front.pid, 'SIGTERM');
  assert.ok(await client.until(() => client.goaways.length === 1, WAIT_MS), 'the first GOAWAY');
  assert.deepEqual(client.goaways[0], { lastStream: HIGHEST_STREAM, code: 0 });
  client.headers(3, get(`/${crossing}`), true);
  const answer = (stream: number) => client.responses.find((response) => response.stream === stream);
  assert.ok(await client.until(() => answer(3)?.complete === true, WAIT_MS), 'an answer to what crossed');
  assert.equal(answer(3)?.status, 200);

  assert.ok(await client.until(() => client.goaways.length === 2, WAIT_MS), 'the second GOAWAY');
  assert.deepEqual(client.goaways[1], { lastStream: 3, code: 0 });
  assert.equal(answer(1), undefined, 'the held request is still under way');
  client.headers(5, get(`/${late}`), true);
  oracle.sendOn(connection, ok('held'));
  assert.ok(await client.until(() => client.closed, WAIT_MS), 'the end of the connection');
  assert.deepEqual([answer(1)?.status, answer(1)?.body, answer(1)?.complete], [200, 'held', true]);
  assert.deepEqual([answer(5), oracle.messagesOf(late).length], [undefined, 0]);
  await until(() => !front.running(), WAIT_MS, 'the end of the front');
});

test('a tunnel over HTTP/2 without traffic is reset, its connection to the app closed, and the others go on', async (t) => {
  const edge = await Edge.start('direct', '--timeout-tunnel-idle', '1500ms');
  t.after(() => edge.stop());
  const { oracle } = edge;
  const client = await RawHttp2Client.open(edge.front);
  t.after(() => client.socket.destroy());
  const tunnels: number[] = [];
  for (const stream of [1, 3]) {
    const token = oracle.token();
    oracle.script(token, [{ pauseMs: 1 }, { echo: true }]);
    const tunnel = [':method', 'CONNECT', ':protocol', 'websocket', ':scheme', 'https', ':path', `/${token}`];
    client.headers(stream, [...tunnel, ':authority', 'localhost', 'sec-websocket-version', '13'], false);
    const { headers, connection } = await until(
      () => oracle.messagesOf(token)[0],
      WAIT_MS,
      'the upgrade at the app',
    );
    const accept = createHash('sha1')
      .update(`${valuesOf(headers, 'sec-websocket-key')}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
      .digest('base64');
    oracle.sendOn(
      connection,
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
    );
    tunnels.push(connection);
    const isOpen = () => client.responses.some((response) => response.stream === stream);
    assert.ok(await client.until(isOpen, WAIT_MS), `tunnel ${stream}`);
  }
  const [idle = 0, busy = 0] = tunnels;
  const traffic = setInterval(() => client.data(3, 'x', false), 200);
  t.after(() => clearInterval(traffic));
  assert.ok(await client.until(() => client.resetCodes.has(1), WAIT_MS), 'the idle tunnel is reset');
  assert.equal(client.resetCodes.get(1), CANCEL);
  await until(() => oracle.isClosed(idle), WAIT_MS, 'its connection to the app closed');
  const echoed = client.responses.find(({ stream }) => stream === 3)?.body.length ?? 0;
  const more = () => (client.responses.find(({ stream }) => stream === 3)?.body.length ?? 0) > echoed + 2;
  assert.ok(await client.until(more, WAIT_MS), 'the busy tunnel echoes on');
  assert.deepEqual([client.resetCodes.has(3), oracle.isClosed(busy)], [false, false]);
});
