/** What is remembered by client, name or text stays small however many different ones come, or is forgotten when they leave. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RateLimiter } from '../../proxy/exchange/access/rate-limiter.js';
import { ResetBudget } from '../../proxy/exchange/access/reset-budget.js';
import { ConnectionLimiter } from '../../proxy/listen/connection-limiter.js';
import { shareString } from '../../proxy/wire/hpack/shared-strings.js';
import { settledBytes } from '../wire/fuzz/heap.js';

const CLIENTS = 100_000;
/** A map of so many addresses takes several times as much. */
const MOST_BYTES = 3_000_000;

const addressOf = (index: number): string =>
  `2001:db8::${(index >> 16).toString(16)}:${(index & 0xffff).toString(16)}`;

/** Given all that came and went, the thing itself, which must still be reachable when the memory is looked at. */
const KEEPERS: readonly (readonly [name: string, use: () => object, mostBytes?: number])[] = [
  [
    'connections of an address that has closed them all',
    () => {
      const limiter = new ConnectionLimiter(1_000, 10);
      for (let i = 0; i < CLIENTS; i += 1) {
        assert.ok(limiter.admit(addressOf(i)));
        limiter.release(addressOf(i));
      }
      return limiter;
    },
  ],
  [
    'the rate of clients beyond the number that is remembered',
    () => {
      const limiter = new RateLimiter(1, 1_000, 1, 1, 1_000);
      for (let i = 0; i < CLIENTS; i += 1) limiter.take(addressOf(i), i);
      assert.equal(limiter.size, 1_000);
      return limiter;
    },
  ],
  [
    'resets of clients that owe nothing any more',
    () => {
      const budget = new ResetBudget(100);
      for (let i = 0; i < 9_000; i += 1) budget.cut(addressOf(i), 'free', 0);
      budget.sweep(60_000);
      return budget;
    },
    // Fewer than are remembered at most.
    400_000,
  ],
  [
    'resets of clients that were answered',
    () => {
      const budget = new ResetBudget(100);
      for (let i = 0; i < CLIENTS; i += 1) {
        budget.cut(addressOf(i), 'free', 0);
        budget.answered(addressOf(i), 'free');
      }
      return budget;
    },
  ],
  [
    'resets of more clients than are remembered',
    () => {
      const budget = new ResetBudget(100);
      for (let i = 0; i < CLIENTS; i += 1) budget.cut(addressOf(i), 'free', 0);
      return budget;
    },
  ],
  [
    'texts that tables of fields share',
    () => {
      for (let i = 0; i < CLIENTS; i += 1) shareString(`${'v'.repeat(60)}${i}`);
      return shareString;
    },
  ],
];

for (const [name, use, mostBytes = MOST_BYTES] of KEEPERS) {
  test(`${name}`, () => {
    const before = settledBytes();
    const kept = use();
    const grown = settledBytes() - before;
    assert.ok(grown < mostBytes, `${grown} bytes`);
    assert.ok(kept);
  });
}

test('very long texts are not kept', () => {
  const before = settledBytes();
  for (let round = 0; round < 7; round += 1) {
    for (let i = 0; i < 100; i += 1) shareString(`${'v'.repeat(40_000)}${round} ${i}`);
    assert.ok(settledBytes() - before < MOST_BYTES);
  }
});

test('a text that is shared does not keep the head alive that it was cut from', () => {
  const before = settledBytes();
  const kept: string[] = [];
  for (let i = 0; i < 100; i += 1) {
    const head = Buffer.alloc(200_000, 0x61 + (i % 20)).toString('latin1') + i;
    kept.push(shareString(head.slice(-60)));
  }
  assert.ok(settledBytes() - before < MOST_BYTES);
  assert.equal(kept.length, 100);
});

test('the same text is one string for all', () => {
  const first = shareString('text/html; charset=utf-8');
  assert.equal(shareString(Buffer.from('text/html; charset=utf-8').toString()), first);
});

test('an address has its own number of connections, and each that closes makes room for another', () => {
  const limiter = new ConnectionLimiter(10, 2);
  assert.deepEqual(
    [limiter.admit('a'), limiter.admit('a'), limiter.admit('a'), limiter.admit('b')],
    [true, true, false, true],
  );
  limiter.release('a');
  assert.deepEqual([limiter.admit('a'), limiter.admit('a')], [true, false]);
  const all = Array.from({ length: 11 }, () => limiter.enter());
  assert.deepEqual(all, [...Array.from({ length: 10 }, () => true), false]);
  limiter.leave();
  assert.equal(limiter.enter(), true);
});
