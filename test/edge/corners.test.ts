/** Corners that real programs meet: odd Hosts, long methods, fields named as prototypes are, a handshake that answers another key. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { createServer as createHttp2Server, type Http2Server, type IncomingHttpHeaders } from 'node:http2';
import type { Socket } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { RawHttp1Client } from '../support/raw-client.js';
import { RawHttp2Client } from '../support/raw-http2-client.js';
import { StartedFront } from '../support/started-front.js';

const WAIT_MS = 60_000;
const GET = [':method', 'GET', ':scheme', 'https', ':authority', 'localhost', ':path', '/'];

async function portOf(server: Server | Http2Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  return address.port;
}

describe('before an app over HTTP/1.1', () => {
  const seen: IncomingMessage[] = [];
  const app = createServer((request, response) => {
    seen.push(request);
    response.end('ok');
  });
  app.on('upgrade', (_request, socket: Socket) => {
    socket.on('error', () => undefined);
    socket.write(
      'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n\r\n\x81\x05hello',
    );
  });
  let front: StartedFront;
  before(async () => {
    const upstream = `127.0.0.1:${await portOf(app)}`;
    front = await StartedFront.start({ arguments: ['--listen', '127.0.0.1:0', '--upstream', upstream] });
  });
  after(async () => {
    await front.stop();
    app.closeAllConnections();
    app.close();
  });

  function headersOf(path: string): IncomingMessage['headers'] {
    const request = seen.find(({ url }) => url === path);
    assert.ok(request !== undefined, `${path} at the app`);
    return request.headers;
  }

  async function ask(text: string): Promise<RawHttp1Client> {
    const client = await RawHttp1Client.open({ port: front.port(), ca: front.ca });
    await client.send(text);
    assert.ok(await client.settle(1, WAIT_MS));
    client.socket.destroy();
    return client;
  }

  test('a Host with an empty port is served (RFC 3986 §3.2.3)', async () => {
    const client = await ask('GET / HTTP/1.1\r\nHost: localhost:\r\n\r\n');
    assert.equal(client.responses[0]?.status, 200);
  });

  test('a Host with an empty label is refused', async () => {
    for (const host of ['closed.test..', 'a..b', '.x', '..']) {
      const client = await ask(`GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
      assert.equal(client.responses[0]?.status, 400, host);
    }
  });

  test('a request of HTTP/1.0 without Host gives the app no empty name', async () => {
    const client = await ask('GET /old HTTP/1.0\r\n\r\n');
    assert.equal(client.responses[0]?.status, 200);
    const headers = headersOf('/old');
    assert.equal(headers['x-forwarded-host'], undefined);
    assert.doesNotMatch(headers.forwarded ?? '', /host=/);
  });

  test('bytes above ASCII in a path are refused', async () => {
    const client = await ask('GET /\xc3\xa4 HTTP/1.1\r\nHost: localhost\r\n\r\n');
    assert.equal(client.responses[0]?.status, 400);
  });

  test('a method has a bound over HTTP/2 too', async (t) => {
    const client = await RawHttp2Client.open({ port: front.port(), ca: front.ca });
    t.after(() => client.socket.destroy());
    client.headers(1, [':method', 'M'.repeat(32), ...GET.slice(2)], true);
    client.headers(3, [':method', 'M'.repeat(33), ...GET.slice(2)], true);
    assert.ok(await client.settle(2, WAIT_MS));
    const statusOf = (id: number) => client.responses.find(({ stream }) => stream === id)?.status;
    assert.equal(statusOf(3), 501);
    assert.notEqual(statusOf(1), 501);
  });

  test('a 101 that answers another key opens nothing', async () => {
    const client = await ask(
      'GET /ws HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
    );
    assert.equal(client.responses[0]?.status, 502);
    assert.doesNotMatch(client.received, /hello/);
  });

  test('request ids tell neither the process nor the count', async () => {
    const ids: string[] = [];
    for (let count = 0; count < 3; count += 1) {
      await ask(`GET /id-${count} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
      ids.push(String(headersOf(`/id-${count}`)['x-request-id']));
    }
    const starts = new Set(ids.map((id) => id.slice(0, 8)));
    const ends = new Set(ids.map((id) => id.slice(-4)));
    assert.deepEqual([starts.size, ends.size], [3, 3], ids.join(' '));
  });
});

describe('before an app over HTTP/2', () => {
  let seen: IncomingHttpHeaders = {};
  const app = createHttp2Server();
  app.on('stream', (stream, headers) => {
    seen = headers;
    const answer: Record<string, string> = Object.create(null);
    Object.assign(answer, { ':status': '200', constructor: 'c', 'has-own-property': 'h' });
    Object.defineProperty(answer, '__proto__', { value: 'p', enumerable: true });
    stream.respond(answer);
    stream.end('ok');
  });
  let front: StartedFront;
  before(async () => {
    const upstream = `h2c://127.0.0.1:${await portOf(app)}`;
    const args = ['--listen', '127.0.0.1:0', '--upstream', upstream, '--keep-underscores'];
    front = await StartedFront.start({ arguments: args });
  });
  after(async () => {
    await front.stop();
    app.close();
  });

  test('fields named __proto__ and constructor pass as they are, both ways', async (t) => {
    const client = await RawHttp2Client.open({ port: front.port(), ca: front.ca });
    t.after(() => client.socket.destroy());
    client.headers(1, [...GET, '__proto__', 'evil', 'constructor', 'odd'], true);
    assert.ok(await client.until(() => client.responses[0]?.complete === true, WAIT_MS));
    const { headers = [] } = client.responses[0] ?? {};
    const valuesOf = (name: string) =>
      headers.filter((_, index) => index % 2 === 1 && headers[index - 1] === name);
    assert.deepEqual([valuesOf('constructor'), valuesOf('__proto__')], [['c'], ['p']]);
    assert.equal(Object.hasOwn(seen, 'constructor') ? seen.constructor : undefined, 'odd');
    assert.equal(Object.getOwnPropertyDescriptor(seen, '__proto__')?.value, 'evil');
  });
});
