/** A folder is looked into once for a request, however many ask what is there for it. */
import assert from 'node:assert/strict';
import { closeSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { test } from 'node:test';
import type { RequestHead } from '../../../proxy/exchange/types.js';
import { FileRoot } from '../../../proxy/upstream/files/file-root.js';
import { PLAIN_FILES } from '../../../src/shared/config/apps.js';
import { makeWorkspace } from '../../support/workspace.js';

test('what has decided the route of a request is its file; another request is looked at anew', (t) => {
  const folder = makeWorkspace(t);
  folder.write('a.txt', '');
  const root = new FileRoot(folder.path, { ...PLAIN_FILES, kind: 'before' });
  // The lease has a root of its own.
  const other = new FileRoot(folder.path, { ...PLAIN_FILES, kind: 'before' });
  const head = (): RequestHead => ({
    ...{ method: 'GET', path: '/static/a.txt', authority: 'localhost', headers: [], memo: null },
    httpVersion: '1.1',
  });
  const [first, second] = [head(), head()];
  assert.ok(root.has(first, '/a.txt'));
  rmSync(folder.at('a.txt'));
  assert.deepEqual(other.findFor(first, '/a.txt'), { kind: 'file', path: folder.at('a.txt') });
  assert.deepEqual(other.findFor(second, '/a.txt'), { kind: 'none' });
  assert.ok(!root.has(first, '/a.txt'));
  assert.deepEqual(other.findFor(first, '/a.txt'), { kind: 'none' });
});

test('a file that was opened a moment ago is no proof for what has its name now', (t) => {
  const folder = makeWorkspace(t);
  const file = folder.write('public/a.txt', 'a');
  folder.write('public/b.txt', 'b');
  const secret = folder.write('secret.txt', 's');
  const root = new FileRoot(folder.at('public'), PLAIN_FILES);
  const opens = (path: string): string | null => {
    const opened = root.open(path);
    if (opened === null) return null;
    closeSync(opened.fd);
    return opened.real;
  };
  for (let turn = 0; turn < 3; turn += 1) assert.equal(opens(file), file);
  rmSync(file);
  symlinkSync(secret, file);
  for (let turn = 0; turn < 3; turn += 1) assert.equal(opens(file), null);
  // A link that stays inside leads to another file's place.
  rmSync(file);
  symlinkSync(folder.at('public/b.txt'), file);
  assert.equal(opens(file), folder.at('public/b.txt'));
  // The inode is the same, and was changed since: by its new name, or by what was done to it.
  rmSync(file);
  renameSync(folder.at('public/b.txt'), secret);
  symlinkSync(secret, file);
  assert.equal(opens(file), null);
});
