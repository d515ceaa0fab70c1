/** The sample app runs as a worker, as `npm start` runs it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { planCommand, startWorker } from '../support/worker.js';
import { builtProgram } from '../support/workspace.js';

const SAMPLE = [process.execPath, builtProgram('sampleApp')];

test('the sample app serves on its PORT and ends with code 0 on SIGTERM', async (t) => {
  const worker = startWorker(t, planCommand(SAMPLE));
  const { address } = await worker.report('ready');
  const answer = await fetch(`http://127.0.0.1:${address.port}/hello`);
  assert.equal(answer.status, 200);
  await answer.text();
  worker.send({ type: 'stop', mercyMs: 10_000 });
  assert.equal((await worker.report('exited')).code, 0);
});

test('the sample app says when its port is in use', async (t) => {
  const first = startWorker(t, planCommand(SAMPLE));
  const { address } = await first.report('ready');
  const second = startWorker(t, planCommand(['/usr/bin/env', `PORT=${address.port}`, ...SAMPLE]));
  const { code, lastLines } = await second.report('exited');
  assert.equal(code, 1);
  assert.match(lastLines.join('\n'), /^error: 127\.0\.0\.1:\d+, .*EADDRINUSE.*\nhint: set PORT/);
});
