/** The configuration file as a user meets it: found in the working folder, shown, exported, and refused with its line. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { CLI, cleanEnvironment } from '../support/command.js';
import { makeWorkspace } from '../support/workspace.js';

/** Runs the command in a folder. */
function runIn(folder: string, args: readonly string[]): Promise<{ code: number; out: string; err: string }> {
  return new Promise((resolve) => {
    const options = { cwd: folder, env: cleanEnvironment(), timeout: 30_000 };
    execFile(process.execPath, [CLI, ...args], options, (error, out, err) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, out, err });
    });
  });
}

test('the file of the working folder is read, and check shows the line of each value', async (t) => {
  const files = makeWorkspace(t);
  files.write('tlsfront.toml', 'command = ["npm", "start"]\nlisten = 9443\n');
  const plain = await runIn(files.path, ['check']);
  assert.match(plain.out, /on 127\.0\.0\.1:9443\n(?:.*\n)* {2}app: npm start\n {2}file: tlsfront\.toml\n$/);
  const printed = await runIn(files.path, ['check', '--print', '--mercy', '3s']);
  const rows = printed.out.replaceAll(/ {2,}/g, ' | ');
  assert.match(rows, /^-- \| file \(tlsfront\.toml\) \| npm start$/m);
  assert.match(rows, /^--listen \| file \(tlsfront\.toml:2\) \| 9443$/m);
  assert.match(rows, /^--mercy \| command line \| 3s$/m);
  const json = await runIn(files.path, ['check', '--json']);
  assert.match(json.out, /"file": "tlsfront\.toml"/);
});

test('a mistake in the file ends every command that reads it with 2, its place and the name that was meant', async (t) => {
  const files = makeWorkspace(t);
  files.write('tlsfront.toml', 'upstream = 8080\n\nlisen = 9443\n');
  const message = 'error: tlsfront.toml:3:1: lisen is not an option\nhint: did you mean listen?\n';
  for (const args of [['check'], [], ['config', 'export']]) {
    assert.deepEqual(await runIn(files.path, args), { code: 2, out: '', err: message });
  }
  const json = await runIn(files.path, ['check', '--json']);
  assert.equal(json.code, 2);
  assert.match(json.out, /"valid": false/);
});

test('the exported file stands for the command line it was made from', async (t) => {
  const files = makeWorkspace(t);
  const line = [
    '--listen',
    '9443',
    '--host',
    'app.test',
    '--quiet',
    '--processes',
    '2',
    '--',
    'npm',
    'run x',
  ];
  const { code, out } = await runIn(files.path, ['config', 'export', ...line]);
  assert.equal(code, 0);
  files.write('tlsfront.toml', out);
  const own = await runIn(files.path, ['config', 'export']);
  assert.equal(own.out, out);
  assert.match(out, /^command = \["npm", "run x"\]$/m);
  assert.match(out, /^quiet = true$/m);
});

test('an exported file is refused where the front could not start with the options', async (t) => {
  const { code, err } = await runIn(makeWorkspace(t).path, ['config', 'export', '--listen', 'abc']);
  assert.equal(code, 2);
  assert.match(err, /^error: /);
});

test('config schema prints a JSON Schema', async (t) => {
  const { code, out } = await runIn(makeWorkspace(t).path, ['config', 'schema']);
  assert.equal(code, 0);
  const { properties }: { properties: Record<string, unknown> } = JSON.parse(out);
  assert.ok('listen' in properties);
});
