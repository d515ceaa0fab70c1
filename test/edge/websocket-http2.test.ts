/** WebSocket over HTTP/2 (RFC 8441) through the direct engine to an app that knows HTTP/1.1 only. */
import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { type ClientHttp2Session, type ClientHttp2Stream, connect } from 'node:http2';
import { after, before, describe, test } from 'node:test';
import { type WebSocket, WebSocketServer } from 'ws';
import { atRest, until, within } from '../support/deadline.js';
import { type RunningFront, startFront } from '../support/front.js';
import { Client } from '../support/https-client.js';
import { frame, RawHttp2Client } from '../support/raw-http2-client.js';
import { BINARY, CLOSE, clientFrame, TEXT, WebSocketReader } from '../support/websocket-frames.js';
import { Edge } from './edge.js';

/** 64 MiB pass through a machine that may be busy with other tests. */
const WAIT_MS = 120_000;
const MIB = 1024 ** 2;

/** An extended CONNECT on a session of node:http2. */
class Tunnel {
  readonly reader = new WebSocketReader();
  readonly headers: Promise<Record<string, unknown>>;
  readonly closed: Promise<number>;
  ended = false;

  private constructor(readonly stream: ClientHttp2Stream) {
    this.headers = within(
      new Promise((resolve) => stream.once('response', resolve)),
      WAIT_MS,
      'the answer to CONNECT',
    );
    this.closed = new Promise((resolve) => stream.once('close', () => resolve(stream.rstCode ?? 0)));
    stream.on('error', () => undefined);
    stream.on('end', () => {
      this.ended = true;
    });
    stream.on('data', (chunk: Buffer) => this.reader.feed(chunk));
  }

  static open(session: ClientHttp2Session, path: string, fields: Record<string, string> = {}): Tunnel {
    return new Tunnel(
      session.request(
        {
          ':method': 'CONNECT',
          ':protocol': 'websocket',
          ':scheme': 'https',
          ':path': path,
          ':authority': 'localhost',
          'sec-websocket-version': '13',
          origin: 'https://localhost',
          ...fields,
        },
        { endStream: false },
      ),
    );
  }

  async frames(count: number): Promise<string[]> {
    await until(() => this.reader.frames.length >= count, WAIT_MS, `${count} frames from the app`);
    return this.reader.frames.map(({ opcode, payload }) => `${opcode} ${payload.toString('latin1')}`);
  }
}

/** An app of the `ws` package: echoes, and does as its path says. */
class App {
  readonly server: Server = createServer((_request, response) => response.end('plain'));
  readonly requests: IncomingMessage[] = [];
  readonly sockets: WebSocket[] = [];
  closes: string[] = [];
  private readonly webSockets = new WebSocketServer({ noServer: true, handleProtocols: () => 'chat.v2' });

