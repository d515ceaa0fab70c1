/** Apps behind TLS: trust, protocol by ALPN, and all that HTTP/2 to the app carries. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  connect as connectHttp2,
  createSecureServer,
  type Http2SecureServer,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import { createServer as createPlainServer } from 'node:net';
import { Readable } from 'node:stream';
import { after, before, describe, type TestContext, test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { testCertificates, writeTestCertificates } from '../support/certificates.js';
import { until, within } from '../support/deadline.js';
import { Client, PROTOCOLS, type Protocol } from '../support/https-client.js';
import { freePort } from '../support/ports.js';
import { PATIENCE_MS, StartedFront } from '../support/started-front.js';
import { MISSING, requireTool } from '../support/tools.js';
import { waitForPort } from '../support/uwsgi.js';
import { Afterwards, type Ending, makeWorkspace } from '../support/workspace.js';

interface Pair {
  readonly front: StartedFront;
  /** Over HTTP/2. */
  readonly client: Client;
  /** One a protocol. */
  readonly clients: readonly Client[];
}

async function startFront(t: Ending, args: readonly string[]): Promise<Pair> {
  const front = await StartedFront.start({ arguments: ['--listen', '127.0.0.1:0', ...args] });
  t.after(() => front.stop());
  const clients = PROTOCOLS.map((protocol) => new Client({ port: front.port(), ca: front.ca }, protocol));
  t.after(() => {
    for (const client of clients) client.close();
  });
  const client = clients.find(({ protocol }) => protocol === 'h2') ?? assert.fail();
  return { front, client, clients };
}

