/** Gives one target so many inputs of a seed, and holds it to its invariants, a steady heap and a fair mixture. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { settledBytes } from './heap.js';
import { type FuzzTarget, runCases } from './target.js';
import { Watchdog } from './watchdog.js';

/** What compiled code and filled tables may add after the first tenth. */
const MAX_GROWTH_BYTES = 8 << 20;

/** Inputs by target, dear ones fewer. */
export const INPUTS: Readonly<Record<string, number>> = {
  'http1-request': 100_000,
  'http1-response': 80_000,
  chunked: 50_000,
  http2: 35_000,
  hpack: 25_000,
  uwsgi: 25_000,
  'proxy-protocol': 20_000,
};

/** The seed of every run, so that a change of the code is the only thing that changes the result. */
export const FIXED_SEED = 20_260;

/** Throws with the command that brings the input back where an invariant does not hold. */
export async function holdInvariants(
  t: TestContext,
  target: FuzzTarget,
  seed: number,
  inputs: number,
): Promise<void> {
  const watchdog = new Watchdog(target.name);
  const begin = (caseSeed: number, index: number): void => watchdog.begin(caseSeed, index);
  try {
    runCases(target, seed, 0, inputs / 10, begin);
    const startBytes = settledBytes();
    const tally = runCases(target, seed, inputs / 10, inputs, begin);
    const growthBytes = settledBytes() - startBytes;
    t.diagnostic(`seed ${seed}: ${inputs} inputs: ${JSON.stringify(tally)}, heap ${growthBytes} bytes`);
    assert.ok(growthBytes < MAX_GROWTH_BYTES, `heap grew by ${growthBytes} bytes`);
    // Inputs that are all refused, or all accepted, would prove little.
    assert.ok(tally.accepted > inputs / 10, 'few inputs are accepted');
    assert.ok(tally.refused > inputs / 10, 'few inputs are refused');
  } finally {
    await watchdog.close();
  }
}
