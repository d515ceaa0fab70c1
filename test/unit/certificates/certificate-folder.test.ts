/** Folders of certificates: which key goes with which file, and what is refused. */
import assert from 'node:assert/strict';
import { relative } from 'node:path';
import { test } from 'node:test';
import { findCertificates } from '../../../src/certificates/chain/certificate-folder.js';
import { testCertificates } from '../../support/certificates.js';
import { makeWorkspace, type Workspace } from '../../support/workspace.js';

const all = await testCertificates();

async function found(folder: Workspace): Promise<string[]> {
  const list = await findCertificates(folder.path);
  return list.found.map(({ certFile, keyFile, beside }) =>
    [certFile, keyFile, ...beside].map((file) => relative(folder.path, file)).join(' '),
  );
}

test('name.crt and name.key of several names side by side', async (t) => {
  const folder = makeWorkspace(t);
  folder.write('app.test.crt', all.leaf.certPem);
  folder.write('app.test.key', all.leaf.keyPem);
  folder.write('other.test.crt', all.otherLeaf.certPem);
  folder.write('other.test.key', all.otherLeaf.keyPem);
  assert.deepEqual(await found(folder), [
    'app.test.crt app.test.key other.test.crt',
    'other.test.crt other.test.key app.test.crt',
  ]);
});

test('the file with the whole chain is taken before the leaf alone', async (t) => {
  const folder = makeWorkspace(t);
  folder.write('site/cert.pem', all.leaf.certPem);
  folder.write('site/chain.pem', all.intermediate.certPem);
  folder.write('site/fullchain.pem', all.chainPem);
  folder.write('site/privkey.pem', all.leaf.keyPem);
  folder.write('site/README', 'text');
  assert.deepEqual(await found(folder), ['site/fullchain.pem site/privkey.pem site/chain.pem']);
});

test('key and certificate may be one file', async (t) => {
  const folder = makeWorkspace(t);
  folder.write('both.pem', all.leaf.keyPem + all.chainPem);
  assert.deepEqual(await found(folder), ['both.pem both.pem']);
});

test('folders that begin with a dot are left out', async (t) => {
  const folder = makeWorkspace(t);
  folder.write('..2026/tls.key', all.leaf.keyPem);
  folder.write('site/tls.crt', all.leaf.certPem);
  folder.write('site/tls.key', all.leaf.keyPem);
  assert.deepEqual(await found(folder), ['site/tls.crt site/tls.key']);
});

test("uWSGI's name.ca is the client authority of name.crt and name.key", async (t) => {
  const folder = makeWorkspace(t);
  for (const [name, { certPem, keyPem }] of Object.entries({ 'app.test': all.leaf, other: all.otherLeaf })) {
    folder.write(`${name}.crt`, certPem);
    folder.write(`${name}.key`, keyPem);
  }
  folder.write('app.test.ca', all.root.certPem);
  folder.write('in/app.test.key', all.leaf.keyPem);
  folder.write('in/fullchain.pem', all.chainPem);
  const list = await findCertificates(folder.path);
  assert.deepEqual(
    list.found.map(({ keyFile, clientAuthorityFile }) => [
      relative(folder.path, keyFile),
      clientAuthorityFile && relative(folder.path, clientAuthorityFile),
    ]),
    [
      ['app.test.key', 'app.test.ca'],
      ['in/app.test.key', null],
      ['other.key', null],
    ],
  );
});
