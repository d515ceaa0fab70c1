/** `--forward-auth` against a stand-in that does what Authelia and oauth2-proxy do: a session cookie lets in, a browser is sent to log in. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import { connect } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { listenLocally } from '../support/app-behind.js';
import { runCommand } from '../support/command.js';
import { within } from '../support/deadline.js';
import { Client, PROTOCOLS } from '../support/https-client.js';
import { freePort } from '../support/ports.js';
import { PATIENCE_MS, StartedFront } from '../support/started-front.js';

/** What the stand-in was asked last. */
let asked: { readonly url: string; readonly method: string; readonly headers: IncomingHttpHeaders } | null =
  null;

/** Authelia's ForwardAuth endpoint: 200 with Remote-*, 302 for browsers, 401 for others; and faults on demand. */
const authorizer = createServer((request, response) => {
  asked = { url: request.url ?? '', method: request.method ?? '', headers: request.headers };
  const uri = String(request.headers['x-forwarded-uri']);
  const host = String(request.headers['x-forwarded-host']);
  if (uri.startsWith('/hang')) return;
  if (uri.startsWith('/cut')) {
    request.socket.destroy();
    return;
  }
  if (uri.startsWith('/huge')) {
    response.writeHead(403).end(Buffer.alloc(2_000_000));
    return;
  }
  if (request.headers.cookie?.includes('authelia_session=good') === true) {
    response.writeHead(200, {
      'Remote-User': 'anna',
      'Remote-Groups': 'admins,dev',
      'X-Secret-Of-Authorizer': 'not for the app',
    });
    response.end('ok');
    return;
  }
  if (request.headers.cookie?.includes('authelia_session=old') === true) {
    response.writeHead(204, {
      'Set-Cookie': ['authelia_session=renewed; Path=/; Secure', 'csrf=2; Path=/'],
      'X-Session-Expires': '300',
      Connection: 'x-session-hop',
      'X-Session-Hop': 'of the connection',
      'X-Secret-Of-Authorizer': 'not for the client',
    });
    response.end();
    return;
  }
  if (request.headers.accept?.includes('text/html') === true) {
    const target = `https://auth.test/?rd=${encodeURIComponent(`https://${host}${uri}`)}`;
    response.writeHead(302, {
      Location: target,
      'Set-Cookie': ['authelia_session=new; Path=/; Secure', 'csrf=1; Path=/'],
      'Content-Type': 'text/html',
    });
    response.end(Buffer.from([0x3c, 0xff, 0x00, 0x3e]));
    return;
  }
  response.writeHead(401, { 'WWW-Authenticate': 'Bearer', 'Keep-Alive': 'timeout=5' }).end('Unauthorized');
});

const app = createServer((request, response) => {
  if (request.url === '/private/breaks') {
    request.socket.destroy();
    return;
  }
  if (request.url === '/private/cookies')
    response.writeHead(200, {
      'Set-Cookie': ['theme=dark', 'authelia_session=of the app', 'csrf_2=kept'],
      'X-Session-Expires': 'of the app',
    });
  let bytes = 0;
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
  });
  request.on('end', () => {
    response.end(
      JSON.stringify({ url: request.url, headers: request.headers, trailers: request.trailers, bytes }),
    );
  });
});
app.on('upgrade', (request, socket) => {
  const accept = `Sec-WebSocket-Accept: ${acceptOf(String(request.headers['sec-websocket-key']))}`;
  socket.end(
    `HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n${accept}\r\n\r\n`,
  );
});

let front: StartedFront;
let url = '';
before(async () => {
  url = `http://127.0.0.1:${await listenLocally(authorizer)}/api/authz/forward-auth?rd=x`;
  front = await StartedFront.start({
    arguments: [
      ...['--listen', '127.0.0.1:0', '--upstream', `127.0.0.1:${await listenLocally(app)}`, '--access-log'],
      ...[
        '--forward-auth',
        `/private=${url}`,
        '--forward-auth',
        `/hang=${url}`,
        '--forward-auth',
        `/cut=${url}`,
      ],
      ...['--forward-auth', `/huge=${url}`, '--forward-auth', `/gone=http://127.0.0.1:${await freePort()}`],
      ...['--forward-auth-headers', 'Remote-User,Remote-Groups,X-Tenant', '--forward-auth-timeout', '2s'],
      ...['--forward-auth-reply-headers', 'Set-Cookie,X-Session-Expires,X-Session-Hop'],
      ...['--header-up', 'X-Api-Key for-the-app', '--keep-underscores'],
    ],
  });
});
after(async () => {
  await front?.stop();
  for (const server of [app, authorizer]) {
    server.closeAllConnections();
    server.close();
  }
});

