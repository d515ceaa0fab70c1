/** Who may take a place and whose turn it is: clients by address, IPv6 by /64. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FairQueue } from '../../../proxy/upstream/places/fair-queue.js';
import { Shares } from '../../../proxy/upstream/places/shares.js';

const entry = (client: string, sinceMs = 0) => ({ client, sinceMs });
const ANYBODY = (): boolean => true;

function fill(shares: Shares, client: string): number {
  let count = 0;
  while (shares.mayTake(client, 1)) {
    shares.take(client, 1);
    count += 1;
  }
  return count;
}

for (const { max, alone } of [
  { max: 256, alone: 224 },
  { max: 16, alone: 14 },
  { max: 7, alone: 7 },
  { max: 1, alone: 1 },
  { max: 0, alone: 0 },
]) {
  test(`of ${max} places one client gets ${alone}, and others the rest`, () => {
    const shares = new Shares(max);
    assert.equal(fill(shares, 'greedy'), alone);
    assert.equal(fill(shares, 'other'), max - alone);
    assert.equal(shares.used, max);
  });
}

test('a client below its half takes the last places beside one that has most', () => {
  const shares = new Shares(16);
  fill(shares, 'greedy');
  assert.equal(shares.mayTake('greedy', 1), false);
  assert.equal(shares.mayTake('other', 2), true);
  assert.equal(shares.mayTake('other', 3), false);
});

test('what is given back can be taken again, and a client with nothing is forgotten', () => {
  const shares = new Shares(8);
  shares.take('one', 4);
  shares.give('one', 4);
  assert.deepEqual([shares.used, shares.heldBy('one')], [0, 0]);
});

test('clients take turns, each of them in the order in which its requests came', () => {
  const queue = new FairQueue<{ client: string; sinceMs: number }>(100);
  for (const sinceMs of [1, 2, 3]) queue.push(entry('greedy', sinceMs));
  queue.push(entry('other', 4));
  const order = [1, 2, 3, 4]
    .map(() => queue.shift(ANYBODY))
    .map((taken) => `${taken?.client} ${taken?.sinceMs}`);
  assert.deepEqual(order, ['greedy 1', 'other 4', 'greedy 2', 'greedy 3']);
  assert.equal(queue.shift(ANYBODY), null);
  assert.equal(queue.length, 0);
});

test('a client that may take nothing is passed over and keeps its turn', () => {
  const queue = new FairQueue<{ client: string; sinceMs: number }>(100);
  queue.push(entry('greedy'));
  queue.push(entry('other'));
  assert.equal(queue.shift((client) => client !== 'greedy')?.client, 'other');
  assert.equal(
    queue.shift((client) => client !== 'greedy'),
    null,
  );
  assert.equal(queue.shift(ANYBODY)?.client, 'greedy');
});

test('a full queue makes room for a newcomer at the cost of who has most, and refuses who has as many', () => {
  const queue = new FairQueue<{ client: string; sinceMs: number }>(4);
  for (const sinceMs of [1, 2, 3, 4]) assert.equal(queue.push(entry('greedy', sinceMs)), null);
  const more = entry('greedy', 5);
  assert.equal(queue.push(more), more);
  assert.deepEqual(queue.push(entry('other')), entry('greedy', 4));
  assert.equal(queue.length, 4);
});

test('a queue of no length takes nobody', () => {
  const queue = new FairQueue<{ client: string; sinceMs: number }>(0);
  const one = entry('one');
  assert.equal(queue.push(one), one);
});

test('what waits too long is taken out, of every client', () => {
  const queue = new FairQueue<{ client: string; sinceMs: number }>(100);
  for (const [client, sinceMs] of [
    ['a', 1],
    ['b', 2],
    ['a', 9],
  ] as const)
    queue.push(entry(client, sinceMs));
  assert.deepEqual(
    queue.expire(5).map(({ client }) => client),
    ['a', 'b'],
  );
  assert.equal(queue.length, 1);
  assert.deepEqual(queue.clear(), [entry('a', 9)]);
});

test('who leaves is taken out', () => {
  const queue = new FairQueue<{ client: string; sinceMs: number }>(100);
  const one = entry('a', 1);
  queue.push(one);
  assert.equal(
    queue.take('b', () => true),
    null,
  );
  assert.equal(
    queue.take('a', (other) => other === one),
    one,
  );
  assert.equal(queue.length, 0);
});
