/** The least rate of a client that we wait for. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LeastRate } from '../../../proxy/direct/least-rate.js';

const SWEEP_MS = 250;
const GRACE_MS = 20_000;

/** After how many milliseconds a client is found too slow; null: not within ten minutes. */
function judge(
  least: number,
  bytesAt: (nowMs: number) => number,
  owes = (_nowMs: number) => true,
): number | null {
  const rate = new LeastRate(least, GRACE_MS, 0);
  for (let nowMs = SWEEP_MS; nowMs <= 600_000; nowMs += SWEEP_MS) {
    if (rate.isBelow(nowMs, bytesAt(nowMs), owes(nowMs))) return nowMs;
  }
  return null;
}

test('a byte a second is too little right after the time of grace', () => {
  assert.equal(
    judge(500, (nowMs) => nowMs / 1000),
    GRACE_MS + SWEEP_MS,
  );
});

test('nothing at all is too little right after the time of grace', () => {
  assert.equal(
    judge(500, () => 0),
    GRACE_MS + SWEEP_MS,
  );
});

for (const perSecond of [510, 1000, 1_000_000]) {
  test(`${perSecond} bytes a second will do`, () => {
    assert.equal(
      judge(500, (nowMs) => (nowMs / 1000) * perSecond),
      null,
    );
  });
}

test('a client that brings 8 KiB every ten seconds will do', () => {
  assert.equal(
    judge(500, (nowMs) => Math.ceil(nowMs / 10_000) * 8192),
    null,
  );
});

test('a client that stops after a good beginning is found out', () => {
  const found = judge(500, (nowMs) => Math.min(nowMs, 30_000));
  assert.ok(found !== null && found > 30_000 && found < 60_000, String(found));
});

test('time in which it is not the turn of the client does not count', () => {
  const found = judge(
    500,
    () => 0,
    (nowMs) => nowMs % 2000 < SWEEP_MS,
  );
  assert.ok(found !== null && found > 150_000, String(found));
});

test('0 lets any rate pass', () => {
  assert.equal(
    judge(0, () => 0),
    null,
  );
});