  async start(): Promise<number> {
    this.server.on('upgrade', (request, socket, head) => {
      if (request.url === '/refused') {
        socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 6\r\nX-Why: no\r\n\r\nclosed');
        return;
      }
      const status = /^\/plain-(\d+)$/.exec(request.url ?? '')?.[1];
      if (status !== undefined) {
        const body = Buffer.concat([Buffer.from([0x81, 0x0b]), Buffer.from('SECRET-DATA')]);
        socket.end(
          `HTTP/1.1 ${status} Fine\r\nX-Secret: yes\r\nContent-Length: ${body.length}\r\n\r\n${body.toString('latin1')}`,
          'latin1',
        );
        return;
      }
      if (request.url === '/wrong-accept') {
        socket.write(
          'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n',
        );
        return;
      }
      this.webSockets.handleUpgrade(request, socket, head, (webSocket) => {
        this.requests.push(request);
        this.sockets.push(webSocket);
        webSocket.on('error', () => undefined);
        webSocket.on('close', (code, reason) => this.closes.push(`${code} ${reason}`));
        if (request.url === '/echo')
          webSocket.on('message', (data, isBinary) => webSocket.send(data, { binary: isBinary }));
      });
    });
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    const address = this.server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  async newest(count: number): Promise<WebSocket> {
    return until(() => this.sockets[count - 1], WAIT_MS, `WebSocket ${count} at the app`);
  }

  stop(): void {
    for (const socket of this.sockets) socket.terminate();
    this.server.closeAllConnections();
    this.server.close();
  }
}

describe('WebSocket over HTTP/2', () => {
  const app = new App();
  let front: RunningFront;
  let session: ClientHttp2Session;
  /** Beside the session, whose window one stream may fill. */
  let other: Client;
  const turn = (): Promise<unknown> => other.request('/');

  before(async () => {
    front = await startFront({ upstreamPort: await app.start(), engine: 'direct' });
    other = new Client(front, 'http/1.1');
    session = connect(front.url.replace('localhost', '127.0.0.1'), { ca: front.ca, servername: 'localhost' });
    session.on('error', () => undefined);
    await within(
      new Promise((resolve) => session.once('remoteSettings', resolve)),
      WAIT_MS,
      'SETTINGS of the front',
    );
  });
  after(async () => {
    session.destroy();
    other.close();
    await front.stop();
    app.stop();
  });

  test('extended CONNECT is announced (RFC 8441 §3)', () => {
    assert.equal(session.remoteSettings.enableConnectProtocol, true);
  });

  test('text and binary pass both ways, with a subprotocol, and the close code arrives on both sides', async () => {
    const tunnel = Tunnel.open(session, '/echo', { 'sec-websocket-protocol': 'chat.v1, chat.v2' });
    const headers = await tunnel.headers;
    assert.equal(headers[':status'], 200);
    assert.equal(headers['sec-websocket-protocol'], 'chat.v2');
    assert.equal(headers['sec-websocket-accept'], undefined);
    assert.equal(headers.connection, undefined);
    const large = 'x'.repeat(300_000);
    tunnel.stream.write(Buffer.concat([clientFrame(TEXT, 'one'), clientFrame(BINARY, 'two')]));
    tunnel.stream.write(clientFrame(TEXT, large));
    assert.deepEqual(await tunnel.frames(3), ['1 one', '2 two', `1 ${large}`]);
    tunnel.stream.write(clientFrame(CLOSE, Buffer.from([0x0f, 0xa1, 0x62, 0x79, 0x65])));
    assert.deepEqual((await tunnel.frames(4)).at(-1), `8 \x0f\xa1bye`);
    await until(() => tunnel.ended, WAIT_MS, 'END_STREAM after the close');
    tunnel.stream.end();
    await until(() => app.closes.includes('4001 bye'), WAIT_MS, 'the close code at the app');
    assert.equal(await within(tunnel.closed, WAIT_MS, 'the end of the stream'), 0);
  });

  test('each upgrade has a key of its own upstream and the fields of the client', async () => {
    const had = app.requests.length;
    const tunnels = [Tunnel.open(session, '/echo'), Tunnel.open(session, '/echo')];
    for (const tunnel of tunnels) assert.equal((await tunnel.headers)[':status'], 200);
    const requests = app.requests.slice(had);
    const keys = requests.map(({ headers }) => headers['sec-websocket-key']);
    assert.equal(new Set(keys).size, 2);
    for (const { headers, method } of requests) {
      assert.equal(method, 'GET');
      assert.match(headers['sec-websocket-key'] ?? '', /^[A-Za-z0-9+/]{22}==$/);
      assert.equal(headers.origin, 'https://localhost');
      assert.equal(headers['x-forwarded-proto'], 'https');
      assert.equal(headers['transfer-encoding'], undefined);
    }
    for (const tunnel of tunnels) tunnel.stream.close();
  });

  test('an answer other than 101 is relayed whole', async () => {
    const tunnel = Tunnel.open(session, '/refused');
    let body = '';
    tunnel.stream.on('data', (chunk: Buffer) => {
      body += chunk.toString('latin1');
    });
    const headers = await tunnel.headers;
    assert.equal(headers[':status'], 403);
    assert.equal(headers['x-why'], 'no');
    await until(() => tunnel.ended, WAIT_MS, 'the end of the answer');
    assert.equal(body, 'closed');
  });

  for (const status of [200, 201, 204, 206, 299]) {
    test(`an ordinary ${status} opens no tunnel: 502 without a byte of it (RFC 8441 §5)`, async () => {
      const tunnel = Tunnel.open(session, `/plain-${status}`);
      let body = '';
      tunnel.stream.on('data', (chunk: Buffer) => {
        body += chunk.toString('latin1');
      });
      const headers = await tunnel.headers;
      assert.equal(headers[':status'], 502);
      assert.equal(headers['x-secret'], undefined);
      await until(() => tunnel.ended, WAIT_MS, 'the end of the answer');
      assert.doesNotMatch(body, /SECRET/);
    });
  }

  test('a 101 that does not answer our key is 502', async () => {
    const tunnel = Tunnel.open(session, '/wrong-accept');
    assert.equal((await tunnel.headers)[':status'], 502);
  });

  test('a reset by the client ends the connection to the app at once', async () => {
    const count = app.sockets.length;
    const tunnel = Tunnel.open(session, '/silent');
    await tunnel.headers;
    const webSocket = await app.newest(count + 1);
    tunnel.stream.close(8);
    await until(() => webSocket.readyState === 3, WAIT_MS, 'the end of the WebSocket at the app');
  });

  test('an app that dies ends the stream', async () => {
    const count = app.sockets.length;
    const tunnel = Tunnel.open(session, '/silent');
    await tunnel.headers;
    (await app.newest(count + 1)).terminate();
    await until(() => tunnel.ended || tunnel.stream.closed, WAIT_MS, 'the end of the stream');
    tunnel.stream.destroy();
  });

  test('what the client does not read is not taken from the app', async () => {
    const count = app.sockets.length;
    const tunnel = Tunnel.open(session, '/silent');
    await tunnel.headers;
    tunnel.stream.pause();
    const webSocket = await app.newest(count + 1);
    const message = Buffer.alloc(MIB);
    for (let sent = 0; sent < 64; sent += 1) webSocket.send(message);
    await atRest(() => webSocket.bufferedAmount, turn, WAIT_MS, 'the app being stopped');
    assert.ok(webSocket.bufferedAmount > 32 * MIB, `${webSocket.bufferedAmount} bytes are still at the app`);
    tunnel.stream.resume();
    await until(() => tunnel.reader.frames.length === 64, WAIT_MS, 'all of it, once the client reads');
    tunnel.stream.destroy();
  });

  test('what the app does not read is not taken from the client', async () => {
    const count = app.sockets.length;
    const tunnel = Tunnel.open(session, '/silent');
    await tunnel.headers;
    const webSocket = await app.newest(count + 1);
    webSocket.pause();
    const message = clientFrame(BINARY, Buffer.alloc(MIB));
    for (let sent = 0; sent < 32; sent += 1) tunnel.stream.write(message);
    await atRest(() => tunnel.stream.writableLength, turn, WAIT_MS, 'the client being stopped');
    assert.ok(tunnel.stream.writableLength > 16 * MIB, `${tunnel.stream.writableLength} bytes left here`);
    let messages = 0;
    webSocket.on('message', () => {
      messages += 1;
    });
    webSocket.resume();
    await until(() => messages === 32, WAIT_MS, 'all of it, once the app reads');
    tunnel.stream.destroy();
  });
});

test('bytes sent before the upgrade is answered never reach the app as HTTP', async () => {
  const edge = await Edge.start('direct');
  try {
    const token = edge.token();
    edge.oracle.script(token, [{ pauseMs: 200 }, { send: 'HTTP/1.1 403 No\r\nContent-Length: 2\r\n\r\nno' }]);
    const client = await RawHttp2Client.open(edge.front);
    const fields = [':method', 'CONNECT', ':protocol', 'websocket', ':scheme', 'https'];
    client.headers(1, [...fields, ':path', `/${token}`, ':authority', 'localhost'], false);
    client.data(1, `GET /smuggled-${token} HTTP/1.1\r\nHost: localhost\r\n\r\n`, false);
    assert.ok(await client.until(() => client.responses[0]?.complete === true, WAIT_MS), 'the answer');
    assert.equal(client.responses[0]?.status, 403);
    assert.equal(await edge.probe(), undefined);
    assert.deepEqual(
      edge.oracle.messagesOf(token).map(({ target }) => target),
      [`/${token}`],
    );
    assert.deepEqual(edge.oracle.violations, []);
    client.write(frame(7, 0, 0, Buffer.alloc(8)));
    await client.finish(1000);
  } finally {
    await edge.stop();
  }
});
