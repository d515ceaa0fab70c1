/** What Linux tells of a process: whose session it is in, and that one which has ended but was not asked for is none. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { readProcessState } from '../../../src/system/process-state.js';

const isLinux = process.platform === 'linux';

test('a process of its own session leads it, and is gone once it was ended and asked for', {
  skip: !isLinux,
}, async () => {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1e6)'], {
    detached: true,
    stdio: 'ignore',
  });
  await once(child, 'spawn');
  const { pid = 0 } = child;
  assert.deepEqual(readProcessState(pid), { isZombie: false, session: pid });
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
  assert.equal(readProcessState(pid), null);
});

test('a child without a session of its own is in that of its parent', { skip: !isLinux }, async () => {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1e6)'], { stdio: 'ignore' });
  await once(child, 'spawn');
  const state = readProcessState(child.pid ?? 0);
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
  assert.equal(state?.session, readProcessState(process.pid)?.session);
});

test('where there is no such process nothing is told', () => {
  assert.equal(readProcessState('no-pid'), null);
});
