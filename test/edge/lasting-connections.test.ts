/** Tunnels and event streams, which last as long as a client likes, take no place of requests among the connections to the app. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { until } from '../support/deadline.js';
import type { Engine } from '../support/front.js';
import { data } from '../support/http2-frames.js';
import { type AnswerStep, ok } from '../support/oracle-answer.js';
import { RawHttp1Client } from '../support/raw-client.js';
import { RawHttp2Client } from '../support/raw-http2-client.js';
import { valuesOf } from '../support/strict-head.js';
import { Edge, engines } from './edge.js';

const SETTLE_MS = 30_000;
const UPGRADE =
  'Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n';
const SWITCH: AnswerStep[] = [
  {
    send: 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n',
  },
  { echo: true },
];
const EVENTS: AnswerStep[] = [
  {
    send: 'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n9\r\ndata: 1\n\n\r\n',
  },
];
/** Requests that the app is still to answer; two of them take all places. */
const PLACES = ['--max-upstream-connections', '2', '--timeout-connect', '1s'];

async function startEdge(t: TestContext, engine: Engine, ...more: readonly string[]): Promise<Edge> {
  const edge = await Edge.start(engine, ...PLACES, ...more);
  t.after(() => edge.stop());
  return edge;
}

async function ask(edge: Edge, token: string, fields = ''): Promise<RawHttp1Client> {
  const client = await RawHttp1Client.open(edge.front);
  await client.send(`GET /${token} HTTP/1.1\r\nHost: localhost\r\n${fields}\r\n`);
  return client;
}

/** A client in a tunnel that echoes. */
async function openTunnel(t: TestContext, edge: Edge): Promise<RawHttp1Client> {
  const token = edge.token();
  edge.oracle.script(token, SWITCH);
  const client = await ask(edge, token, UPGRADE);
  t.after(() => client.socket.destroy());
  assert.ok(await client.until(() => client.responses.length > 0, SETTLE_MS), 'an answer to the upgrade');
  assert.equal(client.responses[0]?.status, 101);
  return client;
}

for (const engine of engines) {
  test(`requests are served beside more tunnels than --max-upstream-connections (${engine})`, async (t) => {
    const edge = await startEdge(t, engine);
    const tunnels: RawHttp1Client[] = [];
    for (let count = 0; count < 5; count += 1) tunnels.push(await openTunnel(t, edge));
    for (let count = 0; count < 3; count += 1) assert.equal(await edge.probe(), undefined);
    for (const tunnel of tunnels) {
      await tunnel.send('still here');
      assert.ok(await tunnel.until(() => tunnel.tunnel === 'still here', SETTLE_MS), 'the tunnel echoes');
    }
  });
}

test('requests are served beside more tunnels over HTTP/2 than --max-upstream-connections', async (t) => {
  const edge = await startEdge(t, 'direct');
  const client = await RawHttp2Client.open(edge.front);
  t.after(() => client.socket.destroy());
  for (const stream of [1, 3, 5, 7]) {
    const token = edge.token();
    // The key is the front's own: the app answers it once it is known.
    edge.oracle.script(token, [{ pauseMs: 1 }]);
    const tunnel = [':method', 'CONNECT', ':protocol', 'websocket', ':scheme', 'https', ':path', `/${token}`];
    client.headers(stream, [...tunnel, ':authority', 'localhost', 'sec-websocket-version', '13'], false);
    const { headers, connection } = await until(() => edge.oracle.messagesOf(token)[0], SETTLE_MS, 'upgrade');
    const accept = createHash('sha1')
      .update(`${valuesOf(headers, 'sec-websocket-key')}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
      .digest('base64');
    edge.oracle.sendOn(
      connection,
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\nhello`,
    );
    const opened = () => client.responses.find((response) => response.stream === stream)?.body === 'hello';
    assert.ok(await client.until(opened, SETTLE_MS), `tunnel ${stream}`);
    client.write(data(stream, 'x'));
  }
  assert.equal(await edge.probe(), undefined);
});

