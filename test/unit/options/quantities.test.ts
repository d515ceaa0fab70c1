/** Durations, sizes and counts as users write them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  formatDuration,
  formatSize,
  parseCount,
  parseDuration,
  parseSize,
} from '../../../src/options/values/quantities.js';

const DURATIONS: readonly (readonly [string, number | null])[] = [
  ['60', 60_000],
  ['0', 0],
  ['500ms', 500],
  ['30s', 30_000],
  ['1.5s', 1500],
  ['5m', 300_000],
  ['2h', 7_200_000],
  ['1d', 86_400_000],
  ['', null],
  ['-1', null],
  ['1e3', null],
  ['5 m', null],
  ['5M', null],
  ['1m30s', null],
  ['.5s', null],
  ['soon', null],
  ['9'.repeat(30), null],
];

for (const [text, expected] of DURATIONS) {
  test(`the duration '${text}' is ${expected} ms`, () => assert.equal(parseDuration(text), expected));
}

const SIZES: readonly (readonly [string, number | null])[] = [
  ['0', 0],
  ['4096', 4096],
  ['512b', 512],
  ['32k', 32_768],
  ['32K', 32_768],
  ['32kb', 32_768],
  ['32KiB', 32_768],
  ['1m', 1_048_576],
  ['2g', 2_147_483_648],
  ['1.5m', null],
  ['-1', null],
  ['1t', null],
  ['k', null],
  ['', null],
  ['9'.repeat(20), null],
];

for (const [text, expected] of SIZES) {
  test(`the size '${text}' is ${expected} bytes`, () => assert.equal(parseSize(text), expected));
}

test('a count is digits only, and small enough to be exact', () => {
  assert.deepEqual(['0', '12', '+1', '1.0', '0x10', '', '9'.repeat(17)].map(parseCount), [
    0,
    12,
    null,
    null,
    null,
    null,
    null,
  ]);
});

test('a formatted duration reads back as itself', () => {
  for (const milliseconds of [
    0, 1, 999, 1000, 1500, 60_000, 75_000, 300_000, 3_600_000, 5_400_000, 86_400_000,
  ]) {
    assert.equal(parseDuration(formatDuration(milliseconds)), milliseconds);
  }
});

test('a formatted size reads back as itself', () => {
  for (const bytes of [0, 1, 1023, 1024, 1025, 32_768, 1_048_576, 3 * 1024 ** 3]) {
    assert.equal(parseSize(formatSize(bytes)), bytes);
  }
});
