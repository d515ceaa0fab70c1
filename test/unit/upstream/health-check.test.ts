/** One question to an app: its status, once, and no connection that is left behind. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { createUpstream } from '../../../proxy/routing/upstream.js';
import { Dialer } from '../../../proxy/upstream/dial.js';
import { askStatus, probeByRequest } from '../../../proxy/upstream/health-check.js';
import { Pool } from '../../../proxy/upstream/pool.js';
import { DEFAULT_LIMITS } from '../../../src/shared/config/limits.js';
import { until, within } from '../../support/deadline.js';
import { freePort } from '../../support/ports.js';
import { appsOf } from '../../support/settings.js';

const WAIT_MS = 20_000;
/** What no test waits for. */
const NEVER_MS = 600_000;

interface App {
  readonly port: number;
  readonly requests: string[];
  readonly open: Set<Socket>;
}

/** An app that writes this to each request and closes nothing. */
async function appThatSays(t: TestContext, answer: string): Promise<App> {
  const app = { requests: [] as string[], open: new Set<Socket>() };
  const server = createServer((socket) => {
    app.open.add(socket);
    socket.on('error', () => undefined).once('close', () => app.open.delete(socket));
    socket.on('data', (bytes) => {
      app.requests.push(String(bytes));
      if (answer !== '') socket.write(answer);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    for (const socket of app.open) socket.destroy();
    server.close();
  });
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  return { ...app, port: address.port };
}

function upstreamAt(port: number) {
  const app = appsOf('127.0.0.1:1')[0] ?? assert.fail('no app');
  const upstream = app.upstreams[0] ?? assert.fail('no upstream');
  const state = { app: 0, hostName: null, key: '', needsLength: false, ready: true, id: 1, port };
  return createUpstream({ ...upstream, ...state }, app);
}

function newPool(): Pool {
  const dialer = new Dialer({ ca: null, insecure: false });
  return new Pool(DEFAULT_LIMITS, () => dialer, assert.fail, false);
}

function statusOf(port: number, timeoutMs = NEVER_MS): Promise<number[]> {
  const told: number[] = [];
  const first = new Promise<number[]>((resolve) => {
    askStatus(upstreamAt(port), newPool(), '/up?a=1', timeoutMs, (status) => {
      told.push(status);
      resolve(told);
    });
  });
  return within(first, WAIT_MS, 'the status');
}

test('the app is asked once, for the path, as of a request over TLS', async (t) => {
  const app = await appThatSays(t, 'HTTP/1.1 204 No Content\r\n\r\n');
  assert.deepEqual(await statusOf(app.port), [204]);
  assert.equal(app.requests.length, 1);
  assert.match(app.requests[0] ?? '', /^GET \/up\?a=1 HTTP\/1\.1\r\n/);
  assert.match(app.requests[0] ?? '', /^x-forwarded-proto: https\r$/im);
});

test('an app that does not answer in time has no status, and its connection is closed', async (t) => {
  const app = await appThatSays(t, '');
  const told = await statusOf(app.port, 200);
  assert.deepEqual(told, [0]);
  await until(() => app.open.size === 0, WAIT_MS, 'the connection is closed');
  assert.deepEqual(told, [0]);
});

test('an answer whose body does not end has its status at once, and its connection is closed in time', async (t) => {
  const app = await appThatSays(t, 'HTTP/1.1 503 Busy\r\nContent-Length: 100\r\n\r\nhalf');
  const told = await statusOf(app.port, 200);
  await until(() => app.requests.length === 1 && app.open.size === 0, WAIT_MS, 'the connection is closed');
  assert.deepEqual(told, [503]);
});

test('what is no answer has no status', async (t) => {
  for (const answer of ['HELLO\r\n\r\n', 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n']) {
    const app = await appThatSays(t, answer);
    assert.deepEqual(await statusOf(app.port), [0]);
    await until(() => app.open.size === 0, WAIT_MS, 'the connection is closed');
  }
});

test('nobody who listens has no status', async () => {
  assert.deepEqual(await statusOf(await freePort()), [0]);
});

for (const [status, isWell] of [
  [0, false],
  [200, true],
  [299, true],
  [300, false],
  [404, true],
  [405, false],
] as const) {
  test(`${status} is ${isWell ? 'well' : 'not well'} where 200 to 299 and 404 are`, async (t) => {
    const answer = status === 0 ? '' : `HTTP/1.1 ${status} X\r\nContent-Length: 0\r\n\r\n`;
    const app = await appThatSays(t, answer);
    const statuses = [
      { first: 200, last: 299 },
      { first: 404, last: 404 },
    ];
    const health = { path: '/', intervalMs: 300, statuses, failCount: 0, failWindowMs: 0 };
    const asked = new Promise<boolean>((resolve) =>
      probeByRequest(newPool(), health, '/', NEVER_MS)(upstreamAt(app.port), resolve),
    );
    assert.equal(await within(asked, WAIT_MS, 'the judgement'), isWell);
  });
}
