/** Where other routers want the app too, a connection is given back of as many as the app has shown to take, and no more than that. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AcceptWatch } from '../../../proxy/upstream/accept-watch.js';

function watchOf(heard: number, hasSiblings: boolean): AcceptWatch {
  const connections = { count: () => heard, idleCount: () => 0, onBlocked: () => undefined };
  const watch = new AcceptWatch(connections, hasSiblings);
  for (let count = 0; count < heard; count += 1) watch.onHeard();
  return watch;
}

test('a router alone keeps its connections', () => {
  assert.equal(watchOf(1, false).yields(0, 1e6), false);
});

test('one that is idle is given back after a quarter of a second, one in use once a second', () => {
  const watch = watchOf(1, true);
  assert.equal(watch.yields(10_000, 10_000), true, 'the first time');
  assert.equal(watch.yields(10_100, 10_300), false);
  assert.equal(watch.yields(10_100, 10_350), true);
  assert.equal(watch.yields(11_300, 11_300), false, 'in use');
  assert.equal(watch.yields(11_350, 11_350), true, 'in use, a second later');
});

test('of several one goes, and the others stay: the app has room for a sibling', () => {
  const watch = watchOf(3, true);
  assert.equal(watch.yields(0, 10_000), true);
  watch.onClosed();
  assert.equal(watch.yields(0, 20_000), false);
  watch.onHeard();
  assert.equal(watch.yields(0, 30_000), true);
});
