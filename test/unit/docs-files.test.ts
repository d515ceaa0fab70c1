/** Follows the names of files in the guides for contributors: one that is gone fails the test. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { PACKAGE_ROOT } from '../support/workspace.js';

const GUIDES = [
  'README.md',
  'docs/ARCHITECTURE.md',
  'docs/GLOSSARY.md',
  'CONTRIBUTING.md',
  'docs/metrics.md',
  'docs/testing.md',
];

/** Paths in backquotes that begin in one of our folders; patterns with `*` are none. */
function pathsIn(text: string): readonly string[] {
  return [...text.matchAll(/`((?:src|proxy|app|test|docs|bench)\/[^`\s*]+)`/g)].map(([, path = '']) => path);
}

/** Targets of links to files. */
function linksIn(text: string): readonly string[] {
  return [...text.matchAll(/\]\((?!https?:|#)([^)#]+)(?:#[^)]*)?\)/g)].map(([, target = '']) => target);
}

for (const guide of GUIDES) {
  test(`every file that ${guide} names is there`, () => {
    const text = readFileSync(join(PACKAGE_ROOT, guide), 'utf8');
    const named = [...pathsIn(text), ...linksIn(text).map((target) => join(dirname(guide), target))];
    assert.deepEqual(
      named.filter((path) => !existsSync(join(PACKAGE_ROOT, path))),
      [],
    );
  });
}

test('a name of a file that is gone is found', () => {
  assert.deepEqual(pathsIn('see `src/gone.ts` and `proxy/wire`, not `npm test`'), [
    'src/gone.ts',
    'proxy/wire',
  ]);
  assert.deepEqual(linksIn('[a](b.md) [c](d.md#e) [f](https://g) [h](#i)'), ['b.md', 'd.md']);
});
