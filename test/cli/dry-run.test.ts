/** Whatever has `--dry-run` writes nothing with it, nor where a question is answered with no; looking writes nothing either. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chownSync, lstatSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import * as commander from 'commander';
import { buildParser } from '../../src/command-line/main.js';
import { COMMAND_HELP } from '../../src/options/help/command-help.js';
import { CLI, cleanEnvironment, runCommand } from '../support/command.js';
import { atTerminal } from '../support/person.js';
import { privateHome } from '../support/private-home.js';
import { MISSING, requireFile, requirePython, requireTool } from '../support/tools.js';
import type { Workspace } from '../support/workspace.js';

const LIMIT_MS = 60_000;
/** The account of nobody, for whom the stores of the system need a question. */
const PLAIN_USER = 65_534;
const SYSTEM_STORE = '/usr/local/share/ca-certificates';
/** Lines that change more of what they would do. */
const VARIANTS: Readonly<Record<string, readonly (readonly string[])[]>> = {
  'ca install': [[], ['--user-only', '--permit', 'other.dev']],
  setup: [['app.test'], ['--undo']],
};
/** Commands that only look: at the authority, if there is one, and at other things. */
const LOOKS_AT_AUTHORITY = [['doctor'], ['check', '--host', 'app.test', '--upstream', '8080', '--print']];
const LOOKS = [
  ...LOOKS_AT_AUTHORITY,
  ['ca', 'status'],
  ['config', 'export', '--upstream', '8080'],
  ['list'],
  ['acme', 'status'],
];

/** Words of each command that has the option, by the parser itself: a new one is tested from its first day. */
function commandsWithDryRun(): readonly (readonly string[])[] {
  const io = { stdout: process.stdout, stderr: process.stderr, environment: {} };
  const line = { io, command: null, readUwsgi: null, done: () => undefined };
  const found: (readonly string[])[] = [];
  const walk = (parser: commander.Command, words: readonly string[]): void => {
    if (parser.options.some(({ long }) => long === '--dry-run')) found.push(words);
    for (const each of parser.commands) walk(each, [...words, each.name()]);
  };
  walk(buildParser(commander, line), []);
  return found;
}

const COMMANDS = commandsWithDryRun();

/** Every entry beneath the folder, with all of it that a write changes. */
function treeOf(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .sort()
    .map((name) => {
      const path = join(folder, name);
      const stat = lstatSync(path);
      const content = stat.isFile() ? readFileSync(path).toString('base64') : '';
      return `${name} ${stat.mode.toString(8)} ${stat.uid} ${stat.mtimeMs} ${content}`;
    });
}

/** As on a machine whose system store is this one, with nobody to become root. */
function addSystemStore(folder: Workspace): void {
  folder.write('bin/update-ca-certificates', '#!/bin/sh\n', 0o755);
}

test('the parser and the help name the same commands', () => {
  assert.ok(COMMANDS.length >= 4, COMMANDS.join());
  const told = Object.keys(COMMAND_HELP).filter((name) => COMMAND_HELP[name]?.includes('--dry-run'));
  const parsed = new Set(COMMANDS.map(([name]) => name));
  assert.deepEqual(
    told.filter((name) => !parsed.has(name)),
    [],
  );
});

for (const command of COMMANDS) {
  for (const more of VARIANTS[command.join(' ')] ?? [[]]) {
    const words = [...command, '--dry-run', ...more];
    test(`${words.join(' ')} writes nothing, neither in a new home nor in one with an authority`, async (t) => {
      const certutil = requireTool(t, 'certutil');
      if (certutil === MISSING) return;
      const { folder, environment } = privateHome(t, certutil);
      const own = { ...environment, XDG_RUNTIME_DIR: folder.at('run') };
      addSystemStore(folder);
      mkdirSync(folder.at('.pki/nssdb'), { recursive: true });
      spawnSync(certutil, ['-d', `sql:${folder.at('.pki/nssdb')}`, '-N', '--empty-password']);
      const before = treeOf(folder.path);
      const fresh = await runCommand(words, own);
      assert.equal(fresh.code, 0, fresh.stderr);
      assert.deepEqual(treeOf(folder.path), before);

      await runCommand(
        ['cert', 'a.test', '--cert-file', folder.at('a.pem'), '--key-file', folder.at('a.key')],
        own,
      );
      const kept = treeOf(folder.path);
      assert.ok(kept.length > before.length);
      const later = await runCommand(words, own);
      assert.equal(later.code, 0, later.stderr);
      assert.deepEqual(treeOf(folder.path), kept);
    });
  }
}

