/** What a shell proposes: commands, their words, their own options, values and files; asked as bash asks. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { after, before, describe, test } from 'node:test';
import { SETTING_KEYS } from '../../src/options/table.js';
import { runCommand } from '../support/command.js';
import { findTool, MISSING, unlessMissing } from '../support/tools.js';
import { Afterwards, makeWorkspace, type Workspace } from '../support/workspace.js';

const BASH = findTool('bash');

const ROWS: readonly (readonly [line: string, proposals: readonly string[] | RegExp])[] = [
  ['tlsfront mai', ['maintenance']],
  ['tlsfront --upst', /^--upstream/],
  ['tlsfront --client-verify ', ['optional', 'require']],
  ['tlsfront --upstream ', []],
  ['tlsfront --ca-bundle c', ['certificates.pem']],
  ['tlsfront --http 80 c', /^(?=.*certificates\.pem)(?=.*check)/],
  ['tlsfront ca ', ['install', 'uninstall', 'status', 'show']],
  ['tlsfront ca install --dry', ['--dry-run']],
  ['tlsfront ca install --list', []],
  ['tlsfront chain check --', /^(?=.*--connect)(?=.*--ca-bundle)(?!.*--upstream)/],
  ['tlsfront chain check --key c', ['certificates.pem']],
  ['tlsfront chain check c', ['certificates.pem']],
  ['tlsfront reload --', ['--pid', '--socket', '--upgrade', '--help']],
  ['tlsfront status --socket c', ['certificates.pem']],
  ['tlsfront deploy --hea', ['--health-path']],
  ['tlsfront logs --', /--reopen/],
  ['tlsfront maintenance ', ['on', 'off']],
  ['tlsfront check --pri', ['--print']],
  ['tlsfront check --lis', ['--listen']],
  ['tlsfront config ', ['schema', 'export']],
  ['tlsfront config export --lis', ['--listen']],
  ['tlsfront service ', ['print', 'install', 'uninstall']],
  ['tlsfront service install --uni', ['--unit']],
  ['tlsfront service install --lis', ['--listen']],
  ['tlsfront service uninstall --lis', []],
  ['tlsfront completion z', ['zsh']],
  ['tlsfront setup --un', ['--undo']],
  ['tlsfront --listen 443 -- c', ['certificates.pem']],
];

describe('completion in bash', unlessMissing({ bash: BASH }), () => {
  const ends = new Afterwards();
  let folder: Workspace;
  let script = '';

  before(async () => {
    folder = makeWorkspace(ends);
    script = folder.write('completion.bash', (await runCommand(['completion', 'bash'])).stdout);
    folder.write('work/certificates.pem', '');
  });
  after(() => ends.run());

  /** What bash is given when the tabulator is pressed behind the line. */
  const propose = (line: string): readonly string[] => {
    const words = line.split(' ');
    const ask = `. "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _tlsfront; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const said = execFileSync(String(BASH), ['-c', ask, 'bash', script, ...words], {
      cwd: folder.at('work'),
      encoding: 'utf8',
    });
    return said.split('\n').filter((one) => one !== '');
  };

  for (const [line, proposals] of ROWS) {
    test(`${line}<tab>`, () => {
      const proposed = propose(line);
      if (proposals instanceof RegExp) assert.match(proposed.join(' '), proposals);
      else assert.deepEqual([...proposed].sort(), [...proposals].sort());
    });
  }

  test('each option of the front stands before any command', () => {
    assert.ok(propose('tlsfront --').length >= SETTING_KEYS.length);
  });
});

for (const shell of ['zsh', 'fish'] as const) {
  test(`${shell} reads its script`, async (t) => {
    const { stdout } = await runCommand(['completion', shell]);
    for (const word of ['ca', 'user-only', 'upgrade', 'health-path', 'reopen', 'unit'])
      assert.ok(stdout.includes(word), word);
    const path = findTool(shell);
    if (path === MISSING) return t.diagnostic(`${shell} is not here`);
    const folder = makeWorkspace(t);
    const { status, stderr } = spawnSync(path, ['-n', folder.write('script', stdout)], { encoding: 'utf8' });
    assert.equal(status, 0, stderr);
  });
}
