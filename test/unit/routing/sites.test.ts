/** Which site a request is for, in whatever order the sites are written. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compilePolicy } from '../../../proxy/exchange/policy.js';
import { Sites } from '../../../proxy/routing/sites.js';
import { resolveGiven } from '../../support/settings.js';

const GENERAL = compilePolicy(resolveGiven({}), 443, 'm');
const FACTS = {
  remoteAddress: '192.0.2.1',
  remotePort: 1,
  localAddress: '192.0.2.2',
  localPort: 443,
  tlsVersion: 'TLSv1.3',
  cipher: '',
  tlsGroup: '',
  serverName: '',
  trusted: false,
  certificate: null,
  clientFields: [],
};

interface Written {
  readonly hosts: readonly string[];
  readonly listeners?: readonly number[];
}

/** The number of the site that takes the host at the listener; null: none does. */
function taken(written: readonly Written[], authority: string, listener = 0): number | null {
  const policies = written.map((_one, site) => ({ ...GENERAL, site }));
  const rules = resolveGiven({});
  const sites = written.map(({ hosts, listeners = null }, index) => {
    return { name: `site ${index}`, hosts, listeners, rules };
  });
  const head = { method: 'GET', path: '/', authority, headers: [], memo: null, httpVersion: '1.1' as const };
  return new Sites(sites, 3, policies, GENERAL).find(head, { ...FACTS, listener }).site;
}

const WIDE = { hosts: ['*.example.com'] };
const NARROW = { hosts: ['*.shop.example.com'] };
const EXACT = { hosts: ['a.shop.example.com', 'example.com'] };

for (const sites of [
  [WIDE, NARROW, EXACT],
  [EXACT, NARROW, WIDE],
  [NARROW, EXACT, WIDE],
]) {
  test(`the exact name before the narrowest wildcard: ${sites.map(({ hosts }) => hosts[0]).join(', ')}`, () => {
    assert.equal(taken(sites, 'a.shop.example.com'), sites.indexOf(EXACT));
    assert.equal(taken(sites, 'a.shop.example.com.:8443'), sites.indexOf(EXACT));
    assert.equal(taken(sites, 'b.shop.example.com'), sites.indexOf(NARROW));
    assert.equal(taken(sites, 'a.b.shop.example.com'), sites.indexOf(NARROW));
    assert.equal(taken(sites, 'shop.example.com'), sites.indexOf(WIDE));
    assert.equal(taken(sites, 'example.com'), sites.indexOf(EXACT));
    assert.equal(taken(sites, 'example.org'), null);
    assert.equal(taken(sites, 'notexample.com'), null);
  });
}

test('a site with listeners is served there alone, and the others everywhere else', () => {
  const sites = [{ hosts: ['a.test'] }, { hosts: ['a.test', '*.test'], listeners: [1] }];
  assert.deepEqual([taken(sites, 'a.test', 0), taken(sites, 'b.test', 0)], [0, null]);
  assert.deepEqual([taken(sites, 'a.test', 1), taken(sites, 'b.test', 1)], [1, 1]);
  assert.deepEqual([taken(sites, 'a.test', 2), taken(sites, 'b.test', 2)], [0, null]);
  assert.equal(taken(sites, 'a.test', 3), null);
});