/** nginx that says over what it was asked. */
async function startNginx(t: TestContext, program: string, listen: string): Promise<number> {
  const folder = makeWorkspace(t);
  const files = await writeTestCertificates(folder.path);
  const port = await freePort();
  const says = '$server_protocol $http_host $ssl_server_name $request_method $request_uri';
  const config = folder.write(
    'nginx.conf',
    `daemon off; master_process off; pid ${folder.at('pid')}; error_log stderr; events {}
    http {
      access_log off; client_body_temp_path ${folder.at('body')};
      server {
        listen 127.0.0.1:${port} ${listen};
        ssl_certificate ${files.chainFile}; ssl_certificate_key ${files.keyFile};
        location / { return 200 "${says}"; }
      }
    }`,
  );
  const child = spawn(program, ['-p', folder.path, '-c', config], { stdio: 'ignore' });
  const ended = once(child, 'exit');
  t.after(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  await waitForPort(port);
  return port;
}

async function rootFile(t: Ending): Promise<string> {
  return (await writeTestCertificates(makeWorkspace(t).path)).rootFile;
}

interface ServerOptions {
  readonly certificate?: 'chain' | 'other' | 'expired';
  readonly port?: number;
  stream?(stream: ServerHttp2Stream, path: string): void;
  session?(session: ServerHttp2Session): void;
}

/** An HTTP/2 app (HTTP/1.1 too) behind TLS. */
async function startServer(
  t: Ending,
  { certificate = 'chain', port = 0, stream, session }: ServerOptions,
): Promise<{ port: number; server: Http2SecureServer; close(): void }> {
  const all = await testCertificates();
  const leaf = { chain: all.leaf, other: all.otherLeaf, expired: all.expiredLeaf }[certificate];
  const server = createSecureServer({
    cert: leaf.certPem + all.intermediate.certPem,
    key: leaf.keyPem,
    allowHTTP1: true,
  });
  const sessions = new Set<ServerHttp2Session>();
  server.on('session', (opened) => {
    sessions.add(opened);
    opened.on('error', () => undefined);
    session?.(opened);
  });
  server.on('stream', (opened, fields) => {
    opened.on('error', () => undefined);
    if (stream === undefined) {
      opened.respond({ ':status': 200 });
      opened.end('over h2');
    } else stream(opened, String(fields[':path']));
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const close = (): void => {
    for (const opened of sessions) opened.destroy();
    server.close();
  };
  t.after(close);
  const address = server.address();
  return { server, close, port: typeof address === 'object' && address !== null ? address.port : 0 };
}

for (const [listen, expected] of [
  ['ssl http2', 'HTTP/2.0'],
  ['ssl', 'HTTP/1.1'],
] as const) {
  test(`nginx is asked over ${expected}, with its name, from clients of both protocols`, async (t) => {
    const nginx = requireTool(t, 'nginx');
    if (nginx === MISSING) return;
    const port = await startNginx(t, nginx, listen);
    const args = ['--upstream', `https://localhost:${port}`, '--upstream-ca', await rootFile(t)];
    const { clients, front } = await startFront(t, args);
    for (const client of clients) {
      for (const [method, path] of [
        ['GET', '/a?b=c'],
        ['POST', '/post'],
        ['DELETE', '/d'],
      ] as const) {
        const reply = await client.request(path, { method, ...(method === 'POST' ? { body: 'x' } : {}) });
        const seen = `${expected} localhost:${front.port()} localhost ${method} ${path}`;
        assert.equal(reply.text, seen, client.protocol);
      }
      const head = await client.request('/', { method: 'HEAD' });
      assert.deepEqual([head.status, head.text], [200, ''], client.protocol);
    }
  });
}

test('an authority that Node does not know is refused, and the log says how to name it, once', async (t) => {
  const { port } = await startServer(t, {});
  const { client, front } = await startFront(t, ['--upstream', `https://127.0.0.1:${port}`]);
  for (let at = 0; at < 3; at += 1) assert.equal((await client.request('/')).status, 502);
  await front.logged(/hint: give the authority that signed it with --upstream-ca/);
  assert.equal(front.log.match(/--upstream-ca/g)?.length, 1);
});

test('a certificate for another name is refused', async (t) => {
  const { port } = await startServer(t, { certificate: 'other' });
  const args = ['--upstream', `https://localhost:${port}`, '--upstream-ca', await rootFile(t)];
  const { client, front } = await startFront(t, args);
  const reply = await client.request('/');
  assert.equal(reply.status, 502);
  assert.match(reply.text, /certificate is not trusted/);
  assert.doesNotMatch(reply.text, /other\.test/);
  await front.logged(/not in the cert's altnames/);
});

test('a certificate that has ended is refused', async (t) => {
  const { port } = await startServer(t, { certificate: 'expired' });
  const args = ['--upstream', `https://localhost:${port}`, '--upstream-ca', await rootFile(t)];
  const { client, front } = await startFront(t, args);
  assert.equal((await client.request('/')).status, 502);
  await front.logged(/expired/);
});

test('--upstream-insecure takes any certificate', async (t) => {
  const { port } = await startServer(t, { certificate: 'other' });
  const args = ['--upstream', `https://localhost:${port}`, '--upstream-insecure'];
  const { client } = await startFront(t, args);
  assert.equal((await client.request('/')).text, 'over h2');
});

test('a plain app named with https:// is told to the operator', async (t) => {
  const server = createPlainServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const { client, front } = await startFront(t, ['--upstream', `https://127.0.0.1:${port}`]);
  assert.equal((await client.request('/')).status, 502);
  await front.logged(/hint: the app may speak plain HTTP/);
});

test('a WebSocket goes over HTTP/1.1 although the app has HTTP/2', async (t) => {
  const { port, server } = await startServer(t, {});
  server.on('upgrade', (request, socket) => {
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n`,
    );
    socket.write(`${request.httpVersion} `);
    socket.pipe(socket);
  });
  const args = ['--upstream', `https://localhost:${port}`, '--upstream-ca', await rootFile(t)];
  const { client, front } = await startFront(t, args);
  assert.equal((await client.request('/')).text, 'over h2');
  const socket = connectTls({ port: front.port(), host: '127.0.0.1', servername: 'localhost', ca: front.ca });
  t.after(() => socket.destroy());
  const fields = 'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n';
  socket.write(
    `GET / HTTP/1.1\r\nHost: localhost\r\n${fields}Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`,
  );
  let text = '';
  socket.setEncoding('latin1').on('data', (piece: string) => {
    text += piece;
  });
  await until(() => text.endsWith('1.1 '), PATIENCE_MS, 'the tunnel');
  socket.write('ping');
  await until(() => text.endsWith('ping'), PATIENCE_MS, 'the echo');
});

test('an upgrade to an h2c app is answered with 501', async (t) => {
  const { front } = await startFront(t, ['--upstream', `h2c://127.0.0.1:${await freePort()}`]);
  const socket = connectTls({ port: front.port(), host: '127.0.0.1', servername: 'localhost', ca: front.ca });
  t.after(() => socket.destroy());
  const fields = 'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n';
  socket.write(
    `GET / HTTP/1.1\r\nHost: localhost\r\n${fields}Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`,
  );
  const [answer] = await within(once(socket.setEncoding('latin1'), 'data'), PATIENCE_MS, 'the answer');
  assert.match(String(answer), /^HTTP\/1\.1 501 /);
});

/** What the app does with a request, by its path. */
const ANSWERS: Readonly<Record<string, (stream: ServerHttp2Stream) => void>> = {
  '/upload': (stream) => {
    stream.additionalHeaders({ ':status': 103, link: '</a.css>; rel=preload' });
    let bytes = 0;
    stream.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
    });
    stream.on('end', () => {
      stream.respond({ ':status': 200, 'set-cookie': ['a=1', 'b=2'] }, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'x-sum': String(bytes) }));
      stream.end(String(bytes));
    });
  },
  '/large': (stream) => {
    stream.respond({ ':status': 200 });
    stream.end(Buffer.alloc(8_000_000, 'x'));
  },
  '/cut': (stream) => {
    stream.respond({ ':status': 200 });
    stream.write('half', () => stream.destroy(new Error('the app fails')));
  },
  '/empty': (stream) => stream.respond({ ':status': 200 }, { endStream: true }),
  '/trailers': (stream) => {
    stream.on('trailers', (fields) => {
      stream.respond({ ':status': 200 });
      stream.end(String(fields['x-sum']));
    });
    stream.resume();
  },
};

describe('an app over HTTP/2', () => {
  const ending = new Afterwards();
  let front: StartedFront;
  let clients: readonly Client[];
  const clientOf = (wanted: Protocol): Client =>
    clients.find(({ protocol }) => protocol === wanted) ?? assert.fail();

  before(async () => {
    const { port } = await startServer(ending, { stream: (stream, path) => ANSWERS[path]?.(stream) });
    const args = ['--upstream', `https://localhost:${port}`, '--upstream-ca', await rootFile(ending)];
    ({ front, clients } = await startFront(ending, args));
  });
  after(() => ending.run());

  for (const protocol of PROTOCOLS) {
    test(`uploads, early hints, repeated fields and trailers come through (${protocol})`, async () => {
      const body = Readable.from(Array.from({ length: 40 }, () => Buffer.alloc(50_000)));
      const request = { method: 'POST', body, headers: { te: 'trailers' } };
      const reply = await clientOf(protocol).request('/upload', request);
      assert.equal(reply.text, '2000000');
      assert.deepEqual(reply.headers['set-cookie'], ['a=1', 'b=2']);
      assert.equal(reply.trailers['x-sum'], '2000000');
      assert.deepEqual(
        reply.informational.map(({ status, headers }) => [status, headers.link]),
        [[103, '</a.css>; rel=preload']],
      );
    });

    test(`a large answer to a slow client arrives whole (${protocol})`, async () => {
      const { stream } = await clientOf(protocol).open('/large');
      let bytes = 0;
      for await (const chunk of stream) {
        bytes += chunk.length;
        if (bytes < 200_000) await new Promise((resolve) => setImmediate(resolve));
      }
      assert.equal(bytes, 8_000_000);
    });

    test(`an answer that the app cuts is cut (${protocol})`, async () => {
      await assert.rejects(clientOf(protocol).request('/cut'));
    });

    test(`an empty answer without a length ends at once (${protocol})`, async () => {
      for (let at = 0; at < 3; at += 1) assert.equal((await clientOf(protocol).request('/empty')).text, '');
    });
  }

  test('trailers of a request reach it', async (t) => {
    const session = connectHttp2(`https://localhost:${front.port()}`, { ca: front.ca });
    t.after(() => session.destroy());
    const request = session.request({ ':method': 'POST', ':path': '/trailers' }, { waitForTrailers: true });
    request.on('wantTrailers', () => request.sendTrailers({ 'x-sum': '42' }));
    request.setEncoding('utf8').end('body');
    const [text] = await within(once(request, 'data'), PATIENCE_MS, 'the answer');
    assert.equal(text, '42');
  });
});

test('a session that the app has ended is replaced, and streams it refuses are sent again', async (t) => {
  const sessions: ServerHttp2Session[] = [];
  const { port } = await startServer(t, { session: (session) => sessions.push(session) });
  const args = ['--upstream', `https://localhost:${port}`, '--upstream-ca', await rootFile(t)];
  const { client } = await startFront(t, args);
  for (let at = 0; at < 5; at += 1) {
    assert.equal((await client.request('/')).text, 'over h2');
    // GOAWAY once, a broken connection the next time.
    const last = sessions.at(-1);
    if (at % 2 === 0) last?.close();
    else last?.destroy();
  }
  assert.ok(sessions.length >= 3);
});

test('an app that has gone for a while is waited for and used again', async (t) => {
  const first = await startServer(t, {});
  const args = ['--upstream', `https://localhost:${first.port}`, '--upstream-ca', await rootFile(t)];
  const { client } = await startFront(t, args);
  assert.equal((await client.request('/')).text, 'over h2');
  first.close();
  const waiting = client.request('/');
  await startServer(t, { port: first.port });
  assert.equal((await waiting).text, 'over h2');
});
