/** Apps named h2c:// that are not there, speak something else, stall, or let go. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer as createHttp2Server } from 'node:http2';
import { createServer, type Server, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { Client, PROTOCOLS, type Protocol } from '../support/https-client.js';
import { freePort } from '../support/ports.js';
import { StartedFront } from '../support/started-front.js';

async function portOf(t: TestContext, server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : assert.fail();
}

async function startClient(
  t: TestContext,
  port: number,
  protocol: Protocol,
  ...args: string[]
): Promise<Client> {
  const upstream = ['--upstream', `h2c://127.0.0.1:${port}`, '--hold', '0'];
  const front = await StartedFront.start({ arguments: ['--listen', '127.0.0.1:0', ...upstream, ...args] });
  t.after(() => front.stop());
  const client = new Client({ port: front.port(), ca: front.ca }, protocol);
  t.after(() => client.close());
  return client;
}

/** A server that treats each connection so. */
function raw(t: TestContext, treat: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>();
  t.after(() => {
    for (const socket of sockets) socket.destroy();
  });
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    treat(socket);
  });
  return portOf(t, server);
}

for (const protocol of PROTOCOLS) {
  test(`nobody there is 503 (${protocol})`, async (t) => {
    const client = await startClient(t, await freePort(), protocol);
    assert.equal((await client.request('/')).status, 503);
  });

  test(`an app that speaks HTTP/1.1 is 502 (${protocol})`, async (t) => {
    const port = await raw(t, (socket) => socket.once('data', () => socket.end('HTTP/1.1 400 Bad\r\n\r\n')));
    const client = await startClient(t, port, protocol);
    assert.equal((await client.request('/')).status, 502);
  });

  test(`an app that closes at once is 502, for a POST too (${protocol})`, async (t) => {
    const client = await startClient(t, await raw(t, (socket) => socket.destroy()), protocol);
    assert.equal((await client.request('/')).status, 502);
    assert.equal((await client.request('/', { method: 'POST', body: 'x' })).status, 502);
  });

  test(`an app that says nothing is 504 (${protocol})`, async (t) => {
    const port = await raw(t, (socket) => socket.resume());
    const client = await startClient(t, port, protocol, '--timeout-upstream-head', '300ms');
    assert.equal((await client.request('/')).status, 504);
  });

  test(`an app that stops in the middle is cut after the idle time (${protocol})`, async (t) => {
    const server = createHttp2Server();
    server.on('stream', (stream) => {
      stream.on('error', () => undefined);
      stream.respond({ ':status': 200 });
      stream.write('half');
    });
    const port = await portOf(t, server);
    const client = await startClient(t, port, protocol, '--timeout-upstream-idle', '300ms');
    await assert.rejects(client.request('/'));
  });

  test(`a stream that is refused goes out once more (${protocol})`, async (t) => {
    let asked = 0;
    const server = createHttp2Server();
    server.on('stream', (stream) => {
      stream.on('error', () => undefined);
      asked += 1;
      if (asked === 1) stream.close(7);
      else {
        stream.respond({ ':status': 200 });
        stream.end('second');
      }
    });
    const client = await startClient(t, await portOf(t, server), protocol);
    assert.equal((await client.request('/')).text, 'second');
    assert.equal(asked, 2);
  });
}
