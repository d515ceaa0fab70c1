/** When certificates are renewed and failed orders tried again. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatDelay, renewalTime, retryDelay, severityOf } from '../../../src/certificates/acme/schedule.js';

const DAY_MS = 86_400_000;
const NINETY = { startMs: 0, endMs: 90 * DAY_MS };

test('a certificate is renewed at two thirds of its life, up to a thirtieth later', () => {
  assert.equal(renewalTime(NINETY, 0), 60 * DAY_MS);
  assert.equal(renewalTime(NINETY, 1), 63 * DAY_MS);
  assert.equal(renewalTime({ startMs: 0, endMs: 6 * DAY_MS }, 0), 4 * DAY_MS);
});

test('failures are tried again after a minute, doubled up to six hours', () => {
  const minutes = Array.from({ length: 12 }, (_, index) => retryDelay(index + 1, 0.5) / 60_000);
  assert.deepEqual(minutes, [1, 2, 4, 8, 16, 32, 64, 128, 256, 360, 360, 360]);
  assert.equal(retryDelay(1_000_000, 0.5), 6 * 3_600_000);
  assert.deepEqual([retryDelay(1, 0), retryDelay(1, 1)], [54_000, 66_000]);
});

test('the authority is not asked before it wants to be, up to eight days', () => {
  assert.equal(retryDelay(1, 0.5, 3_600_000), 3_600_000);
  assert.equal(retryDelay(1, 0.5, 10), 60_000);
  assert.equal(retryDelay(1, 0.5, 1e15), 8 * DAY_MS);
});

test('a failed renewal is a warning first and an error in the last ninth of the life', () => {
  assert.equal(severityOf(NINETY, 60 * DAY_MS), 'warning');
  assert.equal(severityOf(NINETY, 79 * DAY_MS), 'warning');
  assert.equal(severityOf(NINETY, 81 * DAY_MS), 'error');
  assert.equal(severityOf(NINETY, 100 * DAY_MS), 'error');
});

test('delays are told in the unit that fits', () => {
  const told = [1000, 30_000, 61_000, 8 * 60_000, 6 * 3_600_000, 25 * DAY_MS].map(formatDelay);
  assert.deepEqual(told, [
    'in a moment',
    'in 30 seconds',
    'in a minute',
    'in 8 minutes',
    'in 6 hours',
    'in 25 days',
  ]);
});
