/** Connections and listeners: keep-alive, HTTP/1.0, half-closed clients, redirects to HTTPS, plain HTTP, misdirected requests. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { testCertificates, writeTestCertificates } from '../support/certificates.js';
import { runCommand } from '../support/command.js';
import { within } from '../support/deadline.js';
import { ENGINES, eachEngine } from '../support/fronted.js';
import { Client, PROTOCOLS } from '../support/https-client.js';
import { freePort } from '../support/ports.js';
import { openSocket, RawHttp1Client } from '../support/raw-client.js';
import { SAMPLE_APP, StartedFront } from '../support/started-front.js';
import { valuesOf } from '../support/strict-head.js';
import { Afterwards, makeWorkspace } from '../support/workspace.js';

const GONE_MS = 30_000;

eachEngine('connections', { arguments: ['--listen', '127.0.0.1:0'], app: SAMPLE_APP }, (running) => {
  const raw = (): Promise<RawHttp1Client> =>
    RawHttp1Client.open({ port: running().port(), ca: running().ca });

  test('a connection serves one request after the other, and pipelined ones in order', async () => {
    const client = await raw();
    const request = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`;
    await client.send(request('/status/201'));
    assert.ok(await client.settle(1, GONE_MS));
    await client.send(request('/slow?ms=50') + request('/status/202') + request('/status/203'));
    assert.ok(await client.settle(4, GONE_MS));
    await client.finish(1000);
    assert.deepEqual(
      client.responses.map(({ status }) => status),
      [201, 200, 202, 203],
    );
  });

  test('Connection: close is honoured', async () => {
    const client = await raw();
    await client.send('GET /hello HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
    assert.ok(await client.until(() => client.closed, GONE_MS));
    assert.deepEqual(valuesOf([...(client.responses[0]?.headers ?? [])], 'connection'), ['close']);
  });

  test('HTTP/1.0 without Host gets an answer without chunks, and the end', async () => {
    const client = await raw();
    await client.send('GET /stream?chunks=3&bytes=10 HTTP/1.0\r\n\r\n');
    assert.ok(await client.until(() => client.closed, GONE_MS));
    assert.match(client.received, /^HTTP\/1\.[01] 200 /);
    assert.doesNotMatch(client.received, /transfer-encoding/i);
    assert.equal(client.received.split('\r\n\r\n')[1]?.length, 30);
  });

  test('HTTP/1.0 with keep-alive keeps the connection', async () => {
    const client = await raw();
    const request = 'GET /hello HTTP/1.0\r\nHost: localhost\r\nConnection: keep-alive\r\n\r\n';
    await client.send(request);
    assert.ok(await client.settle(1, GONE_MS));
    assert.match(client.received, /connection: keep-alive/i);
    await client.send(request);
    assert.ok(await client.settle(2, GONE_MS));
    assert.equal(client.responses.length, 2);
    await client.finish(1000);
  });

  for (const [what, bytes] of [
    ['before its handshake', ''],
    ['in its handshake', '\x16\x03\x01'],
  ] as const) {
    test(`a client that leaves ${what} is let go at once`, async () => {
      const socket = connect({ host: '127.0.0.1', port: running().port(), allowHalfOpen: true });
      await once(socket, 'connect');
      socket.on('error', () => undefined).resume();
      socket.end(bytes, 'latin1');
      await within(once(socket, 'close'), GONE_MS, 'the end of the connection');
    });
  }

  test('plain HTTP on the TLS port is let go without harm', async () => {
    const socket = connect({ host: '127.0.0.1', port: running().port() });
    socket.on('error', () => undefined).resume();
    socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await within(once(socket, 'close'), GONE_MS, 'the end of the connection');
    const client = await raw();
    await client.send('GET /hello HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
    assert.ok(await client.settle(1, GONE_MS));
  });

  test('old TLS versions are refused', async () => {
    const { ca } = running();
    const socket = connectTls({
      port: running().port(),
      host: '127.0.0.1',
      ca,
      maxVersion: 'TLSv1.1',
      minVersion: 'TLSv1',
      ciphers: 'DEFAULT@SECLEVEL=0',
      servername: 'localhost',
    });
    const [error] = await within(once(socket, 'error'), GONE_MS, 'the refusal');
    assert.match(String(error), /alert|protocol|version/i);
  });
});

for (const engine of ENGINES) {
  describe(`several listeners (${engine})`, () => {
    const ends = new Afterwards();
    let front: StartedFront;
    let ca = '';
    before(async () => {
      const workspace = makeWorkspace(ends);
      const files = await writeTestCertificates(workspace.path);
      const { otherLeaf, intermediate, root } = await testCertificates();
      ca = root.certPem;
      const other = workspace.write('other.pem', otherLeaf.certPem + intermediate.certPem);
      const key = workspace.write('other.key', otherLeaf.keyPem);
      front = await StartedFront.start({
        arguments: [
          ...['--https', `127.0.0.1:0,${files.chainFile},${files.keyFile},HIGH`],
          ...['--https', `127.0.0.1:0,${other},${key}`],
          ...['--http', '127.0.0.1:0', '--http-to-https', '127.0.0.1:0,8443', '--engine', engine],
        ],
        app: SAMPLE_APP,
      });
      ends.after(() => front.stop());
    });
    after(() => ends.run());

    for (const protocol of PROTOCOLS) {
      test(`a host that only the other certificate covers gets 421 (${protocol})`, async () => {
        const client = new Client({ port: front.port('https', 0), ca }, protocol);
        const misdirected = await client.request('/hello', { headers: { host: 'www.other.test' } });
        const unknown = await client.request('/hello', { headers: { host: 'nobody.test' } });
        const own = await client.request('/hello', { headers: { host: 'app.test:4444' } });
        client.close();
        assert.deepEqual([misdirected.status, unknown.status, own.status], [421, 200, 200]);
      });

      test(`the second listener has its own certificate (${protocol})`, async () => {
        const target = { port: front.port('https', 1), ca, serverName: 'www.other.test' };
        const client = new Client(target, protocol);
        const reply = await client.request('/hello', { headers: { host: 'www.other.test' } });
        client.close();
        assert.equal(reply.status, 200);
      });
    }

    // Over TLS nearly all who close are gone; node:http takes everybody for gone.
    const givesUp = engine === 'library';
    const outcome = givesUp ? 'gets no answer' : 'still gets the answer';
    test(`a plain client that closes its side after the request ${outcome}`, async () => {
      const socket = await openSocket({ port: front.port('http'), ca: undefined }, 'http/1.1');
      let text = '';
      socket.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      socket.end('GET /slow?ms=300 HTTP/1.1\r\nHost: localhost\r\n\r\n');
      await within(once(socket, 'close'), GONE_MS, 'the end of the connection');
      if (givesUp) assert.equal(text, '');
      else assert.match(text, /answered after 300 ms/);
    });

    test('--http-to-https keeps host, path and query, and names the port', async () => {
      const client = new Client({ port: front.port('http-to-https'), ca: undefined }, 'http/1.1');
      const to = async (host: string, path: string, method = 'GET'): Promise<[number, unknown]> => {
        const { status, headers } = await client.request(path, { method, headers: { host } });
        return [status, headers.location];
      };
      assert.deepEqual(await to('app.test', '/a/b?c=d&e=%20'), [308, 'https://app.test:8443/a/b?c=d&e=%20']);
      assert.deepEqual(await to('app.test:8080', '/'), [308, 'https://app.test:8443/']);
      assert.deepEqual(await to('[::1]:80', '/x', 'POST'), [308, 'https://[::1]:8443/x']);
      assert.equal((await to('bad host', '/'))[0], 400);
      client.close();
    });

    test('--http serves the app and says so to it', async () => {
      const client = new Client({ port: front.port('http'), ca: undefined }, 'http/1.1');
      const seen = JSON.parse(
        (await client.request('/echo', { headers: { host: 'app.test' } })).text,
      ).headers;
      const location = (await client.request('/redirect?to=http://localhost/x')).headers.location;
      client.close();
      assert.deepEqual([seen['x-forwarded-proto'], seen['x-forwarded-port']], ['http', '80']);
      assert.equal(location, 'http://localhost/x');
    });
  });
}

test('both wildcards of one port are listened on, over every kind of listener and with two routers', async (t) => {
  const { root } = await testCertificates();
  const files = await writeTestCertificates(makeWorkspace(t).path);
  const [https, plain, redirect] = [await freePort(), await freePort(), await freePort()];
  const both = (option: string, port: number): string[] => [
    ...[option, `0.0.0.0:${port}`, option, `[::]:${port}`],
  ];
  const front = await StartedFront.start({
    arguments: [
      ...[...both('--listen', https), ...both('--http', plain), ...both('--http-to-https', redirect)],
      ...['--cert', files.chainFile, '--key', files.keyFile, '--http-processes', '2'],
    ],
    app: SAMPLE_APP,
  });
  t.after(() => front.stop());
  for (const host of ['127.0.0.1', '::1']) {
    for (const port of [plain, redirect]) {
      const socket = connect(port, host);
      socket.end('GET /hello HTTP/1.0\r\nHost: localhost\r\n\r\n');
      let text = '';
      for await (const chunk of socket) text += String(chunk);
      assert.match(text, port === plain ? /^HTTP\/1\.[01] 200/ : /^HTTP\/1\.[01] 30\d/, `${host} ${port}`);
    }
    const secure = connectTls({ host, port: https, servername: 'localhost', ca: root.certPem });
    await within(once(secure, 'secureConnect'), GONE_MS, `a handshake at ${host}`);
    secure.destroy();
  }
});

test('one address beside :PORT, which takes every address, is given twice', async () => {
  const { code, stderr } = await runCommand([
    'check',
    '--upstream',
    '1',
    '--http',
    ':8080',
    '--http',
    '[::]:8080',
  ]);
  assert.equal(code, 2);
  assert.match(
    stderr,
    /^error: \[::\]:8080 is to be listened on twice: :8080 takes every address\nhint: leave out/,
  );
});
