/** Several apps behind one front: routes, turns, failures, health and the cookie that keeps a client at one. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import { type TestContext, test } from 'node:test';
import { WebSocket, WebSocketServer } from 'ws';
import { until, within } from '../support/deadline.js';
import { ENGINES, type Engine } from '../support/fronted.js';
import { Client, PROTOCOLS, type Reply } from '../support/https-client.js';
import { freePort } from '../support/ports.js';
import { PATIENCE_MS, SAMPLE_APP, StartedFront } from '../support/started-front.js';

/** An app that answers with its name and what it was asked for, unless told otherwise. */
async function startApp(t: TestContext, name: string, port = 0, listener?: RequestListener): Promise<number> {
  const server = createServer((request, response) => {
    response.setHeader('x-app', name);
    if (listener !== undefined) listener(request, response);
    else response.end(JSON.stringify({ url: request.url, prefix: request.headers['x-forwarded-prefix'] }));
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : assert.fail();
}

async function startFront(t: TestContext, args: readonly string[]): Promise<Client> {
  const front = await StartedFront.start({ arguments: ['--listen', '127.0.0.1:0', '--hold', '0', ...args] });
  t.after(() => front.stop());
  const client = new Client({ port: front.port(), ca: front.ca }, 'h2');
  t.after(() => client.close());
  return client;
}

function upstreams(...texts: (string | number)[]): string[] {
  return texts.flatMap((text) => ['--upstream', String(text)]);
}

async function appsOf(client: Client, count: number): Promise<string> {
  const names: unknown[] = [];
  for (let at = 0; at < count; at += 1) names.push((await client.request('/')).headers['x-app']);
  return names.join(' ');
}

function engine(name: Engine): string[] {
  return ['--engine', name];
}

for (const name of ENGINES) {
  test(`host and longest prefix choose the app; what none takes gets 404 (${name})`, async (t) => {
    const [all, api, host] = [await startApp(t, 'all'), await startApp(t, 'api'), await startApp(t, 'host')];
    const routes = upstreams(`localhost=${all}`, `localhost/api=${api}`, `app.test=${host}`);
    const client = await startFront(t, [...routes, ...engine(name)]);
    const appOf = async (path: string, headers = {}): Promise<unknown> =>
      (await client.request(path, { headers })).headers['x-app'];
    assert.equal(await appOf('/'), 'all');
    assert.equal(await appOf('/apis'), 'all');
    assert.equal(await appOf('/api/users?x=1'), 'api');
    assert.equal(await appOf('/api/users', { host: 'APP.test:443' }), 'host');
    const none = await client.request('/', { headers: { host: 'other.test' } });
    assert.equal(none.status, 404);
    assert.doesNotMatch(none.text, /app\.test|localhost|\/api/);
    assert.equal(JSON.parse((await client.request('/api/users?x=1')).text).url, '/api/users?x=1');
  });

  test(`--strip-prefix takes the prefix off and tells it (${name})`, async (t) => {
    const [all, api] = [await startApp(t, 'all'), await startApp(t, 'api')];
    const client = await startFront(t, [...upstreams(all, `/api=${api}`), '--strip-prefix', ...engine(name)]);
    const seen = async (path: string): Promise<unknown> =>
      JSON.parse((await client.request(path, { headers: { 'x-forwarded-prefix': '/evil' } })).text);
    assert.deepEqual(await seen('/api/users?x=1'), { url: '/users?x=1', prefix: '/api' });
    assert.deepEqual(await seen('/api'), { url: '/', prefix: '/api' });
    assert.deepEqual(await seen('/users'), { url: '/users' });
  });

  test(`--change-host names each app by its own address, request by request (${name})`, async (t) => {
    const tellHost: RequestListener = (request, response) => response.end(request.headers.host);
    const ports = [await startApp(t, 'one', 0, tellHost), await startApp(t, 'two', 0, tellHost)];
    const client = await startFront(t, [...upstreams(...ports), '--change-host', ...engine(name)]);
    const hosts: string[] = [];
    for (let at = 0; at < 6; at += 1) hosts.push((await client.request('/')).text);
    const [one, two] = ports.map((port) => `localhost:${port}`);
    assert.deepEqual(hosts, [one, two, one, two, one, two]);
  });

  test(`--strip-prefix holds for WebSockets too (${name})`, async (t) => {
    const sockets = new WebSocketServer({ port: 0, host: '127.0.0.1' });
    await once(sockets, 'listening');
    t.after(() => sockets.close());
    sockets.on('connection', (socket, { url, headers }) => {
      socket.send(JSON.stringify({ url, prefix: headers['x-forwarded-prefix'] }));
    });
    const address = sockets.address();
    const port = typeof address === 'object' && address !== null ? address.port : assert.fail();
    const front = await StartedFront.start({
      arguments: ['--listen', '127.0.0.1:0', ...upstreams(`/api=${port}`), '--strip-prefix', ...engine(name)],
    });
    t.after(() => front.stop());
    const socket = new WebSocket(`wss://localhost:${front.port()}/api/live?x=1`, { ca: front.ca });
    const [message] = await within(once(socket, 'message'), PATIENCE_MS, 'what the app was asked for');
    assert.deepEqual(JSON.parse(String(message)), { url: '/live?x=1', prefix: '/api' });
    socket.terminate();
  });

  test(`an app with a route stands beside one that the front starts (${name})`, async (t) => {
    const api = await startApp(t, 'api');
    const front = await StartedFront.start({
      arguments: ['--listen', '127.0.0.1:0', ...upstreams(`/api=${api}`), ...engine(name)],
      app: SAMPLE_APP,
    });
    t.after(() => front.stop());
    const client = new Client({ port: front.port(), ca: front.ca }, 'h2');
    t.after(() => client.close());
    assert.equal((await client.request('/api/users')).headers['x-app'], 'api');
    const started = await client.request('/');
    assert.deepEqual([started.status, started.headers['x-app']], [200, undefined]);
  });

  test(`apps take turns by weight (${name})`, async (t) => {
    const [one, two] = [await startApp(t, 'one'), await startApp(t, 'two')];
    const client = await startFront(t, [...upstreams(`${one},weight=2`, two), ...engine(name)]);
    const names = (await appsOf(client, 9)).split(' ');
    assert.equal(names.filter((app) => app === 'one').length, 6);
  });
}

for (const protocol of PROTOCOLS) {
  test(`a refused connection costs no request, not even a POST (${protocol})`, async (t) => {
    const two = await startApp(t, 'two');
    const front = await StartedFront.start({
      arguments: ['--listen', '127.0.0.1:0', ...upstreams(await freePort(), two, await freePort())],
    });
    t.after(() => front.stop());
    const client = new Client({ port: front.port(), ca: front.ca }, protocol);
    t.after(() => client.close());
    for (const method of ['POST', 'GET', 'POST', 'DELETE']) {
      const reply = await client.request('/', { method, ...(method === 'POST' ? { body: 'x' } : {}) });
      assert.deepEqual([reply.status, reply.headers['x-app']], [200, 'two'], method);
    }
  });
}

test('an app that comes back is used again', async (t) => {
  const port = await freePort();
  const two = await startApp(t, 'two');
  const client = await startFront(t, upstreams(port, two));
  assert.equal(await appsOf(client, 2), 'two two');
  await startApp(t, 'one', port);
  await until(async () => /one/.test(await appsOf(client, 2)), PATIENCE_MS, 'the first app is used');
});

test('an app that fails again and again is left out, and the last one never is', async (t) => {
  const broken: RequestListener = (request) => request.socket.destroy();
  const [one, two] = [await startApp(t, 'one', 0, broken), await startApp(t, 'two')];
  const client = await startFront(t, [...upstreams(one, two), '--fail-count', '2', '--fail-window', '1h']);
  const statuses: number[] = [];
  for (let at = 0; at < 8; at += 1) statuses.push((await client.request('/')).status);
  assert.equal(statuses.filter((status) => status === 502).length, 2);
  assert.deepEqual(statuses.slice(4), [200, 200, 200, 200]);
  const alone = await startFront(t, [...upstreams(one), '--fail-count', '1']);
  for (let at = 0; at < 3; at += 1) assert.equal((await alone.request('/')).status, 502);
});

test('--health-path leaves an app out whose answer is not as expected, until it is again', async (t) => {
  let isWell = true;
  let asked = '';
  const one = await startApp(t, 'one', 0, (request, response) => {
    if (request.url === '/health?x') asked = String(request.headers['user-agent']);
    response.statusCode = request.url !== '/health?x' || isWell ? 204 : 404;
    response.end();
  });
  const two = await startApp(t, 'two', 0, (_request, response) => response.writeHead(204).end());
  const health = ['--health-path', '/health?x', '--health-interval', '100ms', '--health-status', '200-299'];
  const client = await startFront(t, [...upstreams(one, two), ...health]);
  await until(async () => /one/.test(await appsOf(client, 2)), PATIENCE_MS, 'both apps are used');
  isWell = false;
  await until(async () => (await appsOf(client, 4)) === 'two two two two', PATIENCE_MS, 'one app is used');
  isWell = true;
  await until(async () => /one/.test(await appsOf(client, 2)), PATIENCE_MS, 'both apps are used again');
  assert.equal(asked, 'tlsfront health check');
});

test('--sticky keeps a client at one app, and moves it when that app is gone', async (t) => {
  const stops: (() => void)[] = [];
  const ports: number[] = [];
  for (const name of ['0', '1']) {
    const server = createServer((_request, response) => response.setHeader('x-app', name).end());
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const stop = (): void => {
      server.closeAllConnections();
      server.close();
    };
    t.after(stop);
    stops.push(stop);
    const address = server.address();
    if (typeof address === 'object' && address !== null) ports.push(address.port);
  }
  const client = await startFront(t, [...upstreams(...ports), '--sticky']);
  const first = await client.request('/');
  const [line = ''] = [first.headers['set-cookie']].flat();
  assert.match(String(line), /^tlsfront_app=[0-9a-f]{16}; Path=\/; HttpOnly; SameSite=Lax; Secure$/);
  const [cookie = ''] = String(line).split(';');
  const again = (): Promise<Reply> => client.request('/', { headers: { cookie: `a=b; ${cookie}; c=d` } });
  for (let at = 0; at < 6; at += 1) {
    const reply = await again();
    assert.deepEqual(
      [reply.headers['x-app'], reply.headers['set-cookie']],
      [first.headers['x-app'], undefined],
    );
  }
  stops[Number(first.headers['x-app'])]?.();
  const moved = await again();
  assert.equal(moved.status, 200);
  assert.notEqual(moved.headers['x-app'], first.headers['x-app']);
  assert.notEqual(moved.headers['set-cookie'], undefined);
});
