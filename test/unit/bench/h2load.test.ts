/** How the bench reads h2load's output. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseLog, parseRequestLine } from '../../../bench/loads/h2load.js';

const summary = (done: number, succeeded: number, failed: number, errored: number): string =>
  `requests: ${done} total, ${done} started, ${done} done, ${succeeded} succeeded, ${failed} failed, ${errored} errored, 0 timeout`;

test('requests that succeeded are counted', () => {
  assert.deepEqual(parseRequestLine(['finished in 1s', summary(500, 500, 0, 0)]), { done: 500, bad: 0 });
});

test('a failed request is not counted as done', () => {
  const counts = parseRequestLine([summary(500, 498, 2, 0)]);
  assert.equal(counts?.done, 498);
  assert.ok((counts?.bad ?? 0) > 0);
});

test('output without a summary gives no counts', () => {
  assert.equal(parseRequestLine(['progress: 10% done']), null);
});

test('latencies come back ascending', () => {
  assert.deepEqual([...parseLog('1000\t200\t90\n2000\t200\t10\n3000\t200\t100\n', 0)], [10, 90, 100]);
});

test('requests at both edges of a paced run are left out', () => {
  const lines = Array.from({ length: 11 }, (_line, second) => `${second * 1_000_000}\t200\t${second}`);
  assert.deepEqual([...parseLog(lines.join('\n'), 2_000)], [2, 3, 4, 5, 6, 7, 8]);
});
