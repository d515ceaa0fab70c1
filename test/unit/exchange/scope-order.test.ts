/** Which of several access rules is the narrowest, in whatever order they are written. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { byNarrowness, compileScope, coversPath, placeOf } from '../../../proxy/exchange/access/scope.js';
import { type AccessScope, EVERYTHING } from '../../../src/shared/config/access.js';

/** The narrowest first. */
const ORDER: readonly AccessScope[] = [
  { ...EVERYTHING, site: 1, host: 'a.test', port: 443, prefix: '/api' },
  { ...EVERYTHING, site: 1, host: 'a.test' },
  { ...EVERYTHING, site: 1, port: 443 },
  { ...EVERYTHING, host: 'a.test', prefix: '/a/b/c' },
  { ...EVERYTHING, host: '*.shop.a.test', port: 443, prefix: '/api' },
  { ...EVERYTHING, host: '*.shop.a.test', prefix: '/api/long' },
  { ...EVERYTHING, host: '*.a.test', port: 1 },
  { ...EVERYTHING, host: '*.a.test' },
  { ...EVERYTHING, port: 1, prefix: '/api' },
  { ...EVERYTHING, port: 443 },
  { ...EVERYTHING, prefix: '/api/v1' },
  { ...EVERYTHING, prefix: '/api' },
  EVERYTHING,
];

test('an exact host or a site is before a wildcard, then counts a port, then the longest path', () => {
  for (const [first, one] of ORDER.entries()) {
    for (const [second, other] of ORDER.entries()) {
      const sign = Math.sign(byNarrowness({ scope: one }, { scope: other }));
      assert.equal(sign, Math.sign(first - second), `${JSON.stringify(one)} and ${JSON.stringify(other)}`);
    }
  }
});

test('a scope covers its host, its listeners and its site, and no other', () => {
  const at = (authority: string, listener: number, site: number | null) => {
    const head = {
      method: 'GET',
      path: '/',
      authority,
      headers: [],
      memo: null,
      httpVersion: '1.1' as const,
    };
    const facts = {
      ...{ remoteAddress: '192.0.2.1', remotePort: 1, localAddress: '192.0.2.2', localPort: 1, listener },
      ...{ tlsVersion: '', cipher: '', tlsGroup: '', serverName: '', trusted: false, clientFields: [] },
      certificate: null,
    };
    return placeOf(head, facts, site);
  };
  const covers = (scope: Partial<AccessScope>, authority: string, listener = 0, site: number | null = null) =>
    coversPath(compileScope({ ...EVERYTHING, ...scope }, [443, 80, 443]), at(authority, listener, site), '/');
  assert.deepEqual([covers({}, 'a.test'), covers({}, '')], [true, true]);
  assert.deepEqual(
    [covers({ host: 'a.test' }, 'a.test.:1'), covers({ host: 'a.test' }, 'b.test')],
    [true, false],
  );
  assert.equal(covers({ host: 'a.test' }, 'b.a.test'), false);
  assert.deepEqual(
    [covers({ host: '*.a.test' }, 'b.a.test'), covers({ host: '*.a.test' }, 'a.test')],
    [true, false],
  );
  assert.equal(covers({ host: '*.a.test' }, '.a.test'), false);
  assert.deepEqual(
    [0, 1, 2].map((listener) => covers({ port: 443 }, 'a.test', listener)),
    [true, false, true],
  );
  assert.deepEqual(
    [0, 1, null].map((site) => covers({ site: 1 }, 'a.test', 0, site)),
    [false, true, false],
  );
});