/** RFC 6455 §4.2.2. */
function acceptOf(key: string): string {
  return createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
}

const GOOD = { cookie: 'authelia_session=good' };

for (const protocol of PROTOCOLS) {
  describe(`forward auth over ${protocol}`, () => {
    let client: Client;
    before(() => {
      client = new Client({ port: front.port(), ca: front.ca }, protocol);
    });
    after(() => client.close());

    test('a session lets in; the app gets the named fields of the answer and none that the client sent by their names', async () => {
      const answer = await client.request('/private/page?a=b', {
        headers: {
          ...GOOD,
          'remote-user': 'root',
          'x-tenant': 'theirs',
          x_tenant: 'theirs',
          'x-other': 'kept',
        },
      });
      assert.equal(answer.status, 200);
      const { headers, url: path } = JSON.parse(answer.text);
      assert.equal(path, '/private/page?a=b');
      assert.deepEqual(
        [
          'remote-user',
          'remote-groups',
          'x-tenant',
          'x_tenant',
          'x-other',
          'x-secret-of-authorizer',
          'x-api-key',
        ].map((name) => headers[name] ?? '-'),
        ['anna', 'admins,dev', '-', '-', 'kept', '-', 'for-the-app'],
      );
      await front.logged(/ - anna \[[^\]]+\] "GET \/private\/page\?a=b HTTP/);
    });

    test('the question is a GET that tells method, host, path and address, without a body', async () => {
      const answer = await client.request('/private/form', {
        method: 'POST',
        headers: {
          ...GOOD,
          'content-type': 'text/plain',
          'x-forwarded-uri': '/public',
          'x-forwarded-for': '6.6.6.6',
        },
        body: 'x'.repeat(100_000),
      });
      assert.deepEqual([answer.status, JSON.parse(answer.text).bytes], [200, 100_000]);
      assert.ok(asked !== null);
      const { headers } = asked;
      assert.deepEqual([asked.method, asked.url], ['GET', '/api/authz/forward-auth?rd=x']);
      assert.equal(headers.host, new URL(url).host);
      assert.deepEqual(
        ['method', 'proto', 'host', 'uri', 'for'].map((name) => headers[`x-forwarded-${name}`]),
        ['POST', 'https', `localhost:${front.port()}`, '/private/form', '127.0.0.1'],
      );
      assert.deepEqual(
        [headers['content-length'], headers['content-type'], headers['x-api-key']],
        [undefined, undefined, undefined],
      );
    });

    test('without a session a browser gets the redirect with its cookies, byte for byte', async () => {
      const refused = await client.request('/private/', { headers: { accept: 'text/html' } });
      assert.equal(refused.status, 302);
      assert.equal(
        refused.headers.location,
        `https://auth.test/?rd=${encodeURIComponent(`https://localhost:${front.port()}/private/`)}`,
      );
      assert.deepEqual(refused.headers['set-cookie'], [
        'authelia_session=new; Path=/; Secure',
        'csrf=1; Path=/',
      ]);
      assert.deepEqual([...refused.body], [0x3c, 0xff, 0x00, 0x3e]);
      const plain = await client.request('/private/', { method: 'POST', body: 'x'.repeat(200_000) });
      assert.deepEqual(
        [plain.status, plain.text, plain.headers['www-authenticate']],
        [401, 'Unauthorized', 'Bearer'],
      );
      const head = await client.request('/private/', { method: 'HEAD' });
      assert.deepEqual([head.status, head.text], [401, '']);
    });

    test('other routes are not asked about, and hidden ways to the path are', async () => {
      asked = null;
      assert.equal((await client.request('/')).status, 200);
      assert.equal(asked, null);
      for (const path of ['/%70rivate', '//private', '/x/..%2fprivate'])
        assert.equal((await client.request(path)).status, 401, path);
    });

    test("of an answer that lets in the client gets the named fields in the place of the app's, and its cookies beside them", async () => {
      const fieldsOf = async (path: string): Promise<readonly unknown[]> => {
        const { status, headers } = await client.request(path, {
          headers: { cookie: 'authelia_session=old' },
        });
        const named = ['x-session-expires', 'x-session-hop', 'x-secret-of-authorizer'];
        return [status, headers['set-cookie'], ...named.map((name) => headers[name])];
      };
      const renewed = ['authelia_session=renewed; Path=/; Secure', 'csrf=2; Path=/'];
      assert.deepEqual(await fieldsOf('/private/cookies'), [
        200,
        ['theme=dark', 'csrf_2=kept', ...renewed],
        '300',
        undefined,
        undefined,
      ]);
      // A session that the server has renewed must not be lost by a fault of the app.
      assert.deepEqual(await fieldsOf('/private/breaks'), [502, renewed, '300', undefined, undefined]);
    });

    for (const [path, status, reason] of [
      ['/hang', 504, /does not say who may come in \(it takes too long\)/],
      ['/cut', 502, /does not say who may come in/],
      ['/huge', 502, /does not say who may come in/],
      ['/gone', 502, /does not say who may come in \(upstream_refused\)/],
    ] as const) {
      test(`an authorizer that is ${path.slice(1)} lets nobody in: ${status}`, async () => {
        const refused = await client.request(path, { headers: GOOD });
        assert.equal(refused.status, status);
        assert.doesNotMatch(refused.text, /127\.0\.0\.1/);
        await front.logged(reason);
        await front.logged(new RegExp(`"GET ${path} .* ${status} .*error=forward_auth_(?:failed|timeout)`));
      });
    }
  });
}

