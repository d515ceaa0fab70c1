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

for (const [word, expected] of [
  ['shop:app', '--uwsgi-option module=shop:app'],
  ['pack:create()', '--uwsgi-option module=pack:create()'],
  ['none:app', 'none:app'],
  [
    './manage.py',
    '--uwsgi-option chdir=. --uwsgi-option env=DJANGO_SETTINGS_MODULE=site.settings --uwsgi-option module=site.wsgi',
  ],
] as const) {
  test(`tlsfront ${word}, where such files lie, is tlsfront ${expected}`, (t) => {
    const folder = makeWorkspace(t);
    for (const name of ['shop.py', 'pack/__init__.py', 'site/wsgi.py']) folder.write(name, '');
    folder.write('manage.py', "os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'site.settings')\n");
    const before = process.cwd();
    process.chdir(folder.path);
    try {
      assert.equal(expandShorthand([word, '--access-log']).join(' '), `${expected} --access-log`);
    } finally {
      process.chdir(before);
    }
  });
}

test('a manage.py whose project has no wsgi.py is a WSGI file like another', (t) => {
  const folder = makeWorkspace(t);
  const file = folder.write('manage.py', "x('DJANGO_SETTINGS_MODULE', 'gone.settings')\n");
  assert.deepEqual(expandShorthand([file]), ['--wsgi-file', file]);
});

test('a folder without package.json, without scripts or with a broken one has no script dev', (t) => {
  const folder = makeWorkspace(t);
  assert.equal(findDevScript(folder.path), null);
  for (const text of ['{}', '{"scripts":{"start":"x"}}', '{"scripts":{"dev":3}}', '{', '[]', 'null']) {
    folder.write('package.json', text);
    assert.equal(findDevScript(folder.path), null);
  }
});
