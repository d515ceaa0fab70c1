/** Holds `--help` and docs/configuration.md against the table of options. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { describeDefault, renderHelp } from '../../../src/options/help/help.js';
import { OPTION_GROUPS } from '../../../src/options/option-row.js';
import { environmentName, optionOf, SETTING_KEYS, type SettingKey } from '../../../src/options/table.js';
import { UWSGI_ROWS } from '../../../src/options/uwsgi/rows.js';
import { PACKAGE_ROOT } from '../../support/workspace.js';

const DOCS = readFileSync(join(PACKAGE_ROOT, 'docs/configuration.md'), 'utf8');
const HELP = renderHelp();
const FLAGS = new Set(SETTING_KEYS.map((key) => optionOf(key).flag));

function escaped(text: string): string {
  return text.replaceAll('|', '\\|');
}

/** The row that docs/configuration.md must have for an option. */
function documentedRow(key: SettingKey): string {
  const { flag, short, argument, choices, repeatable, uwsgi, description } = optionOf(key);
  const names = short === undefined ? `\`${flag}\`` : `\`${flag}\` \`${short}\``;
  const more = repeatable === true ? ' …' : '';
  const values = choices?.map((choice) => `\`${choice}\``).join(' ');
  const value = values ?? (argument === null ? '-' : `\`${escaped(argument)}\`${more}`);
  const byDefault = describeDefault(optionOf(key)) || '-';
  return `| ${names} | ${value} | ${byDefault} | \`${environmentName(key)}\` | ${uwsgi ?? '-'} | ${escaped(description)} |`;
}

function sectionOf(group: string): string {
  const [, rest = ''] = DOCS.split(`\n## ${group}\n`);
  return rest.split('\n## ')[0] ?? '';
}

for (const key of SETTING_KEYS) {
  test(`docs/configuration.md has the row of ${optionOf(key).flag}`, () => {
    const rows = sectionOf(optionOf(key).group)
      .split('\n')
      .filter((line) => line.startsWith(`| \`${optionOf(key).flag}\``));
    assert.deepEqual(rows, [documentedRow(key)]);
  });

  test(`--help has ${optionOf(key).flag} with its argument`, () => {
    const { flag, short, argument } = optionOf(key);
    const term = `${short === undefined ? '   ' : `${short},`} ${flag}${argument === null ? '' : ` ${argument}`}`;
    const lines = HELP.split('\n').filter((line) => line.startsWith(`  ${term}`));
    assert.equal(lines.length, 1);
  });
}

test('docs/configuration.md has a section for each group, in the order of --help', () => {
  const headings = DOCS.split('\n')
    .filter((line) => line.startsWith('## '))
    .map((line) => line.slice(3));
  assert.deepEqual(
    headings.filter((heading) => OPTION_GROUPS.some((group) => group === heading)),
    OPTION_GROUPS,
  );
  const positions = OPTION_GROUPS.map((group) => HELP.indexOf(`\n${group}:\n`));
  assert.deepEqual(
    positions,
    positions.toSorted((first, second) => first - second),
  );
  assert.ok(!positions.includes(-1));
});

test('no table of docs/configuration.md names an option that does not exist', () => {
  const named = [...DOCS.matchAll(/^\| `(--[a-z0-9-]+)`/gm)].map(([, flag = '']) => flag);
  assert.deepEqual(
    named.filter((flag) => !FLAGS.has(flag)),
    [],
  );
  assert.equal(named.length, FLAGS.size);
});

test('--help fits 100 columns and has no blank ends', () => {
  const lines = HELP.split('\n');
  assert.deepEqual(
    lines.filter((line) => line.length > 100 || line !== line.trimEnd()),
    [],
  );
});

test('every long option in the examples and sentences of --help exists', () => {
  const known = new Set([...FLAGS, '--help', '--version', '--print', '--json']);
  const named = [...HELP.matchAll(/(?<![\w-])--[a-z][a-z0-9-]*/g)].map(([flag]) => flag);
  assert.deepEqual(
    named.filter((flag) => !known.has(flag)),
    [],
  );
});

test("what the table of uWSGI's options says names only options that exist here, or uWSGI's own", () => {
  const known = new Set([...FLAGS, '--json', '--help', '--show-config', '--plugins-list']);
  for (const { text, names } of UWSGI_ROWS) {
    const named = [...text.matchAll(/(?<![\w-])--[a-z][a-z0-9-]*/g)].map(([flag]) => flag);
    assert.deepEqual(
      named.filter((flag) => !known.has(flag)),
      [],
      names[0],
    );
  }
});
