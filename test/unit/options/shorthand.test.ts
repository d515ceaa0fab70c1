/** What `tlsfront 8080` and `tlsfront index.py` stand for, and what stays as it is. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findDevScript } from '../../../src/commands/dev-script.js';
import { expandShorthand } from '../../../src/options/shorthand.js';
import { makeWorkspace } from '../../support/workspace.js';

const CASES: readonly (readonly [line: string, expected: string])[] = [
  ['8080', '--upstream 8080'],
  [':8080', '--upstream :8080'],
  ['localhost:8080', '--upstream localhost:8080'],
  ['[::1]:8080', '--upstream [::1]:8080'],
  ['http://app:80', '--upstream http://app:80'],
  ['index.py', '--wsgi-file index.py'],
  ['--listen 9443 8080', '--listen 9443 --upstream 8080'],
  ['-l 9443 8080', '-l 9443 --upstream 8080'],
  ['--listen=9443 8080', '--listen=9443 --upstream 8080'],
  ['8080 --access-log', '--upstream 8080 --access-log'],
  ['--access-log 8080', '--access-log --upstream 8080'],
  ['--listen 9443', '--listen 9443'],
  ['demo 8080', 'demo 8080'],
  ['chain check server.crt', 'chain check server.crt'],
  ['npm run dev', 'npm run dev'],
  ['', ''],
];

for (const [line, expected] of CASES) {
  test(`tlsfront ${line} is tlsfront ${expected}`, () => {
    assert.equal(expandShorthand(line === '' ? [] : line.split(' ')).join(' '), expected);
  });
}

for (const [lockFile, runner] of [
  ['package-lock.json', 'npm'],
  ['pnpm-lock.yaml', 'pnpm'],
  ['yarn.lock', 'yarn'],
  ['bun.lock', 'bun'],
] as const) {
  test(`the script dev is run by ${runner} where ${lockFile} lies`, (t) => {
    const folder = makeWorkspace(t);
    folder.write('package.json', '{"scripts":{"dev":"vite"}}');
    folder.write(lockFile, '');
    assert.deepEqual(findDevScript(folder.path), [runner, 'run', 'dev']);
  });
}

test('a folder without package.json, without scripts or with a broken one has no script dev', (t) => {
  const folder = makeWorkspace(t);
  assert.equal(findDevScript(folder.path), null);
  for (const text of ['{}', '{"scripts":{"start":"x"}}', '{"scripts":{"dev":3}}', '{', '[]', 'null']) {
    folder.write('package.json', text);
    assert.equal(findDevScript(folder.path), null);
  }
});
