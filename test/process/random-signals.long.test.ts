/** Signals and deaths at random moments, many rounds; a failure names its seed, which random-signals.test.ts repeats. */
import { randomInt } from 'node:crypto';
import { test } from 'node:test';
import { randomSignals } from '../support/random-signals.js';

const ROUNDS = 24;
const FIRST_SEED = randomInt(1_000_000);

test(`${ROUNDS} rounds of random signals from seed ${FIRST_SEED}`, async () => {
  for (let index = 0; index < ROUNDS; index += 1) await randomSignals(FIRST_SEED + index);
});