test('a WebSocket is asked about before it opens', async () => {
  const plain = await StartedFront.start({
    arguments: [
      ...['--http', '127.0.0.1:0', '--forward-auth', url, '--upstream', `127.0.0.1:${portOf(app)}`],
    ],
  });
  try {
    const statusOf = async (cookie: string): Promise<string> => {
      const socket = connect(plain.port('http'), '127.0.0.1');
      const head = new Promise<string>((resolve) =>
        socket.once('data', (chunk: Buffer) => resolve(chunk.toString())),
      );
      const fields = [
        'Host: localhost',
        'Connection: Upgrade',
        'Upgrade: websocket',
        'Sec-WebSocket-Version: 13',
      ];
      const key = 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==';
      socket.write(`GET /ws HTTP/1.1\r\n${[...fields, key, `Cookie: ${cookie}`].join('\r\n')}\r\n\r\n`);
      const text = await within(head, PATIENCE_MS, 'an answer to the upgrade');
      socket.destroy();
      return text.slice(9, 12);
    };
    assert.deepEqual([await statusOf('none'), await statusOf('authelia_session=good')], ['401', '101']);
  } finally {
    await plain.stop();
  }
});

function portOf(server: typeof app): number {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

for (const [args, reason] of [
  [['--forward-auth', 'auth.test'], /'auth\.test' is no http:\/\/ or https:\/\/ URL/],
  [['--forward-auth', 'ftp://auth.test/'], /is no http:\/\/ or https:\/\/ URL/],
  [['--forward-auth', 'http://u:p@auth.test/'], /a user name cannot be given/],
  [['--forward-auth', '/admin='], /'' is no http:\/\//],
  [['--forward-auth', 'http://a/', '--forward-auth-headers', 'Host'], /written by the front itself/],
  [['--forward-auth', 'http://a/', '--forward-auth-headers', 'a b'], /not the name of a header field/],
  [['--forward-auth', 'http://a/', '--engine', 'library'], /the library engine has no --forward-auth/],
  [
    ['--forward-auth', 'http://a/', '--forward-auth-reply-headers', 'Content-Length'],
    /tells of the app's own response/,
  ],
  [['--forward-auth-reply-headers', 'Set-Cookie'], /has no effect without --forward-auth/],
  [['--forward-auth-headers', 'Remote-User'], /has no effect without --forward-auth/],
] as const) {
  test(`${args.join(' ')} is refused with words`, async () => {
    const refused = await runCommand(['check', '--upstream', '9', ...args], {}, PATIENCE_MS);
    assert.equal(refused.code, 2, refused.stderr);
    assert.match(refused.stderr, reason);
    assert.match(refused.stderr, /^hint: /m);
  });
}
