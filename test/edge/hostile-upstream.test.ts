/** Every hostile-upstream case through a real front, over each engine and both protocols. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hostileCases } from './cases/all-hostile.js';
import { Edge, engines } from './edge.js';
import { judgeHostile, type Protocol } from './hostile-judge.js';

const wanted = process.env.TLSFRONT_TEST_CASE ?? '';
const protocols: readonly Protocol[] = ['http1', 'http2'];

/** Short, so that an upstream that says nothing is given up within a test's patience. */
const LIMITS = [
  ...['--timeout-upstream-head', '700ms', '--timeout-upstream-idle', '700ms'],
  ...['--timeout-client-body', '2s', '--timeout-client-write', '2s'],
];

for (const engine of engines) {
  for (const protocol of protocols) {
    // One case after the other: the request after a case must meet the upstream connection the case left behind.
    test(`hostile upstreams over ${protocol} through the ${engine} engine`, async (t) => {
      // Cases ask for what the app does while a body is on its way.
      const streamed = engine === 'direct' ? ['--stream-requests', '/'] : [];
      const edge = await Edge.start(engine, ...LIMITS, ...streamed);
      t.after(() => edge.stop());
      for (const row of hostileCases.filter(({ id }) => id.includes(wanted))) {
        await t.test(`${row.id}: ${row.reference}`, async () =>
          assert.deepEqual(await judgeHostile(edge, row, protocol), []),
        );
      }
      assert.deepEqual(edge.orphanViolations(), []);
      assert.deepEqual(edge.deaths(), []);
    });
  }
}
