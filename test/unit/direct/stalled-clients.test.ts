/** Which clients that take nothing are ended when too much waits: those that hold most, no more than needed, none that still takes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { selectStalled } from '../../../proxy/direct/stalled-clients.js';

const NOW_MS = 60_000;
const LONG_AGO_MS = 50_000;

function holder(name: string, waitingBytes: number, stalledSinceMs = LONG_AGO_MS) {
  return { name, waitingBytes, stalledSinceMs };
}

function chosen(surplusBytes: number, ...holders: ReturnType<typeof holder>[]): string[] {
  return selectStalled(holders, surplusBytes, NOW_MS).map(({ name }) => name);
}

const SMALL = holder('small', 10);
const LARGE = holder('large', 300);
const MIDDLE = holder('middle', 200);

test('who holds most goes first, and nobody when that is enough', () => {
  assert.deepEqual(chosen(1, SMALL, LARGE, MIDDLE), ['large']);
  assert.deepEqual(chosen(300, SMALL, LARGE, MIDDLE), ['large']);
});

test('the next one goes when that is not enough', () => {
  assert.deepEqual(chosen(301, SMALL, LARGE, MIDDLE), ['large', 'middle']);
  assert.deepEqual(chosen(9_999, SMALL, LARGE, MIDDLE), ['large', 'middle', 'small']);
});

test('who has taken something within the last second stays', () => {
  assert.deepEqual(chosen(1, holder('reads', 900, 0), holder('new', 800, NOW_MS - 999), SMALL), ['small']);
  assert.deepEqual(chosen(1, holder('stopped', 800, NOW_MS - 1000), SMALL), ['stopped']);
});
