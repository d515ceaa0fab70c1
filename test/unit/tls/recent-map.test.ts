/** A map of so many entries: which one makes room, and who hears of it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RecentMap } from '../../../proxy/tls/recent-map.js';

function filled(): { readonly map: RecentMap<number>; readonly forgotten: number[] } {
  const forgotten: number[] = [];
  const map = new RecentMap<number>(2, (value) => forgotten.push(value));
  map.set('a', 1);
  map.set('b', 2);
  return { map, forgotten };
}

test('a full map forgets what was used longest ago, by reading or by writing', () => {
  const { map, forgotten } = filled();
  assert.deepEqual([map.size, forgotten], [2, []]);
  assert.equal(map.get('a'), 1);
  map.set('c', 3);
  assert.deepEqual(forgotten, [2]);
  map.set('a', 10);
  map.set('d', 4);
  assert.deepEqual(forgotten, [2, 3]);
  assert.deepEqual(
    [map.size, map.get('a'), map.get('b'), map.get('c'), map.get('d')],
    [2, 10, undefined, undefined, 4],
  );
});

test('one that is deleted is told of; an unknown one is not', () => {
  const { map, forgotten } = filled();
  map.delete('a');
  map.delete('z');
  assert.deepEqual([map.size, map.get('a'), forgotten], [1, undefined, [1]]);
});

test('a cleared map knows nothing any more, and tells nobody', () => {
  const { map, forgotten } = filled();
  map.clear();
  assert.deepEqual([map.size, map.get('a'), map.get('b'), forgotten], [0, undefined, undefined, []]);
});