test('requests are served beside more event streams than --max-upstream-connections', async (t) => {
  const edge = await startEdge(t, 'direct');
  const client = await RawHttp2Client.open(edge.front);
  t.after(() => client.socket.destroy());
  const token = edge.token();
  edge.oracle.script(token, EVENTS, EVENTS, EVENTS, EVENTS);
  const get = [':method', 'GET', ':scheme', 'https', ':authority', 'localhost', ':path', `/${token}`];
  for (const stream of [1, 3, 5, 7]) client.headers(stream, get, true);
  const told = () => client.responses.filter(({ body }) => body === 'data: 1\n\n').length;
  assert.ok(await client.until(() => told() === 4, SETTLE_MS), `${told()} of 4 event streams`);
  for (let count = 0; count < 3; count += 1) assert.equal(await edge.probe(), undefined);
});

test('a request that waits is served when one before it becomes a tunnel', async (t) => {
  const edge = await startEdge(t, 'direct', '--timeout-connect', '5m');
  const [upgrading, waiting] = [edge.token(), edge.token()];
  edge.oracle.script(upgrading, [{ pauseMs: 300 }, ...SWITCH], [{ pauseMs: 300 }, ...SWITCH]);
  for (let count = 0; count < 2; count += 1) {
    const client = await ask(edge, upgrading, UPGRADE);
    t.after(() => client.socket.destroy());
  }
  await until(() => edge.oracle.messagesOf(upgrading).length === 2, SETTLE_MS, 'both upgrades at the app');
  const client = await ask(edge, waiting);
  t.after(() => client.socket.destroy());
  assert.ok(await client.settle(1, SETTLE_MS), 'an answer before its wait is over');
  assert.equal(client.responses[0]?.status, 200);
});

test('beside tunnels --max-upstream-connections holds for requests', async (t) => {
  const edge = await startEdge(t, 'direct');
  for (let count = 0; count < 3; count += 1) await openTunnel(t, edge);
  const busy = edge.token();
  const script: AnswerStep[] = [{ pauseMs: 2500 }, { send: ok('late') }];
  edge.oracle.script(busy, script, script, script);
  const clients = await Promise.all([ask(edge, busy), ask(edge, busy), ask(edge, busy)]);
  t.after(() => {
    for (const { socket } of clients) socket.destroy();
  });
  for (const client of clients) assert.ok(await client.settle(1, SETTLE_MS));
  const statuses = clients.map(({ responses }) => responses[0]?.status ?? 0);
  assert.deepEqual(statuses.sort(), [200, 200, 503]);
  assert.equal(edge.oracle.messagesOf(busy).length, 2);
});

test('the end of a tunnel gives no place to more requests than may be', async (t) => {
  const edge = await startEdge(t, 'direct');
  const tunnel = await openTunnel(t, edge);
  const busy = edge.token();
  const script: AnswerStep[] = [{ pauseMs: 2500 }, { send: ok('late') }];
  edge.oracle.script(busy, script, script, script);
  const clients = await Promise.all([ask(edge, busy), ask(edge, busy), ask(edge, busy)]);
  t.after(() => {
    for (const { socket } of clients) socket.destroy();
  });
  await until(() => edge.oracle.messagesOf(busy).length === 2, SETTLE_MS, 'two at the app');
  tunnel.socket.destroy();
  for (const client of clients) assert.ok(await client.settle(1, SETTLE_MS));
  assert.equal(edge.oracle.messagesOf(busy).length, 2);
});

test('a health check finds a place where idle connections hold them all', async (t) => {
  const edge = await Edge.start(
    'direct',
    // Who waits for a place waits longer than this test does for an answer.
    ...['--max-upstream-connections', '1', '--timeout-upstream-keepalive', '5m', '--timeout-connect', '5m'],
    ...['--health-path', '/health', '--health-interval', '200ms'],
  );
  t.after(() => edge.stop());
  const checks = (): number => edge.oracle.messages.filter(({ target }) => target === '/health').length;
  assert.equal(await edge.probe(), undefined);
  for (let round = 0; round < 3; round += 1) {
    const before = checks();
    await until(() => checks() > before, 30_000, 'a health check');
    const client = await ask(edge, edge.token());
    t.after(() => client.socket.destroy());
    assert.ok(await client.settle(1, SETTLE_MS), 'an answer without a wait for the app');
    assert.equal(client.responses[0]?.status, 200);
  }
});
