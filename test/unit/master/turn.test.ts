/** Whose turn it is to serve on a port. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { takeTurn } from '../../../src/master/projects/turn.js';
import { makeWorkspace } from '../../support/workspace.js';

test('of several that ask at once one has the turn, until it lets go; another port is another turn', async (t) => {
  const folder = makeWorkspace(t).at('run');
  const turns = await Promise.all([1, 2, 3].map(() => takeTurn(folder, 443)));
  const [turn, another] = turns.filter((one) => one !== null);
  assert.notEqual(turn, undefined);
  assert.equal(another, undefined);
  const elsewhere = await takeTurn(folder, 8443);
  assert.notEqual(elsewhere, null);
  elsewhere?.release();
  assert.equal(await takeTurn(folder, 443), null);
  turn?.release();
  const next = await takeTurn(folder, 443);
  assert.notEqual(next, null);
  next?.release();
});

test('who was killed has it no more', async (t) => {
  const folder = makeWorkspace(t).at('run');
  (await takeTurn(folder, 443))?.release();
  const path = `${folder}/start-443.sock`;
  const script = `require('node:net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`;
  spawnSync(process.execPath, ['-e', script]);
  assert.equal(existsSync(path), true);
  const turn = await takeTurn(folder, 443);
  assert.notEqual(turn, null);
  turn?.release();
});

test('a folder that cannot be used keeps nobody from serving', async () => {
  assert.notEqual(await takeTurn('/dev/null/run', 443), null);
});
