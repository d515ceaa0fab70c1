/** The table of uWSGI's options holds every option of the uWSGI that is installed, and docs/uwsgi.md is made of it. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { optionOf, SETTING_KEYS } from '../../../src/options/table.js';
import { renderFates, renderTables } from '../../../src/options/uwsgi/document.js';
import {
  optionsOfRow,
  UWSGI_ROWS,
  uwsgiAbbreviation,
  uwsgiOption,
  uwsgiOptions,
} from '../../../src/options/uwsgi/rows.js';
import { MISSING, requireTool } from '../../support/tools.js';
import { PACKAGE_ROOT } from '../../support/workspace.js';

test('every option of `uwsgi --help` is in the table, with its letter', (t) => {
  const uwsgi = requireTool(t, 'uwsgi');
  if (uwsgi === MISSING) return;
  const { stdout } = spawnSync(uwsgi, ['--plugin', 'python3,http', '--help'], { encoding: 'utf8' });
  const named = [...stdout.matchAll(/^ {4}(?:-(.)\|)?--(\S+)/gm)];
  assert.ok(named.length > 700, `${named.length} options`);
  const wrong = named.filter(([, letter, name = '']) => {
    const option = uwsgiOption(name);
    return option === null || option.short !== (letter ?? null);
  });
  assert.deepEqual(
    wrong.map(([line]) => line.trim()),
    [],
  );
});

test('no option stands in the table twice', () => {
  const names = uwsgiOptions().map(({ name }) => name);
  assert.deepEqual(
    names.filter((name, index) => names.indexOf(name) !== index),
    [],
  );
});

test('what both have, and what a row leads to, exists here', () => {
  const ours = new Set(SETTING_KEYS.map((key) => optionOf(key).flag.slice(2)));
  const same = UWSGI_ROWS.filter(({ text }) => text.startsWith('the same option')).flatMap(optionsOfRow);
  assert.deepEqual(
    same.filter(({ name }) => !ours.has(name)),
    [],
  );
  for (const { to, text } of UWSGI_ROWS) {
    if (to !== undefined) assert.match(text, new RegExp(`${optionOf(to).flag}(?![\\w-])`));
  }
});

test('docs/uwsgi.md has the fates and the tables as they are', () => {
  const text = readFileSync(join(PACKAGE_ROOT, 'docs', 'uwsgi.md'), 'utf8');
  assert.ok(text.includes(renderFates()), 'the list of fates is made of FATES');
  assert.equal(text.slice(text.indexOf('### ')), renderTables());
});

for (const [start, name] of [
  ['process', 'processes'],
  ['virtualenv', 'virtualenv'],
  ['manage', 'manage-script-name'],
  ['http-web', 'http-websockets'],
  ['xyz', null],
] as const) {
  test(`--${start} is short for ${name ?? 'nothing'}`, () => {
    assert.equal(uwsgiAbbreviation(start)?.name ?? null, name);
  });
}
