/** Real uWSGI workers with Bottle behind `uwsgi://` and `uwsgi+unix:`, compared with uWSGI's own http router. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { request as requestSecure } from 'node:https';
import { Readable } from 'node:stream';
import { after, before, describe, test } from 'node:test';
import { within } from '../support/deadline.js';
import { Client, type ClientRequest, PROTOCOLS, type Reply } from '../support/https-client.js';
import { freePort } from '../support/ports.js';
import { StartedFront } from '../support/started-front.js';
import {
  findPython,
  findTool,
  MISSING,
  requirePython,
  requireTool,
  unlessMissing,
} from '../support/tools.js';
import { startUwsgi, waitForPort } from '../support/uwsgi.js';

import { Afterwards, fixture, makeWorkspace } from '../support/workspace.js';

const LISTEN = ['--listen', '127.0.0.1:0'];
const TOOLS = { uwsgi: findTool('uwsgi'), bottle: findPython('bottle') };

interface Running {
  readonly front: StartedFront;
  readonly clients: readonly Client[];
  readonly router: Client;
}

/** One worker that both our front and uWSGI's router use. */
async function startAll(kind: string, hook: Afterwards): Promise<Running> {
  const [port, routerPort] = [await freePort(), await freePort()];
  const file = makeWorkspace(hook).at('app.sock');
  const socket = kind === 'uwsgi://' ? `127.0.0.1:${port}` : file;
  await startUwsgi(hook, String(TOOLS.uwsgi), ['--socket', socket, '--http', `127.0.0.1:${routerPort}`]);
  await waitForPort(routerPort);
  const front = await StartedFront.start({ arguments: [...LISTEN, '--upstream', kind + socket] });
  hook.after(() => front.stop());
  const clients = PROTOCOLS.map((protocol) => new Client({ port: front.port(), ca: front.ca }, protocol));
  const router = new Client({ port: routerPort, ca: undefined }, 'http/1.1');
  for (const client of [...clients, router]) hook.after(() => client.close());
  return { front, clients, router };
}

/** What differs by design: named in docs/configuration.md. */
const OWN_VARIABLES = /^HTTP_(?:X_FORWARDED_.*|X_REQUEST_ID|FORWARDED|HOST|CONNECTION|CDN_LOOP)$/;

function common(reply: Reply): Record<string, unknown> {
  const seen: Record<string, unknown> = JSON.parse(reply.text);
  const { 'wsgi.url_scheme': _scheme, ...rest } = seen;
  return Object.fromEntries(Object.entries(rest).filter(([name]) => !OWN_VARIABLES.test(name)));
}

const SAME: readonly (readonly [name: string, path: string, request?: ClientRequest])[] = [
  ['a plain path', '/environ'],
  ['a query with everything in it', '/environ?a=1&b=%20%2F+x&c?d'],
  ['an empty query', '/environ?'],
  [
    'fields',
    '/environ',
    { headers: { 'x-one': '1', accept: 'text/html;q=0.5', 'content-type': 'text/plain' } },
  ],
  ['a repeated field', '/environ', { headers: { 'x-many': ['one', 'two'] } }],
  ['cookies', '/environ', { headers: { cookie: 'a=1; b="two"' } }],
  [
    'a form',
    '/environ',
    { method: 'POST', body: 'a=b', headers: { 'content-type': 'application/x-www-form-urlencoded' } },
  ],
  ['dot segments', '/x/../y/./../environ'],
  ['encoded letters', '/%65nviron'],
  ['a field in latin1', '/environ', { headers: { 'x-latin': 'caf\u00e9' } }],
];

