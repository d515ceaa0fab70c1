/** The secret behind the cookie of `--sticky`. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { openFileStore } from '../../../src/certificates/store/file-store.js';
import { loadStickySecret } from '../../../src/serving/sticky-secret.js';
import { makeWorkspace } from '../../support/workspace.js';

test('it is made once and found again by the next start', async (t) => {
  const folder = makeWorkspace(t);
  const warnings: string[] = [];
  const load = (): Promise<string> =>
    loadStickySecret(openFileStore(folder.at('store')), (text) => warnings.push(text));
  const first = await load();
  assert.equal(Buffer.from(first, 'base64').length, 32);
  assert.equal(await load(), first);
  assert.deepEqual(warnings, []);
});

test('a damaged one is replaced', async (t) => {
  const folder = makeWorkspace(t);
  const store = openFileStore(folder.at('store'));
  await store.put('front/sticky.secret', 'short');
  const secret = await loadStickySecret(store, () => assert.fail('no warning'));
  assert.equal(Buffer.from(secret, 'base64').length, 32);
});

test('where it cannot be kept there is one for this run, and a warning', async (t) => {
  const folder = makeWorkspace(t);
  const file = folder.at('file');
  writeFileSync(file, '');
  const warnings: string[] = [];
  const secret = await loadStickySecret(openFileStore(`${file}/store`), (text) => warnings.push(text));
  assert.equal(Buffer.from(secret, 'base64').length, 32);
  assert.match(warnings[0] ?? '', /^--sticky: .*; after a restart browsers may meet another app$/);
});
