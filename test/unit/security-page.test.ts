/** docs/security.md promises nothing without a test: the files that it names are there. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { PACKAGE_ROOT } from '../support/workspace.js';

const page = readFileSync(join(PACKAGE_ROOT, 'docs/security.md'), 'utf8');
const [, promised = ''] = /\n## What is promised\n(.*?)\n## /s.exec(page) ?? [];

test('every file of ours that the page names exists', () => {
  const names = [...page.matchAll(/`((?:test|proxy|src|app)\/[^`]+)`/g)].map(([, name = '']) => name);
  assert.ok(names.length > 15);
  assert.deepEqual(
    names.filter((name) => !existsSync(join(PACKAGE_ROOT, name))),
    [],
  );
});

test('every promise names the test that shows it', () => {
  const promises = promised.trim().split('\n\n');
  assert.ok(promises.length > 5);
  assert.deepEqual(
    promises.filter((text) => !/Shown by\s[^.]*`test\//.test(text)).map((text) => text.slice(0, 40)),
    [],
  );
});