for (const kind of ['uwsgi://', 'uwsgi+unix:']) {
  describe(`a worker at ${kind}`, unlessMissing(TOOLS), () => {
    const hook = new Afterwards();
    let running: Running | undefined;
    before(async () => {
      running = await startAll(kind, hook);
    });
    after(() => hook.run());
    const all = (): Running => {
      if (running === undefined) throw new Error('not started');
      return running;
    };

    for (const [name, path, request = {}] of SAME) {
      test(`sees ${name} as behind uWSGI's own router`, async () => {
        const expected = common(await all().router.request(path, request));
        for (const client of all().clients) {
          assert.deepEqual(common(await client.request(path, request)), expected, client.protocol);
        }
      });
    }

    for (const [index, protocol] of PROTOCOLS.entries()) {
      const client = (): Client => all().clients[index] ?? all().router;

      test(`is told the client's address, host, port and https (${protocol})`, async () => {
        const reply = await client().request('/variables');
        const seen = JSON.parse(reply.text);
        const port = String(all().front.port());
        assert.equal(seen.HTTPS, 'on');
        assert.equal(seen['wsgi.url_scheme'], 'https');
        assert.equal(seen.SERVER_NAME, 'localhost');
        assert.equal(seen.SERVER_PORT, port);
        assert.equal(seen.REMOTE_ADDR, '127.0.0.1');
        assert.match(seen.REMOTE_PORT, /^\d+$/);
        assert.equal(seen.UWSGI_ROUTER, 'http');
        assert.equal(seen.SCRIPT_NAME, '');
        assert.equal(seen.REQUEST_URI, '/variables');
        assert.equal(seen.HTTP_HOST, `localhost:${port}`);
        assert.equal(seen.HTTP_X_FORWARDED_PROTO, 'https');
      });

      test(`never hears a client's Proxy field or names with underscores (${protocol})`, async () => {
        const headers = { proxy: 'evil.test', x_forwarded_for: '203.0.113.7', content_length: '7' };
        const seen = JSON.parse((await client().request('/variables', { headers })).text);
        assert.equal(seen.HTTP_PROXY, undefined);
        assert.equal(seen.HTTP_X_FORWARDED_FOR, '127.0.0.1');
        assert.equal(seen.CONTENT_LENGTH ?? '', '');
      });

      for (const bytes of [0, 1, 64 * 1024, 3_000_000]) {
        test(`gets an upload of ${bytes} bytes of unknown length whole (${protocol})`, async () => {
          const body = Buffer.alloc(bytes, 'abcdefghijk');
          const pieces = Array.from({ length: Math.ceil(bytes / 50_000) }, (_, at) =>
            body.subarray(at * 50_000, (at + 1) * 50_000),
          );
          const reply = await client().request('/upload', { method: 'POST', body: Readable.from(pieces) });
          const sha256 = createHash('sha256').update(body).digest('hex');
          assert.deepEqual(JSON.parse(reply.text), { bytes, sha256 });
        });
      }

      test(`gets an upload with a length as it comes (${protocol})`, async () => {
        const body = Buffer.alloc(2_000_000, 'x');
        const reply = await client().request('/upload', { method: 'PUT', body });
        assert.equal(JSON.parse(reply.text).bytes, body.length);
      });

      test(`answers HEAD without a body and 404 with one (${protocol})`, async () => {
        const head = await client().request('/', { method: 'HEAD' });
        assert.deepEqual([head.status, head.text], [200, '']);
        const missing = await client().request('/missing');
        assert.equal(missing.status, 404);
        assert.match(missing.text, /Not found/);
      });

      test(`serves many requests one after the other and at once (${protocol})`, async () => {
        const replies = await Promise.all(
          Array.from({ length: 40 }, (_, at) => client().request(`/hello/n${at}`)),
        );
        assert.deepEqual(
          replies.map(({ text }) => text),
          replies.map((_, at) => `<b>Hello n${at}</b>!`),
        );
      });
    }

    test('a client that waits for 100 (Continue) hears it and may then send its body', async () => {
      const { front } = all();
      const answer = new Promise<string>((resolve, reject) => {
        const options = { port: front.port(), ca: front.ca, servername: 'localhost', path: '/upload' };
        const headers = { expect: '100-continue', 'content-length': '5' };
        const request = requestSecure({ ...options, method: 'POST', headers });
        request.on('continue', () => request.end('hello'));
        request.on('error', reject);
        request.on('response', (response) => {
          response.setEncoding('utf8').once('data', resolve);
        });
        request.flushHeaders();
      });
      assert.equal(JSON.parse(await within(answer, 30_000, 'the answer after 100')).bytes, 5);
    });
  });
}

test('--wsgi-file with uWSGI speaks uwsgi to it, over both protocols', async (t) => {
  const python = requirePython(t, 'bottle');
  if (requireTool(t, 'uwsgi') === MISSING || python === MISSING) return;
  const front = await StartedFront.start({
    arguments: [...LISTEN, '--wsgi-file', fixture('index.py')],
    environment: python.environment,
  });
  t.after(() => front.stop());
  assert.match(front.log, /-> uwsgi:\/\/127\.0\.0\.1:\d+/);
  for (const protocol of PROTOCOLS) {
    const client = new Client({ port: front.port(), ca: front.ca }, protocol);
    t.after(() => client.close());
    const seen = JSON.parse((await client.request('/variables')).text);
    assert.deepEqual([seen.UWSGI_ROUTER, seen.HTTPS], ['http', 'on']);
    const upload = await client.request('/upload', { method: 'POST', body: Readable.from(['a', 'b']) });
    assert.equal(JSON.parse(upload.text).bytes, 2);
  }
});

test('the launcher on wsgiref gets uploads of unknown length with a length', async (t) => {
  const python = requirePython(t, 'bottle');
  if (python === MISSING) return;
  const front = await StartedFront.start({
    arguments: [...LISTEN, '--wsgi-file', fixture('index.py'), '--wsgi-server', 'wsgiref'],
    environment: python.environment,
  });
  t.after(() => front.stop());
  for (const protocol of PROTOCOLS) {
    const client = new Client({ port: front.port(), ca: front.ca }, protocol);
    t.after(() => client.close());
    const upload = await client.request('/upload', { method: 'POST', body: Readable.from(['a', 'b']) });
    assert.equal(JSON.parse(upload.text).bytes, 2);
  }
});

test('a worker in CGI mode answers with a Status field, which becomes the status', async (t) => {
  const uwsgi = requireTool(t, 'uwsgi');
  if (uwsgi === MISSING || requirePython(t, 'bottle') === MISSING) return;
  const port = await freePort();
  await startUwsgi(t, uwsgi, ['--socket', `127.0.0.1:${port}`, '--cgi-mode']);
  const upstream = ['--upstream', `uwsgi://127.0.0.1:${port}`];
  const front = await StartedFront.start({ arguments: [...LISTEN, ...upstream] });
  t.after(() => front.stop());
  const client = new Client({ port: front.port(), ca: front.ca }, 'h2');
  t.after(() => client.close());
  const missing = await client.request('/missing');
  assert.deepEqual([missing.status, missing.headers.status], [404, undefined]);
  assert.equal((await client.request('/')).text, '<h1>Hello World!</h1>');
});
