/** Signals and deaths at random moments, a few rounds; FRONT_TEST_SEED repeats one, FRONT_TEST_ROUNDS says how many. */
import { randomInt } from 'node:crypto';
import { test } from 'node:test';
import { randomSignals } from '../support/random-signals.js';

const ROUNDS = Number(process.env.FRONT_TEST_ROUNDS ?? '4');
const FIRST_SEED = Number(process.env.FRONT_TEST_SEED ?? randomInt(1_000_000));

test(`${ROUNDS} rounds of random signals from seed ${FIRST_SEED}`, async () => {
  for (let index = 0; index < ROUNDS; index += 1) await randomSignals(FIRST_SEED + index);
});
