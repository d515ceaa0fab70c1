/** Several sites of one configuration file behind one front, over both engines; a reload adds one and leaves the others' connections. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { type TestContext, test } from 'node:test';
import { WebSocket, WebSocketServer } from 'ws';
import { listenLocally } from '../support/app-behind.js';
import { within } from '../support/deadline.js';
import { ENGINES } from '../support/fronted.js';
import { Client, type Reply } from '../support/https-client.js';
import { PATIENCE_MS, SAMPLE_APP, StartedFront } from '../support/started-front.js';
import { makeWorkspace } from '../support/workspace.js';

/** An app that answers with its name and takes WebSockets. */
async function startApp(t: TestContext, name: string): Promise<number> {
  const server = createServer((request, response) => {
    response.setHeader('x-app', name);
    response.setHeader('x-seen', String(request.headers['x-site'] ?? ''));
    response.end(request.url);
  });
  const sockets = new WebSocketServer({ server });
  sockets.on('connection', (socket) => socket.on('message', (text) => socket.send(`${name} ${text}`)));
  const port = await listenLocally(server);
  t.after(() => {
    for (const socket of sockets.clients) socket.terminate();
    server.closeAllConnections();
    server.close();
  });
  return port;
}

async function echo(socket: WebSocket, text: string): Promise<string> {
  const answer = new Promise<string>((resolve, reject) => {
    socket.once('message', (data) => resolve(String(data)));
    socket.once('close', () => reject(new Error('the WebSocket is closed')));
  });
  socket.send(text);
  return within(answer, PATIENCE_MS, 'an echo');
}

for (const engine of ENGINES) {
  test(`sites have hosts, apps and rules of their own, and a reload adds one beside them (${engine})`, async (t) => {
    const folder = makeWorkspace(t);
    const [shop, api, docs] = [
      await startApp(t, 'shop'),
      await startApp(t, 'api'),
      await startApp(t, 'docs'),
    ];
    const sites = `listen = "127.0.0.1:0"
engine = "${engine}"
header-down = "X-From all"

[site.shop]
host = ["shop.localhost", "www.shop.localhost"]
upstream = ["127.0.0.1:${shop}", "/api=127.0.0.1:${api}"]
header-up = "X-Site shop"
header-down = "X-From shop"
deny = "/admin=0.0.0.0/0"
redirect = ["www.shop.localhost=shop.localhost", "/old/*=/new/*,302"]

[site.started]
host = "*.started.localhost"
command = ${JSON.stringify(SAMPLE_APP)}
`;
    folder.write('tlsfront.toml', sites);
    const front = await StartedFront.start({ arguments: [], folder: folder.path });
    t.after(() => front.stop());
    assert.match(front.log, /ready: https:\/\/shop\.localhost:\d+ https:\/\/www\.shop\.localhost:\d+ -> /);
    const port = front.port();
    const client = new Client({ port, ca: front.ca }, 'h2');
    t.after(() => client.close());
    const ask = (host: string, path = '/', from = client): Promise<Reply> =>
      from.request(path, { headers: { host: `${host}:${port}` } });
    const brief = ({ status, headers }: Reply): string =>
      [status, headers['x-app'], headers['x-seen'], headers['x-from']].join(' ');

    assert.equal(brief(await ask('shop.localhost')), '200 shop shop shop');
    assert.equal(brief(await ask('SHOP.localhost', '/api/x')), '200 api shop shop');
    const started = await ask('x.started.localhost');
    assert.deepEqual(
      [started.status, started.headers['x-app'], started.headers['x-from']],
      [200, undefined, 'all'],
    );
    assert.equal((await ask('started.localhost')).status, 404);
    assert.equal((await ask('localhost')).status, 404);
    assert.equal((await ask('shop.localhost', '/admin/x')).status, 403);
    assert.notEqual((await ask('x.started.localhost', '/admin/x')).status, 403);
    const moved = await ask('www.shop.localhost', '/a?b');
    assert.deepEqual([moved.status, moved.headers.location], [308, `https://shop.localhost:${port}/a?b`]);
    const old = await ask('shop.localhost', '/old/a?b');
    assert.deepEqual([old.status, old.headers.location], [302, '/new/a?b']);
    assert.match(front.log, /^\[started\] /m, "an app's output bears the name of its site");

    const socket = new WebSocket(`wss://shop.localhost:${port}/`, {
      ca: front.ca,
      lookup: (_host, _options, done) => done(null, [{ address: '127.0.0.1', family: 4 }]),
    });
    await within(new Promise((resolve) => socket.once('open', resolve)), PATIENCE_MS, 'an open WebSocket');
    assert.equal(await echo(socket, 'before'), 'shop before');
    const added = `[site.docs]\nhost = "docs.localhost"\nupstream = "127.0.0.1:${docs}"\n`;
    folder.write('tlsfront.toml', sites.replace(/\[site\.started\].*/s, added));
    front.child.kill('SIGHUP');
    await front.logged(/the new generation serves; the old one drains/);
    const later = new Client({ port, ca: front.ca }, 'h2');
    t.after(() => later.close());
    assert.equal(brief(await ask('docs.localhost', '/', later)), '200 docs  all');
    assert.equal(brief(await ask('shop.localhost', '/', later)), '200 shop shop shop');
    assert.equal((await ask('x.started.localhost', '/', later)).status, 404);
    assert.equal(await echo(socket, 'after'), 'shop after', 'a WebSocket of a site that stays is not cut');
    socket.terminate();
  });
}
