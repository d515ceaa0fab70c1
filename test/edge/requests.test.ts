/** Every request case through a real front, over each engine, judged by what reached the oracle. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { requestCases } from './cases/all-requests.js';
import { libraryLimits } from './cases/library-limits.js';
import { Edge, engines } from './edge.js';
import { judge } from './judge.js';

/** Cases share a front and an oracle; each knows its messages by its token. */
const CASES_AT_ONCE = 6;

const wanted = process.env.TLSFRONT_TEST_CASE ?? '';

for (const engine of engines) {
  test(`requests through the ${engine} engine`, { concurrency: CASES_AT_ONCE }, async (t) => {
    const edge = await Edge.start(engine);
    t.after(() => edge.stop());
    const rows = requestCases.filter((row) => row.id.includes(wanted));
    await Promise.all(
      rows.map((row) => {
        const limit = engine === 'library' ? libraryLimits.get(row.id) : undefined;
        if (limit === undefined) {
          return t.test(`${row.id}: ${row.reference}`, async () =>
            assert.deepEqual(await judge(edge, row), []),
          );
        }
        return t.test(`${row.id}: ${limit.reason}`, async () =>
          assert.deepEqual(await judge(edge, { ...row, expect: limit.expect }), []),
        );
      }),
    );
    await t.test('nothing reached the upstream that no case sent', () => {
      assert.deepEqual(
        edge.strangers().map((message) => message.raw),
        [],
      );
      assert.deepEqual(edge.orphanViolations(), []);
    });
    await t.test('no process of the front ended', () => assert.deepEqual(edge.deaths(), []));
  });
}
