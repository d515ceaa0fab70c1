/** Rules of access and redirects in a `[site.x]` hold for that site alone, also where another site's wildcard covers its name. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, before, describe, test } from 'node:test';
import { listenLocally } from '../support/app-behind.js';
import { Client, PROTOCOLS, type Reply } from '../support/https-client.js';
import { StartedFront } from '../support/started-front.js';
import { Afterwards, makeWorkspace } from '../support/workspace.js';

/** `secret`. */
const ANNA = 'anna:$scrypt$ln=10,r=1,p=1$c2FsdHNhbHRzYWx0$PTJplfulJV9Q0LQ249eKtDHwK3OM+5j9lDmODRTQKMc\n';
const PASSWORD = { authorization: `Basic ${Buffer.from('anna:secret').toString('base64')}` };

const app = createServer((request, response) =>
  response.end(String(request.headers['remote-user'] ?? request.headers.authorization ?? 'app')),
);
const authorizer = createServer((request, response) => {
  if (request.headers.cookie === 'session=good')
    response.writeHead(200, { 'Remote-User': 'anna', 'Set-Cookie': 'session=renewed' }).end();
  else response.writeHead(401).end('who?');
});

const afterwards = new Afterwards();
const workspace = makeWorkspace(afterwards);
let front: StartedFront;
before(async () => {
  const upstream = `upstream = "127.0.0.1:${await listenLocally(app)}"`;
  workspace.write('users', ANNA);
  workspace.write(
    'tlsfront.toml',
    `listen = "127.0.0.1:0"
http = "127.0.0.1:0"
trusted-proxies = "127.0.0.1"
deny = "203.0.113.0/24"

[site.locked]
host = ["locked.test", "www.locked.test"]
${upstream}
basic-auth = "users"

[site.lax]
host = "lax.test"
${upstream}
basic-auth = "users"
basic-auth-plain = true
basic-auth-pass = true

[site.asked]
host = "asked.test"
${upstream}
forward-auth = "/in=http://127.0.0.1:${await listenLocally(authorizer)}/"
forward-auth-headers = "Remote-User"
forward-auth-reply-headers = "Set-Cookie"

[site.few]
host = ["few.test", "www.few.test"]
${upstream}
rate-limit = "2/h,key=header:X-Who"

[site.wide]
host = "*.test"
${upstream}
deny = "198.51.100.0/24"
allow = "/staff=192.0.2.0/24"
redirect = "/old=/new"

[site.inner]
host = "inner.test"
${upstream}
`,
  );
  front = await StartedFront.start({ arguments: [], folder: workspace.path });
});
after(async () => {
  await front?.stop();
  for (const server of [app, authorizer]) {
    server.closeAllConnections();
    server.close();
  }
  await afterwards.run();
});

test('how a password is asked for, and whether the app gets it, is for each site to say', async (t) => {
  // The front believes this machine, where its proxy would be: the client is another, and came without TLS.
  const from = { 'x-forwarded-for': '192.0.2.1', 'x-forwarded-proto': 'http' };
  const plain = new Client({ port: front.port('http'), ca: undefined }, 'http/1.1');
  t.after(() => plain.close());
  const ask = (host: string, headers: Record<string, string>): Promise<Reply> =>
    plain.request('/', { headers: { ...headers, ...from, host } });
  assert.deepEqual([(await ask('lax.test', {})).status, (await ask('locked.test', {})).status], [401, 403]);
  assert.equal((await ask('lax.test', PASSWORD)).text, PASSWORD.authorization);
  const secure = new Client({ port: front.port(), ca: front.ca }, 'h2');
  t.after(() => secure.close());
  const locked = await secure.request('/', { headers: { ...PASSWORD, host: 'locked.test' } });
  assert.deepEqual([locked.status, locked.text], [200, 'app']);
});

const EVERY = ['locked.test', 'asked.test', 'few.test', 'x.test', 'inner.test'];

for (const protocol of PROTOCOLS) {
  describe(`sites over ${protocol}`, () => {
    let client: Client;
    before(() => {
      client = new Client({ port: front.port(), ca: front.ca }, protocol);
    });
    after(() => client.close());
    const ask = (host: string, path = '/', headers: Record<string, string> = {}): Promise<Reply> =>
      client.request(path, { headers: { ...headers, host } });
    const statuses = (path: string, headers: Record<string, string>): Promise<readonly number[]> =>
      Promise.all(EVERY.map(async (host) => (await ask(host, path, headers)).status));

    test('a password is asked for at every name of its site, and nowhere else', async () => {
      assert.deepEqual(await statuses('/', { 'x-who': `${protocol} a` }), [401, 200, 200, 200, 200]);
      assert.equal((await ask('www.locked.test')).status, 401);
      assert.equal((await ask('LOCKED.test.', '/', PASSWORD)).status, 200);
      const elsewhere = await ask('asked.test', '/in', PASSWORD);
      assert.equal(elsewhere.status, 401, 'the password of one site opens no other');
    });

    test('an authorizer is asked about requests of its site alone', async () => {
      const headers = { cookie: 'session=good', 'remote-user': 'root' };
      const inside = await ask('asked.test', '/in', headers);
      assert.deepEqual(
        [inside.status, inside.text, inside.headers['set-cookie']],
        [200, 'anna', ['session=renewed']],
      );
      assert.equal((await ask('asked.test', '/in')).status, 401);
      const outside = await ask('inner.test', '/in', headers);
      assert.deepEqual(
        [outside.status, outside.text, outside.headers['set-cookie']],
        [200, 'root', undefined],
      );
    });

    test('a rate is for the site as a whole, and counts no requests of others', async () => {
      const who = { 'x-who': `${protocol} b` };
      for (const host of ['inner.test', 'x.test', 'inner.test'])
        assert.equal((await ask(host, '/', who)).status, 200);
      const counted = [];
      for (const host of ['few.test', 'www.few.test', 'few.test', 'www.few.test'])
        counted.push((await ask(host, '/', who)).status);
      assert.deepEqual(counted, [200, 200, 429, 429]);
      assert.equal((await ask('inner.test', '/', who)).status, 200);
    });

    test('addresses are kept out of the site that says so, not of another whose name its wildcard covers', async () => {
      const from = (address: string) => ({
        'x-forwarded-for': address,
        'x-who': `${protocol} c`,
        ...PASSWORD,
      });
      assert.deepEqual(await statuses('/', from('198.51.100.7')), [200, 200, 200, 403, 200]);
      assert.deepEqual(await statuses('/staff', from('192.0.2.9')), [200, 200, 200, 200, 200]);
      assert.deepEqual(await statuses('/staff', { ...from('198.18.0.1'), 'x-who': `${protocol} d` }), [
        ...[200, 200, 200, 403, 200],
      ]);
      assert.deepEqual(
        await statuses('/', from('203.0.113.1')),
        [403, 403, 403, 403, 403],
        'what stands above',
      );
    });

    test('redirects of a site with a wildcard are not for the names of others', async () => {
      assert.equal((await ask('x.test', '/old')).headers.location, '/new');
      assert.equal((await ask('inner.test', '/old')).status, 200);
    });
  });
}
