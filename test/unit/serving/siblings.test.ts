/** Which of several certificates of the same names is served. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { selectBest } from '../../../src/serving/siblings.js';

const bySize = (one: string, other: string): number => other.length - one.length;
const byFirst = (text: string): string => text.charAt(0);

test('the best of each group stands where the first of it stood, and of equal ones the first is kept', () => {
  assert.deepEqual(selectBest(['a1', 'b', 'a2', 'c1', 'b22', 'a', 'c2'], byFirst, bySize), [
    'a1',
    'b22',
    'c1',
  ]);
  assert.deepEqual(selectBest([], byFirst, bySize), []);
});
