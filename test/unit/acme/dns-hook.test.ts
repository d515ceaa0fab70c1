/** The command of --acme-dns-hook: its arguments, its failures, its end. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { runDnsHook } from '../../../src/certificates/acme/dns-hook.js';
import { AcmeError } from '../../../src/certificates/acme/protocol/problem.js';
import { until } from '../../support/deadline.js';
import { makeWorkspace } from '../../support/workspace.js';

const CALL = { action: 'present', record: '_acme-challenge.example.com', value: '-a value_' } as const;
const NEVER = new AbortController().signal;

function writeHook(t: TestContext, script: string) {
  const folder = makeWorkspace(t);
  return {
    folder,
    hook: folder.write('hook', `#!/bin/sh\n${script.replaceAll('FOLDER', folder.path)}\n`, 0o700),
  };
}

async function complaint(work: Promise<void>): Promise<string> {
  try {
    await work;
  } catch (error) {
    if (error instanceof AcmeError) return `${error.message} / ${error.hint ?? ''}`;
    throw error;
  }
  return 'no complaint';
}

test('it gets its own arguments, then action, record and value, as they are', async (t) => {
  const { folder, hook } = writeHook(t, `printf '%s|' "$@" >FOLDER/args`);
  await runDnsHook([hook, '--zone', '$HOME *'], CALL, NEVER);
  const args = readFileSync(folder.at('args'), 'utf8');
  assert.equal(args, '--zone|$HOME *|present|_acme-challenge.example.com|-a value_|');
});

test('a failure is told with the exit code, what was said, and the command', async (t) => {
  const { hook } = writeHook(t, 'echo one; printf "two\\033[31m\\n" >&2; exit 7');
  const text = await complaint(runDnsHook([hook], CALL, NEVER));
  assert.match(
    text,
    /failed with exit code 7 \(present _acme-challenge\.example\.com\); it said: one two \[31m/,
  );
  assert.match(text, /try it by hand: \S+hook present _acme-challenge\.example\.com/);
});

test('one that cannot be started says why', async () => {
  assert.match(await complaint(runDnsHook(['/nowhere/hook'], CALL, NEVER)), /cannot be started: .*ENOENT/);
});

test('one that takes too long is ended with all it has started', async (t) => {
  const { folder, hook } = writeHook(t, 'sleep 1000 & echo $! >FOLDER/pid; wait');
  const text = await complaint(runDnsHook([hook], CALL, NEVER, 1_000));
  assert.match(text, /was ended after 1 seconds/);
  const pid = Number(readFileSync(folder.at('pid'), 'utf8'));
  await until(() => !isAlive(pid), 30_000, 'the end of what the hook started');
});

test('a stop ends it', async (t) => {
  const { hook } = writeHook(t, 'sleep 1000');
  const stop = new AbortController();
  const running = complaint(runDnsHook([hook], CALL, stop.signal));
  stop.abort();
  assert.match(await running, /was ended: the front stops/);
  assert.match(await complaint(runDnsHook([hook], CALL, stop.signal)), /was not started/);
});

function isAlive(pid: number): boolean {
  try {
    // A zombie that nobody has waited for yet counts as ended.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}
