/** Certificates from a real ACME authority (Pebble), by each challenge, served by a front that runs. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { connect, createServer as createTcpServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { pipeline } from 'node:stream';
import { type TestContext, test } from 'node:test';
import { acmeScene, type Handshake, isServed, shakeHands, startAcmeFront } from '../support/acme-front.js';
import { issueTestAuthority } from '../support/certificates.js';
import { Client } from '../support/https-client.js';
import { MISSING } from '../support/tools.js';
import { makeWorkspace } from '../support/workspace.js';

/** Passes what comes to the port on, to each of the listeners in turn. */
async function alternate(t: TestContext, port: number) {
  let ports: readonly number[] = [];
  let turn = 0;
  const taken = new Map<number, number>();
  const relay = createTcpServer((client) => {
    const target = ports[turn % ports.length] ?? 0;
    turn += 1;
    taken.set(target, (taken.get(target) ?? 0) + 1);
    pipeline(client, connect(target, '127.0.0.1'), client, () => undefined);
  });
  relay.listen(port, '127.0.0.1');
  t.after(() => relay.close());
  await once(relay, 'listening');
  return {
    lead(to: readonly number[]): void {
      ports = to;
    },
    taken: (one: number): number => taken.get(one) ?? 0,
  };
}

test('with one authority', async (t) => {
  const scene = await acmeScene(t);
  if (scene === MISSING) return;
  const root = await scene.pebble.root();
  let first: Handshake = { outcome: 'none', serialNumber: '', issuer: '', names: '' };

  await t.test(
    'tls-alpn-01: a front starts at once, and serves the certificates as soon as they have come',
    async (t) => {
      const front = await startAcmeFront(t, scene, ['one.test', 'two.test']);
      assert.match(
        front.log,
        /no certificate yet for one\.test, two\.test: until it has come, clients are shown a temp/,
      );
      first = await isServed(front, 'one.test', root);
      await isServed(front, 'two.test', root);
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
    },
  );

  await t.test(
    'http-01 is answered on both kinds of listeners of both engines, by each of two routers',
    async (t) => {
      const relay = await alternate(t, scene.httpPort);
      for (const engine of ['direct', 'library']) {
        await t.test(engine, async (t) => {
          const names = ['one.test', 'two.test', 'three.test'];
          const front = await startAcmeFront(t, { ...scene, data: makeWorkspace(t) }, names, [
            ...['--engine', engine, '--http-processes', '2', '--acme-challenge', 'http-01'],
            ...['--http-to-https', '127.0.0.1:0', '--http', '127.0.0.1:0'],
          ]);
          const ports = [front.port('http-to-https'), front.port('http')];
          relay.lead(ports);
          for (const name of names) await isServed(front, name, root);
          for (const [index, port] of ports.entries()) {
            assert.ok(relay.taken(port) > 0, 'the authority has looked at both');
            const plain = new Client({ port, ca: undefined }, 'http/1.1');
            t.after(() => plain.close());
            const other = await plain.request('/.well-known/acme-challenge/of-the-app');
            assert.equal(other.status, index === 0 ? 308 : 404, 'an unknown token is not ours');
          }
        });
      }
    },
  );

  await t.test('dns-01: the hook writes the records of a wildcard and takes them away again', async (t) => {
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
      { ...scene, data: makeWorkspace(t) },
      ['*.wild.test', 'wild.test'],
      [...['--acme-dns-hook', hook, '--acme-dns-wait', '100ms']],
    );
    await isServed(front, 'anything.wild.test', root);
    await isServed(front, 'wild.test', root);
    assert.match((await shakeHands(front.port(), 'any.wild.test', root)).names, /DNS:\*\.wild\.test/);
    await front.logged(/ACME: wild\.test has a certificate/);
    const calls = readFileSync(folder.at('calls'), 'utf8').trim().split('\n');
    const one = ['present _acme-challenge.wild.test', 'cleanup _acme-challenge.wild.test'];
    assert.deepEqual(calls, [...one, ...one]);
    assert.deepEqual(readdirSync(dns.texts.path), []);
  });

  await t.test(
    'the authority is reached through the proxy of HTTPS_PROXY, and verified all the same',
    async (t) => {
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
      const front = await startAcmeFront(
        t,
        { ...scene, data: makeWorkspace(t) },
        ['one.test'],
        byName,
        environment,
      );
      await isServed(front, 'one.test', root);
      assert.deepEqual([...asked], [`localhost:${scene.pebble.port}`]);
      await front.stop();
      const { certPem } = await issueTestAuthority('Another Root');
      const wrong = [...byName, '--acme-ca', scene.pebble.folder.write('other.pem', certPem)];
      const other = await startAcmeFront(
        t,
        { ...scene, data: makeWorkspace(t) },
        ['two.test'],
        wrong,
        environment,
      );
      await other.logged(/error: ACME: .*shows a certificate that is not trusted/);
    },
  );

  await t.test(
    'a stored certificate is served at once after a restart, without a word to the authority',
    async (t) => {
      await scene.pebble.stop();
      const second = await startAcmeFront(t, scene, ['one.test']);
      const after = await shakeHands(second.port(), 'one.test', root);
      assert.equal(after.outcome, 'verified');
      assert.equal(after.serialNumber, first.serialNumber);
      assert.match(second.log, /certificate of one\.test valid until \S+ \(\d+ days\), from ACME/);
      assert.doesNotMatch(second.log, /^ACME: |^error:/m);
    },
  );

  await t.test('an authority that has forgotten the account gets a new one', async (t) => {
    const { port } = scene.pebble;
    const again = await acmeScene(t, { port, tlsPort: scene.httpsPort });
    assert.ok(again !== MISSING);
    const second = await startAcmeFront(t, { ...scene, pebble: again.pebble }, ['one.test', 'new.test']);
    await isServed(second, 'new.test', await again.pebble.root());
    assert.match(second.log, /ACME: made an account/);
  });
});

test('orders go through although the authority refuses good nonces, with the external account bound that it asks for', async (t) => {
  const key = Buffer.alloc(32, 7).toString('base64url');
  const scene = await acmeScene(t, { refusedNonces: 30, externalAccounts: { 'kid-1': key } });
  if (scene === MISSING) return;
  const keyFile = scene.pebble.folder.write('eab.key', `${key}\n`);
  const names = ['one.test', 'two.test', 'three.test', 'four.test'];
  const bound = ['--acme-eab-kid', 'kid-1', '--acme-eab-key-file', keyFile];
  const front = await startAcmeFront(t, scene, names, bound);
  const root = await scene.pebble.root();
  for (const name of names) await isServed(front, name, root);
  assert.match(scene.pebble.log, /badNonce|invalid anti-replay nonce|reject/i);
  assert.doesNotMatch(front.log, /nonce/i);
});
