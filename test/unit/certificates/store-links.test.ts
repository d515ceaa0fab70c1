/** The store never follows links that somebody planted: what is theirs stays theirs, and what is not stays whole. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  chownSync,
  existsSync,
  lchownSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { test } from 'node:test';
import { openFileStore } from '../../../src/certificates/store/file-store.js';
import { within } from '../../support/deadline.js';
import { makeWorkspace } from '../../support/workspace.js';

const isRoot = process.getuid?.() === 0;
/** Any account that is not root. */
const SOMEBODY = 65534;

test('a value is never written through a link in place of its file', async (t) => {
  const folder = makeWorkspace(t);
  const victim = folder.write('victim', 'untouched', 0o644);
  mkdirSync(folder.at('store/replaced'), { recursive: true });
  symlinkSync(victim, folder.at('store/replaced/key.pem'));
  const store = openFileStore(folder.at('store'));
  await store.put('replaced/key.pem', 'ours');
  assert.equal(readFileSync(victim, 'utf8'), 'untouched');
  assert.equal(statSync(victim).mode & 0o777, 0o644);
  assert.equal(lstatSync(folder.at('store/replaced/key.pem')).isFile(), true);
});

test('a value is never read through a link', async (t) => {
  const folder = makeWorkspace(t);
  const victim = folder.write('victim', 'secret', 0o644);
  mkdirSync(folder.at('store'));
  symlinkSync(victim, folder.at('store/key.pem'));
  const store = openFileStore(folder.at('store'));
  await assert.rejects(store.get('key.pem'), /store\/key\.pem is a symbolic link/);
  assert.equal(statSync(victim).mode & 0o777, 0o644, 'nor are its permissions changed');
  assert.deepEqual(await store.list(''), []);
  assert.equal(await store.delete('key.pem'), true);
  assert.equal(readFileSync(victim, 'utf8'), 'secret');
});

test('a folder inside the store that is a link is refused, for reading, writing, deleting and locking', async (t) => {
  const folder = makeWorkspace(t);
  mkdirSync(folder.at('elsewhere'));
  writeFileSync(folder.at('elsewhere/key'), 'x');
  mkdirSync(folder.at('store'));
  symlinkSync(folder.at('elsewhere'), folder.at('store/deep'));
  const store = openFileStore(folder.at('store'));
  const refusal = /store\/deep is a symbolic link/;
  await assert.rejects(store.get('deep/key'), refusal);
  await assert.rejects(store.put('deep/new', 'x'), refusal);
  await assert.rejects(store.delete('deep/key'), refusal);
  await assert.rejects(
    store.withLock('deep/new', async () => undefined),
    refusal,
  );
  assert.deepEqual(
    [existsSync(folder.at('elsewhere/new')), existsSync(folder.at('elsewhere/key'))],
    [false, true],
  );
});

test('a pipe in place of a file holds nobody up', async (t) => {
  const folder = makeWorkspace(t);
  mkdirSync(folder.at('store'));
  assert.equal(spawnSync('mkfifo', [folder.at('store/key.pem')]).status, 0);
  const got = openFileStore(folder.at('store')).get('key.pem');
  await assert.rejects(within(got, 30_000, 'the answer'), /key\.pem is no ordinary file/);
});

test('a link of our own above the store is followed, as for a data folder on another disk', async (t) => {
  const folder = makeWorkspace(t);
  mkdirSync(folder.at('disk'));
  mkdirSync(folder.at('deep'));
  symlinkSync('../disk', folder.at('deep/relative'));
  symlinkSync(folder.at('disk'), folder.at('absolute'));
  for (const [above, key] of [
    [folder.at('absolute'), 'a'],
    [folder.at('deep/relative'), 'b'],
  ] as const) {
    await openFileStore(`${above}/tlsfront`).put(key, key);
    assert.equal(readFileSync(folder.at(`disk/tlsfront/${key}`), 'utf8'), key);
  }
});

test("root in a user's home: the user's links lead nowhere, and new folders are the user's", {
  skip: !isRoot,
}, async (t) => {
  const folder = makeWorkspace(t);
  mkdirSync(folder.at('home'));
  mkdirSync(folder.at('roots'));
  chownSync(folder.at('home'), SOMEBODY, SOMEBODY);
  symlinkSync(folder.at('roots'), folder.at('home/.local'));
  lchownSync(folder.at('home/.local'), SOMEBODY, SOMEBODY);
  await assert.rejects(
    openFileStore(folder.at('home/.local/share/tlsfront')).put('key', 'x'),
    /home\/\.local is a symbolic link/,
  );
  assert.equal(existsSync(folder.at('roots/share')), false);
  await openFileStore(folder.at('home/.data/tlsfront')).put('deep/key', 'x');
  for (const path of ['.data', '.data/tlsfront', '.data/tlsfront/deep', '.data/tlsfront/deep/key'])
    assert.equal(lstatSync(folder.at(`home/${path}`)).uid, SOMEBODY, path);
});
