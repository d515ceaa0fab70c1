/** The fuzz targets on the first inputs of the fixed seed, the same in every run; `npm run test:long` goes on from there. */
import { test } from 'node:test';
import { FIXED_SEED, holdInvariants, INPUTS } from './fuzz/hold.js';
import { TARGETS } from './fuzz/targets.js';

/** Of each target's inputs. */
const SHARE = 1 / 10;

for (const target of TARGETS) {
  test(`${target.name}: every invariant holds for the first inputs, and the heap does not grow`, async (t) => {
    await holdInvariants(t, target, FIXED_SEED, (INPUTS[target.name] ?? 0) * SHARE);
  });
}