test('what is shown for an authority that is not made yet is what comes', async (t) => {
  const certutil = requireTool(t, 'certutil');
  if (certutil === MISSING) return;
  const { folder, environment } = privateHome(t, certutil);
  mkdirSync(folder.at('.pki/nssdb'), { recursive: true });
  spawnSync(certutil, ['-d', `sql:${folder.at('.pki/nssdb')}`, '-N', '--empty-password']);
  const install = (...more: string[]) => runCommand(['ca', 'install', '--user-only', ...more], environment);
  const planned = (await install('--dry-run')).stdout;
  assert.match(planned, /^the authority is made first; FINGERPRINT stands for its own:\nChromium/);
  const done = (await install()).stdout.replace(/trusted by .*\n/, '');
  assert.equal(
    done.replaceAll(/tlsfront-[0-9a-f]{16}/g, 'tlsfront-FINGERPRINT'),
    planned.replace(/^.*\n/, ''),
  );
  assert.match((await install('--dry-run')).stdout, /^Chromium .*: nothing to do\n/);
  const wider = (await install('--dry-run', '--permit', 'other.dev')).stdout;
  assert.match(
    wider,
    /^a new authority would be made, for other\.dev too\n.*FINGERPRINT stands for its own:\n/,
  );
  // The one that would be replaced would go.
  assert.match(wider, /certutil \S+ \S+ -D -n tlsfront-[0-9a-f]{16}\n[\s\S]* -A .* -n tlsfront-FINGERPRINT /);
});

for (const command of COMMANDS) {
  for (const more of command[0] === 'setup' ? [[], ['--undo']] : [[]]) {
    const words = [...command, ...more];
    test(`${words.join(' ')} that is refused writes nothing`, (t) => runRefused(t, words));
  }
}

/** At a terminal, by a user who is not root; what takes away finds an authority that a store trusts. */
function runRefused(t: TestContext, words: readonly string[]): void {
  const python = requirePython(t);
  const setpriv = requireTool(t, 'setpriv');
  if (python === MISSING || setpriv === MISSING || requireFile(t, SYSTEM_STORE) === MISSING) return;
  const { folder, environment } = privateHome(t);
  addSystemStore(folder);
  // Java has whatever authority there is.
  const authority = folder.at('data/tlsfront/development/authority.pem');
  folder.write('bin/keytool', `#!/bin/sh\nwhile read -r line; do echo "$line"; done < ${authority}\n`, 0o755);
  const isRoot = process.getuid?.() === 0;
  const asPlainUser = isRoot
    ? [setpriv, ...['reuid', 'regid'].map((id) => `--${id}=${PLAIN_USER}`), '--clear-groups']
    : [];
  const env = {
    ...{ ...cleanEnvironment(), ...environment },
    ...{ XDG_RUNTIME_DIR: folder.at('run'), SUDO_UID: undefined, NO_COLOR: '1', ANSWER: 'n\\r' },
  };
  const run = (first: readonly string[], ...rest: readonly string[]) => {
    const [program = '', ...more] = [...first, ...asPlainUser, process.execPath, CLI, ...rest];
    return spawnSync(program, more, { env, encoding: 'utf8', timeout: LIMIT_MS, cwd: folder.path });
  };
  if (isRoot) for (const path of [folder.path, folder.at('bin')]) chownSync(path, PLAIN_USER, PLAIN_USER);
  if (run([], '--version').status !== 0) {
    t.skip('a plain user cannot read the package');
    return;
  }
  if (/uninstall|clean|undo/.test(words.join())) {
    run([], 'cert', 'a.test');
    writeFileSync(folder.at('data/tlsfront/development/trusted'), 'the mark of the last ca install');
  }
  const before = treeOf(folder.path);
  const refused = run(atTerminal(python), ...words);
  assert.match(refused.stdout, /\[y\/N\]/);
  assert.equal(refused.status, 2, refused.stdout);
  assert.match(refused.stdout, /error: nothing was (?:run|removed)\r\nhint: /);
  assert.deepEqual(treeOf(folder.path), before);
}

test('commands that only look write nothing', async (t) => {
  const { folder, environment } = privateHome(t);
  const own = { ...environment, XDG_RUNTIME_DIR: folder.at('run') };
  const looks = async (all: readonly (readonly string[])[]): Promise<void> => {
    for (const words of all) {
      const before = treeOf(folder.path);
      await runCommand(words, own);
      assert.deepEqual(treeOf(folder.path), before, words.join(' '));
    }
  };
  await looks(LOOKS);
  await runCommand(['ca', 'install', '--user-only'], own);
  await looks(LOOKS_AT_AUTHORITY);
});
