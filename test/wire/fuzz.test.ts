/** The fuzz targets on fixed seeds: the same inputs in every run, more than 300,000 in all. `npm run fuzz` goes on from there. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { settledBytes } from './fuzz/heap.js';
import { runCases } from './fuzz/target.js';
import { TARGETS } from './fuzz/targets.js';
import { Watchdog } from './fuzz/watchdog.js';

const SEED = 20_260;
/** Inputs by target, dear ones fewer. */
const INPUTS: Readonly<Record<string, number>> = {
  'http1-request': 100_000,
  'http1-response': 80_000,
  chunked: 50_000,
  http2: 35_000,
  hpack: 25_000,
  uwsgi: 25_000,
};
/** What compiled code and filled tables may add after the first tenth. */
const MOST_GROWTH_BYTES = 8 << 20;

test('the targets take more than 300,000 inputs', (t) => {
  const inputs = TARGETS.map(({ name }) => INPUTS[name] ?? 0);
  assert.ok(inputs.every((count) => count > 0));
  const sum = inputs.reduce((total, count) => total + count, 0);
  assert.ok(sum > 300_000);
  t.diagnostic(`${sum} inputs`);
});

for (const target of TARGETS) {
  test(`${target.name}: every invariant holds for every generated input, and the heap does not grow`, async (t) => {
    const watchdog = new Watchdog(target.name);
    const begin = (seed: number, index: number): void => watchdog.begin(seed, index);
    const inputs = INPUTS[target.name] ?? 0;
    runCases(target, SEED, 0, inputs / 10, begin);
    const startBytes = settledBytes();
    const tally = runCases(target, SEED, inputs / 10, inputs, begin);
    const growthBytes = settledBytes() - startBytes;
    await watchdog.close();
    t.diagnostic(`${inputs} inputs: ${JSON.stringify(tally)}, heap ${growthBytes} bytes`);
    assert.ok(growthBytes < MOST_GROWTH_BYTES, `heap grew by ${growthBytes} bytes`);
    // Inputs that are all refused, or all accepted, would prove little.
    assert.ok(tally.accepted > inputs / 10, 'few inputs are accepted');
    assert.ok(tally.refused > inputs / 10, 'few inputs are refused');
  });
}
