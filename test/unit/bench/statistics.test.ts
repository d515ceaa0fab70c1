/** The bench's statistics. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { percentile, spreadOf, spreadOfKnown } from '../../../bench/statistics.js';

test('the median of an odd number of rounds is the middle one, whatever their order', () => {
  assert.deepEqual(spreadOf([30, 10, 200]), { minimum: 10, median: 30, maximum: 200 });
});

test('the median of an even number of rounds lies between the middle two', () => {
  assert.deepEqual(spreadOf([4, 1, 3, 100]), { minimum: 1, median: 3.5, maximum: 100 });
});

test('values are ordered as numbers, not as text', () => {
  assert.equal(spreadOf([9, 10, 100]).median, 10);
});

test('no rounds have no median', () => {
  assert.throws(() => spreadOf([]), RangeError);
});

test('a percentile is the nearest rank', () => {
  const hundred = Float64Array.from({ length: 100 }, (_value, index) => index + 1);
  assert.equal(percentile(hundred, 0.5), 50);
  assert.equal(percentile(hundred, 0.99), 99);
  assert.equal(percentile(hundred, 1), 100);
});

test('a percentile of one value is that value, and of none is null', () => {
  assert.equal(percentile(Float64Array.of(7), 0.99), 7);
  assert.equal(percentile(Float64Array.of(), 0.5), null);
});

test('rounds without a value do not count in a spread', () => {
  assert.deepEqual(spreadOfKnown([null, 2, null, 4]), { minimum: 2, median: 3, maximum: 4 });
  assert.equal(spreadOfKnown([null]), null);
});
