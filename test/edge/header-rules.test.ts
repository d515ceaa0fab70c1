/** `--header-up`, `--header-down`, `--hsts`, `--via` and `--secure-cookies` as app and client see them. */
import assert from 'node:assert/strict';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { test } from 'node:test';
import { appBehind } from '../support/app-behind.js';
import type { Client, ClientRequest, ReplyHeaders } from '../support/https-client.js';

/** Tells what it received, with fields that the rules change. */
function app(request: IncomingMessage, response: ServerResponse): void {
  response.setHeader('Server', 'app/1');
  response.setHeader('X-Kept', 'kept');
  response.setHeader('X-Debug-One', '1');
  response.setHeader('X-Debug-Two', '2');
  response.setHeader('X-Accel-Buffering', 'no');
  response.setHeader('Via', '1.0 inner');
  response.setHeader('Set-Cookie', ['a=b; Path=/', 'c=d; Secure', 'e=f; Domain=api.test']);
  if (request.url === '/redirect') {
    response.writeHead(302, { Location: 'http://api.test/next' });
    response.end();
    return;
  }
  response.end(JSON.stringify(request.rawHeaders));
}

/** Every value the app received under a name. */
async function seen(client: Client, name: string, request: ClientRequest = {}): Promise<string[]> {
  const raw: unknown = JSON.parse((await client.request('/', request)).text);
  assert.ok(Array.isArray(raw));
  return raw.flatMap((field, index) =>
    index % 2 === 0 && String(field).toLowerCase() === name ? [String(raw[index + 1])] : [],
  );
}

async function answered(client: Client, request: ClientRequest = {}): Promise<ReplyHeaders> {
  return (await client.request('/', request)).headers;
}

const RULES = [
  ...['--header-up', 'X-Set from the front', '--header-up', '+X-Added second', '--header-up', '-User-Agent'],
  ...['--header-up', 'Host api.test', '--header-up', '-X-Forwarded-Port'],
  ...['--header-down', 'Server front', '--header-down', '+X-Kept more', '--header-down', '-X-Debug-*'],
  ...['--header-up', 'X-Filled {path} {client.ip} {tls.version} {request.id}'],
  ...['--header-down', 'X-Filled {host} {request.id}'],
  ...['--hsts', '180d', '--via', '--secure-cookies'],
];

appBehind('header rules', { arguments: RULES, app }, (running, protocol) => {
  const version = protocol === 'h2' ? '2.0' : '1.1';

  test('set replaces what the client sent', async () => {
    const request = { headers: { 'x-set': 'from the client' } };
    assert.deepEqual(await seen(running().client, 'x-set', request), ['from the front']);
  });

  test('placeholders are filled in from the request, in both directions', async () => {
    const { client } = running();
    const request = { headers: { 'x-request-id': 'of-this-test' } };
    const [filled = ''] = await seen(client, 'x-filled', request);
    assert.match(filled, /^\/ 127\.0\.0\.1 TLSv1\.3 \S+$/);
    const [id] = await seen(client, 'x-request-id', request);
    assert.equal(filled.split(' ')[3], id);
    assert.match(String((await answered(client, request))['x-filled']), /^\S+ \S+$/);
  });

  test('add keeps what the client sent', async () => {
    const request = { headers: { 'x-added': 'first' } };
    assert.deepEqual(await seen(running().client, 'x-added', request), ['first', 'second']);
  });

  test('remove takes fields out, those of the front too', async () => {
    const { client } = running();
    assert.deepEqual(await seen(client, 'user-agent', { headers: { 'user-agent': 'curl' } }), []);
    assert.deepEqual(await seen(client, 'x-forwarded-port'), []);
    assert.equal((await seen(client, 'x-forwarded-proto')).length, 1);
  });

  test('Host is the one of the rule, and X-Forwarded-Host tells the real one', async () => {
    const { client, front } = running();
    assert.deepEqual(await seen(client, 'host'), ['api.test']);
    assert.deepEqual(await seen(client, 'x-forwarded-host'), [`localhost:${front.port()}`]);
  });

  test('answers are changed the same way', async () => {
    const headers = await answered(running().client);
    assert.equal(headers.server, 'front');
    assert.equal(headers['x-kept'], 'kept, more');
    assert.equal(headers['x-debug-one'], undefined);
    assert.equal(headers['x-debug-two'], undefined);
  });

  test('X-Accel-Buffering is for the front, not for the client', async () => {
    assert.equal((await answered(running().client))['x-accel-buffering'], undefined);
  });

  test('Via grows in both directions', async () => {
    const { client } = running();
    assert.deepEqual(await seen(client, 'via', { headers: { via: '1.1 outer' } }), [
      '1.1 outer',
      `${version} tlsfront`,
    ]);
    assert.equal((await answered(client)).via, '1.0 inner, 1.1 tlsfront');
  });

  test('cookies become Secure once, and lose a Domain that localhost cannot have', async () => {
    const { 'set-cookie': cookies } = await answered(running().client);
    assert.deepEqual(cookies, ['a=b; Path=/; Secure', 'c=d; Secure', 'e=f; Secure']);
  });

  test('a Domain of the app becomes one of the client', async () => {
    const { 'set-cookie': cookies } = await answered(running().client, { headers: { host: 'app.test' } });
    assert.deepEqual(cookies?.[2], 'e=f; Domain=app.test; Secure');
  });

  test('Location of the host in the rule leads back to the client', async () => {
    const { headers } = await running().client.request('/redirect', { headers: { host: 'app.test' } });
    assert.equal(headers.location, 'https://app.test/next');
  });

  for (const host of ['localhost', 'app.localhost:8443', '127.0.0.1', '127.0.0.1:8443', '[::1]:8443']) {
    test(`no HSTS for ${host}`, async () => {
      const headers = await answered(running().client, { headers: { host } });
      assert.equal(headers['strict-transport-security'], undefined);
    });
  }

  test('HSTS for a name, on answers of the front too', async () => {
    const { client } = running();
    const wanted = 'max-age=15552000';
    assert.equal(
      (await answered(client, { headers: { host: 'app.test' } }))['strict-transport-security'],
      wanted,
    );
    const own = await client.request('/', { method: 'TRACE', headers: { host: 'app.test' } });
    assert.deepEqual([own.status, own.headers['strict-transport-security']], [405, wanted]);
  });
});

appBehind(
  'a stripped prefix',
  {
    app: (request, response) => {
      response.setHeader('Set-Cookie', ['a=b; Path=/users', 'c=d; Path=/']);
      response.end(request.url);
    },
    arguments: ['--strip-prefix'],
    route: '/api=',
  },
  (running) => {
    test('comes back in the paths of cookies', async () => {
      const { text, headers } = await running().client.request('/api/users/1');
      assert.equal(text, '/users/1');
      assert.deepEqual(headers['set-cookie'], ['a=b; Path=/api/users', 'c=d; Path=/']);
    });
  },
);

appBehind('without rules', { app }, (running) => {
  test('there is neither Via of ours nor HSTS, and cookies pass unchanged', async () => {
    const headers = await answered(running().client, { headers: { host: 'app.test' } });
    assert.equal(headers.via, '1.0 inner');
    assert.equal(headers['strict-transport-security'], undefined);
    assert.deepEqual(headers['set-cookie'], ['a=b; Path=/', 'c=d; Secure', 'e=f; Domain=api.test']);
  });

  test('Location of a foreign host is left alone', async () => {
    const { headers } = await running().client.request('/redirect');
    assert.equal(headers.location, 'http://api.test/next');
  });
});
