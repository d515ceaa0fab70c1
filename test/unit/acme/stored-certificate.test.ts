/** Certificates of ACME in the store: where they lie, and what of them can be served. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  keysOf,
  parseCertificate,
  readStoredCertificate,
} from '../../../src/certificates/acme/stored-certificate.js';
import { issueLeaf } from '../../../src/certificates/development/x509-issuer.js';
import { openFileStore } from '../../../src/certificates/store/file-store.js';
import { testCertificates } from '../../support/certificates.js';
import { makeWorkspace } from '../../support/workspace.js';

const { root, intermediate, leaf, otherLeaf } = await testCertificates();

test('each authority and each name has a place of its own', () => {
  const keys = keysOf('https://acme-v02.api.letsencrypt.org/directory');
  assert.equal(
    keys.certificate('www.example.com'),
    'acme/acme-v02.api.letsencrypt.org-directory/certificates/www.example.com.pem',
  );
  assert.match(keys.certificate('*.example.com'), /\/wildcard_\.example\.com\.pem$/);
  assert.equal(keysOf('https://[::1]:14000/dir').accountKey, 'acme/-1-14000-dir/account.key');
  assert.notEqual(keysOf('https://ca.example/a').account, keysOf('https://ca.example/b').account);
});

test('chain, key and times of a stored certificate are read', async (t) => {
  const store = openFileStore(makeWorkspace(t).path);
  const keys = keysOf('https://[::1]:14000/dir');
  assert.equal(await readStoredCertificate(store, keys, 'app.test'), undefined);
  await store.put(keys.certificate('app.test'), leaf.certPem + intermediate.certPem + leaf.keyPem);
  const stored = await readStoredCertificate(store, keys, 'app.test');
  assert.equal(stored?.chainPem, leaf.certPem + intermediate.certPem);
  assert.equal(stored?.keyPem, leaf.keyPem);
  assert.ok(stored !== undefined && stored.startMs < Date.now() && stored.endMs > Date.now());
});

test('what cannot be served counts as absent', async () => {
  const wildcard = await issueLeaf(root, ['*.app.test']);
  for (const [title, pem] of [
    ['nothing', ''],
    ['no key', leaf.certPem],
    ['no certificate', leaf.keyPem],
    ['key of another', leaf.certPem + otherLeaf.keyPem],
    ['another name', otherLeaf.certPem + otherLeaf.keyPem],
    ['a wildcard of the name', wildcard.certPem + wildcard.keyPem],
    ['cut', (leaf.certPem + leaf.keyPem).slice(0, 300)],
  ] as const) {
    assert.equal(parseCertificate(pem, 'app.test'), undefined, title);
  }
});
