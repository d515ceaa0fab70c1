/** Certificates from a real ACME authority (Pebble), by each challenge, served by a front that runs. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { pipeline } from 'node:stream';
import { test } from 'node:test';
import { acmeScene, isServed, shakeHands, startAcmeFront } from '../support/acme-front.js';
import { issueTestAuthority } from '../support/certificates.js';
import { Client } from '../support/https-client.js';
import { MISSING } from '../support/tools.js';

test('tls-alpn-01: a front starts at once, and serves the certificates as soon as they have come', async (t) => {
  const scene = await acmeScene(t);
  if (scene === MISSING) return;
  const front = await startAcmeFront(t, scene, ['one.test', 'two.test']);
  assert.match(
    front.log,
    /no certificate yet for one\.test, two\.test: until it has come, clients are shown a temp/,
  );
  const root = await scene.pebble.root();
  for (const name of ['one.test', 'two.test']) await isServed(front, name, root);
  assert.match(
    front.log,
    /ACME: made an account for ops@example\.net at 127\.0\.0\.1:\d+; .*terms of service: \S+/,
  );
  assert.match(
    front.log,
    /ACME: one\.test has a certificate until \d{4}-\d\d-\d\d; it is renewed about \d{4}-\d\d-\d\d/,
  );
  const client = new Client({ port: front.port(), ca: root, serverName: 'one.test' }, 'h2');
  t.after(() => client.close());
  assert.equal((await client.request('/hello')).status, 200);
  const folder = join(scene.data.path, 'tlsfront/acme');
  const entries = readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) =>
    join(folder, name),
  );
  assert.ok(
    entries.some((name) => name.endsWith('certificates/one.test.pem')),
    entries.join('\n'),
  );
  for (const entry of entries) {
    const status = statSync(entry);
    assert.equal(status.mode & 0o777, status.isDirectory() ? 0o700 : 0o600, entry);
  }
});

for (const { engine, kind } of [
  { engine: 'direct', kind: '--http-to-https' },
  { engine: 'direct', kind: '--http' },
  { engine: 'library', kind: '--http-to-https' },
  { engine: 'library', kind: '--http' },
]) {
  test(`http-01 is answered on a ${kind} listener of the ${engine} engine, by each of two routers`, async (t) => {
    const scene = await acmeScene(t);
    if (scene === MISSING) return;
    const names = ['one.test', 'two.test', 'three.test'];
    const front = await startAcmeFront(t, scene, names, [
      ...['--engine', engine, '--http-processes', '2', '--acme-challenge', 'http-01'],
      ...[kind, `127.0.0.1:${scene.httpPort}`],
    ]);
    const root = await scene.pebble.root();
    for (const name of names) await isServed(front, name, root);
    const plain = new Client({ port: scene.httpPort, ca: undefined }, 'http/1.1');
    t.after(() => plain.close());
    const other = await plain.request('/.well-known/acme-challenge/of-the-app');
    assert.equal(other.status, kind === '--http' ? 404 : 308, 'an unknown token is not ours');
  });
}

test('dns-01: the hook writes the records of a wildcard and takes them away again', async (t) => {
  const scene = await acmeScene(t);
  if (scene === MISSING) return;
  const { dns, folder } = scene.pebble;
  const hook = folder.write(
    'dns hook',
    `#!/bin/sh
echo "$1 $2" >>'${folder.at('calls')}'
case $1 in
  present) echo "$3" >>'${dns.texts.path}'/"$2" ;;
  cleanup) rm '${dns.texts.path}'/"$2" ;;
esac
`,
    0o700,
  );
  const front = await startAcmeFront(
    t,
    scene,
    ['*.wild.test', 'wild.test'],
    [...['--acme-dns-hook', hook, '--acme-dns-wait', '100ms']],
  );
  const root = await scene.pebble.root();
  await isServed(front, 'anything.wild.test', root);
  await isServed(front, 'wild.test', root);
  assert.match((await shakeHands(front.port(), 'any.wild.test', root)).names, /DNS:\*\.wild\.test/);
  await front.logged(/ACME: wild\.test has a certificate/);
  const calls = readFileSync(folder.at('calls'), 'utf8').trim().split('\n');
  const one = ['present _acme-challenge.wild.test', 'cleanup _acme-challenge.wild.test'];
  assert.deepEqual(calls, [...one, ...one]);
  assert.deepEqual(readdirSync(dns.texts.path), []);
});

test('a stored certificate is served at once after a restart, without a word to the authority', async (t) => {
  const scene = await acmeScene(t);
  if (scene === MISSING) return;
  const first = await startAcmeFront(t, scene, ['one.test']);
  const root = await scene.pebble.root();
  const before = await isServed(first, 'one.test', root);
  await first.stop();
  await scene.pebble.stop();
  const second = await startAcmeFront(t, scene, ['one.test']);
  const after = await shakeHands(second.port(), 'one.test', root);
  assert.equal(after.outcome, 'verified');
  assert.equal(after.serialNumber, before.serialNumber);
  assert.match(second.log, /certificate of one\.test valid until \S+ \(\d+ days\), from ACME/);
  assert.doesNotMatch(second.log, /^ACME: |^error:/m);
});

test('orders go through although the authority refuses good nonces', async (t) => {
  const scene = await acmeScene(t, { refusedNonces: 30 });
  if (scene === MISSING) return;
  const names = ['one.test', 'two.test', 'three.test', 'four.test'];
  const front = await startAcmeFront(t, scene, names);
  const root = await scene.pebble.root();
  for (const name of names) await isServed(front, name, root);
  assert.match(scene.pebble.log, /badNonce|invalid anti-replay nonce|reject/i);
  assert.doesNotMatch(front.log, /nonce/i);
});

test('an external account is bound where the authority asks for one', async (t) => {
  const key = Buffer.alloc(32, 7).toString('base64url');
  const scene = await acmeScene(t, { externalAccounts: { 'kid-1': key } });
  if (scene === MISSING) return;
  const keyFile = scene.pebble.folder.write('eab.key', `${key}\n`);
  const front = await startAcmeFront(
    t,
    scene,
    ['one.test'],
    [...['--acme-eab-kid', 'kid-1', '--acme-eab-key-file', keyFile]],
  );
  await isServed(front, 'one.test', await scene.pebble.root());
});

test('an authority that has forgotten the account gets a new one', async (t) => {
  const scene = await acmeScene(t);
  if (scene === MISSING) return;
  const first = await startAcmeFront(t, scene, ['one.test']);
  await isServed(first, 'one.test', await scene.pebble.root());
  await first.stop();
  await scene.pebble.stop();
  const { port } = scene.pebble;
  const again = await acmeScene(t, { port, tlsPort: scene.httpsPort });
  if (again === MISSING) return;
  const second = await startAcmeFront(t, { ...scene, pebble: again.pebble }, ['one.test', 'two.test']);
  await isServed(second, 'two.test', await again.pebble.root());
  assert.match(second.log, /ACME: made an account/);
});

test('the authority is reached through the proxy of HTTPS_PROXY, and verified all the same', async (t) => {
  const scene = await acmeScene(t);
  if (scene === MISSING) return;
  const asked = new Set<string>();
  const proxy = createServer().on('connect', (request, client: Socket) => {
    asked.add(request.url ?? '');
    const upstream = connect(scene.pebble.port, '127.0.0.1', () => {
      client.write('HTTP/1.1 200 Connected\r\n\r\n');
      pipeline(client, upstream, client, () => undefined);
    });
  });
  proxy.listen(0, '127.0.0.1');
  t.after(() => proxy.close());
  await once(proxy, 'listening');
  const address = proxy.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const environment = { HTTPS_PROXY: `http://127.0.0.1:${port}`, NO_PROXY: '' };
  // By name: behind a proxy Node 26 refuses to ask an address.
  const byName = ['--acme-directory', `https://localhost:${scene.pebble.port}/dir`];
  const front = await startAcmeFront(t, scene, ['one.test'], byName, environment);
  await isServed(front, 'one.test', await scene.pebble.root());
  assert.deepEqual([...asked], [`localhost:${scene.pebble.port}`]);
  await front.stop();
  const { certPem } = await issueTestAuthority('Another Root');
  const wrong = [...byName, '--acme-ca', scene.pebble.folder.write('other.pem', certPem)];
  const other = await startAcmeFront(t, scene, ['two.test'], wrong, environment);
  await other.logged(/error: ACME: .*shows a certificate that is not trusted/);
});
