/** The development authority: made once, kept, renewed, and explained when it was lost. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { AUTHORITY_CERT_KEY, AUTHORITY_KEY_KEY } from '../../../src/certificates/development/authority.js';
import { ensureDevelopmentLeaf } from '../../../src/certificates/development/leaf.js';
import { DAY_MS } from '../../../src/certificates/development/x509-issuer.js';
import { openFileStore } from '../../../src/certificates/store/file-store.js';
import { daysFromNow } from '../../support/certificates.js';
import { makeWorkspace, PACKAGE_ROOT } from '../../support/workspace.js';

const NOW = new Date();

test('the first call makes an authority and a leaf for the local names and the given ones', async (t) => {
  const store = openFileStore(makeWorkspace(t).path);
  const made = await ensureDevelopmentLeaf(store, ['App.test', '*.app.test', '192.168.1.20'], NOW);
  assert.equal(made.authorityCreated, true);
  assert.equal(made.leafCreated, true);
  const leaf = new X509Certificate(made.chainPem);
  const root = new X509Certificate(readFileSync(made.authorityFile));
  assert.equal(leaf.verify(root.publicKey), true);
  assert.equal(leaf.checkIssued(root), true);
  for (const host of ['localhost', 'app.test', 'x.app.test']) {
    assert.notEqual(leaf.checkHost(host), undefined, host);
  }
  for (const address of ['127.0.0.1', '::1', '192.168.1.20']) {
    assert.notEqual(leaf.checkIP(address), undefined, address);
  }
  assert.deepEqual(made.names, ['localhost', '127.0.0.1', '::1', 'app.test', '*.app.test', '192.168.1.20']);
  assert.deepEqual(made.notes, []);
});

test('the authority is named after its owner, signs no further authority and lasts ten years', async (t) => {
  const store = openFileStore(makeWorkspace(t).path);
  const { authorityFile } = await ensureDevelopmentLeaf(store, [], NOW);
  const root = new X509Certificate(readFileSync(authorityFile));
  assert.match(root.subject, /tlsfront development authority \(.+@.+\)?/);
  assert.ok(root.subject.includes(`@${hostname()}`.slice(0, 8)));
  assert.equal(root.ca, true);
  assert.ok(Date.parse(root.validTo) - NOW.getTime() > 3650 * DAY_MS);
});

test('the leaf is for servers, is no authority and is shorter than 397 days', async (t) => {
  const { chainPem } = await ensureDevelopmentLeaf(openFileStore(makeWorkspace(t).path), [], NOW);
  const leaf = new X509Certificate(chainPem);
  assert.deepEqual(leaf.keyUsage, ['1.3.6.1.5.5.7.3.1']);
  assert.equal(leaf.ca, false);
  assert.ok(Date.parse(leaf.validTo) - Date.parse(leaf.validFrom) <= 397 * DAY_MS);
});

test('a second call keeps authority and leaf', async (t) => {
  const store = openFileStore(makeWorkspace(t).path);
  const first = await ensureDevelopmentLeaf(store, ['app.test'], NOW);
  const second = await ensureDevelopmentLeaf(store, ['app.test'], NOW);
  assert.deepEqual([second.authorityCreated, second.leafCreated], [false, false]);
  assert.equal(second.chainPem, first.chainPem);
  assert.equal(second.keyPem, first.keyPem);
});

test('a new name gets a new leaf from the same authority, and the old leaf stays for its own front', async (t) => {
  const store = openFileStore(makeWorkspace(t).path);
  const first = await ensureDevelopmentLeaf(store, ['a.test'], NOW);
  const other = await ensureDevelopmentLeaf(store, ['b.test'], NOW);
  assert.deepEqual([other.authorityCreated, other.leafCreated], [false, true]);
  const again = await ensureDevelopmentLeaf(store, ['a.test'], NOW);
  assert.equal(again.chainPem, first.chainPem);
});

test('a leaf with less than a third of its life left is issued again', async (t) => {
  const store = openFileStore(makeWorkspace(t).path);
  const first = await ensureDevelopmentLeaf(store, [], NOW);
  const kept = await ensureDevelopmentLeaf(store, [], daysFromNow(58));
  assert.equal(kept.leafCreated, false);
  const renewed = await ensureDevelopmentLeaf(store, [], daysFromNow(62));
  assert.equal(renewed.leafCreated, true);
  assert.ok(renewed.notAfter > first.notAfter);
});

test('a leaf never outlives its authority', async (t) => {
  const store = openFileStore(makeWorkspace(t).path);
  const { authorityFile } = await ensureDevelopmentLeaf(store, [], NOW);
  const end = Date.parse(new X509Certificate(readFileSync(authorityFile)).validTo);
  const late = await ensureDevelopmentLeaf(store, [], new Date(end - 10 * DAY_MS));
  assert.equal(late.notAfter.getTime(), end);
});

test('an expired authority is explained, remade and kept aside', async (t) => {
  const store = openFileStore(makeWorkspace(t).path);
  const first = await ensureDevelopmentLeaf(store, [], NOW);
  const remade = await ensureDevelopmentLeaf(store, [], daysFromNow(3700));
  assert.deepEqual([first.authorityCreated, remade.authorityCreated, remade.leafCreated], [true, true, true]);
  assert.match(remade.notes.join(), /expired on \d{4}-\d\d-\d\d\. A new development authority was made/);
  assert.equal((await store.list('development/replaced/')).length, 1);
});

const damages: readonly [string, (folder: string) => void, RegExp][] = [
  [
    'a damaged certificate',
    (folder) => writeFileSync(join(folder, AUTHORITY_CERT_KEY), 'rubbish'),
    /damaged/,
  ],
  ['an empty certificate', (folder) => writeFileSync(join(folder, AUTHORITY_CERT_KEY), ''), /damaged/],
  [
    'a damaged key',
    (folder) => writeFileSync(join(folder, AUTHORITY_KEY_KEY), 'rubbish'),
    /private key.*damaged/,
  ],
];
for (const [what, damage, explanation] of damages) {
  test(`${what} of the authority is explained and remade`, async (t) => {
    const folder = makeWorkspace(t).path;
    const store = openFileStore(folder);
    const first = await ensureDevelopmentLeaf(store, [], NOW);
    damage(folder);
    const remade = await ensureDevelopmentLeaf(store, [], NOW);
    assert.deepEqual([remade.authorityCreated, remade.leafCreated], [true, true]);
    assert.match(remade.notes.join(), explanation);
    assert.notEqual(remade.chainPem, first.chainPem);
  });
}

test('an authority whose key is lost is explained and remade', async (t) => {
  const store = openFileStore(makeWorkspace(t).path);
  await ensureDevelopmentLeaf(store, [], NOW);
  await store.delete(AUTHORITY_KEY_KEY);
  const remade = await ensureDevelopmentLeaf(store, [], NOW);
  assert.equal(remade.authorityCreated, true);
  assert.match(remade.notes.join(), /private key of the development authority is gone/);
});

test('an authority with the key of another is remade', async (t) => {
  const one = openFileStore(makeWorkspace(t).path);
  const two = openFileStore(makeWorkspace(t).path);
  await ensureDevelopmentLeaf(one, [], NOW);
  await ensureDevelopmentLeaf(two, [], NOW);
  await one.put(AUTHORITY_KEY_KEY, (await two.get(AUTHORITY_KEY_KEY)) ?? '');
  const remade = await ensureDevelopmentLeaf(one, [], NOW);
  assert.equal(remade.authorityCreated, true);
});

test('keys are readable by their owner alone', { skip: process.platform === 'win32' }, async (t) => {
  const folder = join(makeWorkspace(t).path, 'data');
  const store = openFileStore(folder);
  await ensureDevelopmentLeaf(store, [], NOW);
  assert.equal(statSync(folder).mode & 0o777, 0o700);
  assert.equal(statSync(join(folder, 'development')).mode & 0o777, 0o700);
  for (const key of await store.list('development/')) {
    assert.equal(statSync(store.pathOf(key)).mode & 0o777, 0o600, key);
  }
});

test('two fronts that start at once make one authority', async (t) => {
  const folder = makeWorkspace(t).path;
  const made = await Promise.all(
    ['a.test', 'b.test', 'c.test', 'a.test'].map((name) =>
      ensureDevelopmentLeaf(openFileStore(folder), [name], NOW),
    ),
  );
  assert.equal(made.filter((one) => one.authorityCreated).length, 1);
  const root = new X509Certificate(readFileSync(join(folder, AUTHORITY_CERT_KEY)));
  for (const one of made) {
    assert.equal(new X509Certificate(one.chainPem).verify(root.publicKey), true);
  }
  assert.equal(made[0]?.chainPem, made[3]?.chainPem);
});

test('two processes that start at once make one authority', async (t) => {
  const folder = makeWorkspace(t).at('data');
  const module = (name: string): string =>
    JSON.stringify(pathToFileURL(`${PACKAGE_ROOT}dist/src/certificates/${name}.js`).href);
  const program = `
    import { ensureDevelopmentLeaf } from ${module('development/leaf')};
    import { openFileStore } from ${module('store/file-store')};
    const made = await ensureDevelopmentLeaf(openFileStore(process.argv[1]), [process.argv[2]], new Date());
    process.stdout.write(JSON.stringify(made));`;
  const run = promisify(execFile);
  const made = await Promise.all(
    ['a.test', 'b.test'].map(async (name) => {
      const { stdout } = await run(process.execPath, ['--input-type=module', '-e', program, folder, name]);
      return JSON.parse(stdout);
    }),
  );
  assert.equal(made.filter((one) => one.authorityCreated).length, 1);
  const root = new X509Certificate(readFileSync(join(folder, AUTHORITY_CERT_KEY)));
  for (const one of made) {
    assert.equal(new X509Certificate(one.chainPem).verify(root.publicKey), true);
  }
});

test('a name that is no host name is refused with what to write instead', async (t) => {
  const store = openFileStore(makeWorkspace(t).path);
  for (const name of ['https://app.test', 'app.test:8443', 'a b', '*', 'a.*.test', '', '300.1.2.3']) {
    await assert.rejects(ensureDevelopmentLeaf(store, [name], NOW), { code: 'config_invalid' }, name);
  }
});

test('an international name is issued in its ASCII form', async (t) => {
  const made = await ensureDevelopmentLeaf(openFileStore(makeWorkspace(t).path), ['bücher.test'], NOW);
  assert.equal(made.names.at(-1), 'xn--bcher-kva.test');
});
