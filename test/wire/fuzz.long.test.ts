/** The fuzz targets at length: 315,000 inputs of the fixed seed, and as many of a seed that is new each day. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FIXED_SEED, holdInvariants, INPUTS } from './fuzz/hold.js';
import { TARGETS } from './fuzz/targets.js';

/** The day as a number (20270131, by UTC), so that a run of another day can be repeated: TLSFRONT_FUZZ_SEED=20270131. */
const DAILY_SEED = Number(
  process.env.TLSFRONT_FUZZ_SEED ?? new Date().toISOString().slice(0, 10).replaceAll('-', ''),
);

test('the targets take more than 300,000 inputs', (t) => {
  assert.ok(Number.isSafeInteger(DAILY_SEED), 'TLSFRONT_FUZZ_SEED is no whole number');
  const inputs = TARGETS.map(({ name }) => INPUTS[name] ?? 0);
  assert.ok(inputs.every((count) => count > 0));
  const sum = inputs.reduce((total, count) => total + count, 0);
  assert.ok(sum > 300_000);
  t.diagnostic(
    `${sum} inputs of each seed: ${FIXED_SEED} always, ${DAILY_SEED} today (TLSFRONT_FUZZ_SEED repeats it)`,
  );
});

for (const target of TARGETS) {
  for (const [when, seed] of [
    ['always', FIXED_SEED],
    ['today', DAILY_SEED],
  ] as const) {
    test(`${target.name}, the seed of ${when}: every invariant holds for every generated input, and the heap does not grow`, async (t) => {
      await holdInvariants(t, target, seed, INPUTS[target.name] ?? 0);
    });
  }
}
