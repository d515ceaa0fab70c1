/** A folder is looked into once for a request, however many ask what is there for it. */
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
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
