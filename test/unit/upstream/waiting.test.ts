/** What ends an exchange that waits at the app, and when. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { endWhenLate, type Waiting } from '../../../proxy/upstream/waiting.js';
import { DEFAULT_LIMITS } from '../../../src/shared/config/limits.js';

/** The error that something ends with which has waited so long; null: it goes on. */
function judge(waiting: Waiting, waitedMs: number, paused = false, awaitsRequest = false): string | null {
  let failure: string | null = null;
  endWhenLate(
    {
      ...{ waiting, waitingSinceMs: 0, paused, awaitsRequest, upstream: { name: 'app' } },
      fail: (code) => {
        failure = code;
      },
    },
    DEFAULT_LIMITS,
    waitedMs,
    () => undefined,
  );
  return failure;
}

for (const paused of [false, true]) {
  const state = paused ? 'that its client does not read' : 'that brings nothing';
  test(`half a tunnel ${state} ends 30 seconds after the other half`, () => {
    assert.equal(judge('tunnel-end', 30_000, paused), null);
    assert.equal(judge('tunnel-end', 30_001, paused), 'upstream_timeout');
  });
}

test('an app is not to blame for a client that takes nothing', () => {
  assert.equal(judge('body', 10 ** 9, true), null);
  assert.equal(judge('body', 10 ** 9), 'upstream_timeout');
});

test('an app is not to blame for the rest of a request', () => {
  assert.equal(judge('head', 10 ** 9, false, true), null);
  assert.equal(judge('head', 10 ** 9), 'upstream_timeout');
});
