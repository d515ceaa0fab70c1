/** `tlsfront setup` and its undoing as a command: what they show, and that they do nothing unasked. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runCommand } from '../support/command.js';
import { privateHome } from '../support/private-home.js';

test('setup shows every command, and runs none where nobody is there to ask', async (t) => {
  const { environment } = privateHome(t);
  const dry = await runCommand(['setup', '--dry-run', 'app.test'], environment);
  assert.equal(dry.code, 0, dry.stderr);
  assert.match(dry.stdout, /^ports 80 and 443: /);
  assert.match(dry.stdout, /names: app\.test in the hosts file\n {2}.* hosts add app\.test\n/);
  const unasked = await runCommand(['setup'], environment);
  assert.equal(unasked.code, 2);
  assert.match(
    unasked.stderr,
    /error: there is nobody to ask\nhint: give --yes, or look first: tlsfront setup --dry-run/,
  );
});

test('undoing shows what is ours, takes no names, and runs nothing unasked', async (t) => {
  const { environment } = privateHome(t);
  const dry = await runCommand(['setup', '--undo', '--dry-run'], environment);
  assert.equal(dry.code, 0, dry.stderr);
  assert.match(dry.stdout, /^ports 80 and 443: /);
  const named = await runCommand(['setup', '--undo', 'app.test'], environment);
  assert.equal(named.code, 2);
  assert.match(named.stderr, /takes no names: it removes all of ours\nhint: .*hosts remove/);
  const unasked = await runCommand(['setup', '--undo'], environment);
  assert.equal(unasked.code, 2);
  assert.match(unasked.stderr, /nobody to ask/);
});

test('a name that no host can have is refused before anything is shown', async (t) => {
  const { environment } = privateHome(t);
  const wrong = await runCommand(['setup', '--dry-run', 'a b'], environment);
  assert.equal(wrong.code, 2);
  assert.equal(wrong.stdout, '');
});
