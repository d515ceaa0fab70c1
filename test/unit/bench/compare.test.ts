/** How two revisions are judged beside each other. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compareOutcomes, renderComparison } from '../../../bench/compare.js';
import type { Outcome, ScenarioResult } from '../../../bench/contract.js';
import { readOptions, UsageError } from '../../../bench/options.js';

function outcome(peer: string, figures: readonly number[], failure: string | null = null): Outcome {
  return {
    ...{ peer, title: peer, own: true, cipher: null, retries: [], failure },
    samples: figures.map((figure) => ({
      ...{ figure, throughputPerSecond: null, p50Micros: null, p99Micros: null },
      ...{ rssBytes: 0, peerCores: null, generatorCores: null },
    })),
  };
}

function scenario(...outcomes: Outcome[]): ScenarioResult {
  return { name: 'h1', title: 'GET', unit: 'µs', throughputUnit: 'requests/s', outcomes };
}

test('a scenario is judged by the median of its rounds, each beside the other in the same round', () => {
  // The second round was slow for both, the third for this tree alone.
  const result = scenario(outcome('now', [10, 30, 20]), outcome('before', [10, 30, 10]));
  assert.deepEqual(compareOutcomes(result, 2).ratios, { minimum: 1, median: 1, maximum: 2 });
  assert.equal(compareOutcomes(result, 2).verdict, 'holds');
});

test('what is dearer than the bound is said', () => {
  const result = scenario(outcome('now', [103, 103, 103]), outcome('before', [100, 100, 100]));
  assert.equal(compareOutcomes(result, 2).verdict, 'dearer');
  assert.equal(compareOutcomes(result, 4).verdict, 'holds');
});

test('a peer that failed is never taken for one that holds', () => {
  const result = scenario(outcome('now', [1], 'it ended'), outcome('before', [1]));
  assert.equal(compareOutcomes(result, 2).verdict, 'failed');
  assert.equal(compareOutcomes(scenario(), 2).verdict, 'failed');
});

test('the table has a row a scenario with both medians and the ratio', () => {
  const result = scenario(outcome('now', [20]), outcome('before', [10]));
  assert.match(
    renderComparison('title', [compareOutcomes(result, 2)]),
    /^\ntitle\n.*\n {2}GET \[µs\] +20\.0 +10\.0 +2\.000 +2\.00–2\.00 +dearer\n$/,
  );
});

for (const words of [
  ['--bound', '2'],
  ['--compare', 'HEAD', '--peer', 'nginx'],
  ['--compare', 'HEAD', '--quick'],
  ['--compare', 'HEAD', '--docs'],
  ['--compare', 'HEAD', '--bound', '0'],
]) {
  test(`${words.join(' ')} is wrong use`, () => {
    assert.throws(() => readOptions(words), UsageError);
  });
}

test('a comparison takes seven rounds where nobody says how many', () => {
  assert.equal(readOptions(['--compare', 'HEAD']).rounds, 7);
  assert.equal(readOptions([]).rounds, 5);
});
