/** Redirects as users write them, and where they lead. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { followRedirects } from '../../../proxy/exchange/reply/redirect-rules.js';
import type { ConnectionFacts } from '../../../proxy/exchange/types.js';
import { readRedirect } from '../../../src/options/values/redirects.js';
import { complaintOf } from '../../support/settings.js';

const FACTS: ConnectionFacts = {
  ...{ remoteAddress: '192.0.2.1', remotePort: 1, localAddress: '127.0.0.1', localPort: 443, listener: 0 },
  ...{
    tlsVersion: 'TLSv1.3',
    cipher: '',
    tlsGroup: '',
    serverName: '',
    trusted: false,
    certificate: null,
    clientFields: [],
  },
};

/** Status and Location for a URL; empty: it is not redirected. */
function follow(rules: readonly string[], url: string, role: 'serve' | 'redirect' = 'serve'): string {
  const [, scheme = '', authority = '', path = ''] = /^(https?):\/\/([^/]*)(.*)$/.exec(url) ?? [];
  const head = { method: 'GET', path, authority, headers: [], memo: null, httpVersion: '1.1' as const };
  const facts = { ...FACTS, tlsVersion: scheme === 'https' ? 'TLSv1.3' : '' };
  const read = rules.map((text) => readRedirect('--redirect', text));
  const reply = followRedirects(read, head, facts, { role, httpsPort: 8443, site: null });
  return reply === null ? '' : `${reply.status} ${reply.headers[1]}`;
}

const FOLLOWED: readonly (readonly [rule: string, url: string, expected: string])[] = [
  ['www.a.test=a.test', 'https://www.a.test/x?y=1', '308 https://a.test/x?y=1'],
  ['www.a.test=a.test', 'https://WWW.a.test:8443/', '308 https://a.test:8443/'],
  ['www.a.test=a.test:9443', 'https://www.a.test:8443/', '308 https://a.test:9443/'],
  ['www.a.test=https://a.test', 'http://www.a.test:8080/', '308 https://a.test/'],
  ['www.a.test=a.test', 'https://a.test/', ''],
  ['*.a.test=www.a.test', 'https://x.a.test/', '308 https://www.a.test/'],
  ['*.a.test=www.a.test', 'https://www.a.test/', ''],
  ['/=/home', 'https://a.test/', '308 /home'],
  ['/old=/new', 'https://a.test/old?q=1', '308 /new?q=1'],
  ['/old=/new', 'https://a.test/old/x', ''],
  ['/old=/new', 'https://a.test/older', ''],
  ['/old/*=/new/*', 'https://a.test/old/x/y?q', '308 /new/x/y?q'],
  ['/old/*=/new/*', 'https://a.test/old', '308 /new'],
  ['/old/*=/gone', 'https://a.test/old/x', '308 /gone'],
  ['/old=/new?from=old', 'https://a.test/old?q=1', '308 /new?from=old'],
  ['a.test/x/*=https://b.test/y/*', 'https://a.test/x/z', '308 https://b.test/y/z'],
  ['a.test=https://b.test/app/*', 'https://a.test/x', '308 https://b.test/app/x'],
  ['a.test=https://b.test/', 'https://a.test/x', '308 https://b.test/'],
  ['/a=/b,302', 'https://a.test/a', '302 /b'],
  ['/a=/b,status=301', 'https://a.test/a', '301 /b'],
  ['/old/*=/*', 'https://a.test/old//evil.test', '308 https://a.test//evil.test'],
  ['/old/*=/*', 'https://a.test/old/\\evil.test', '308 https://a.test/\\evil.test'],
];

for (const [rule, url, expected] of FOLLOWED) {
  test(`${rule}: ${url} ${expected === '' ? 'stays' : `leads to ${expected}`}`, () =>
    assert.equal(follow([rule], url), expected));
}

test('of several rules the first counts', () => {
  assert.equal(follow(['/x=/y', '/a=/b', '/a=/c,302'], 'https://a.test/a'), '308 /b');
});

test('on a listener that redirects to HTTPS another host is reached in one step, and paths wait for the next', () => {
  assert.equal(follow(['www.a.test=a.test'], 'http://www.a.test/x', 'redirect'), '308 https://a.test:8443/x');
  assert.equal(follow(['/a=/b'], 'http://a.test/a', 'redirect'), '');
});

const REFUSED: readonly (readonly [string, RegExp])[] = [
  ['a.test', /there is no =/],
  ['=b.test', /what is redirected is missing/],
  ['https://a.test=b.test', /what is redirected has no scheme/],
  ['a.test=', /'' is no target/],
  ['a.test=b c', /'b c' is no target/],
  ['a.test=ftp://b.test', /is no target/],
  ['a.test:80=b.test', /a route has no port/],
  ['a.test=a.test', /it leads to itself/],
  ['/a=/a', /it leads to itself/],
  ['/a/*=/a/b', /it leads to itself/],
  ['/a/*=/a/*', /it leads to itself/],
  ['a.test=https://a.test', /it leads to itself/],
  ['a.test=https://a.test/x', /it leads to itself/],
  ['/a=/b/*', /nothing is left behind a path without/],
  ['/a*=/b', /is no path/],
  ['/a?b=/c', /is no path/],
  ['/a=/b,418', /'418' is no status of a redirect/],
  ['/a=/b\nx', /is no/],
];

for (const [text, expected] of REFUSED) {
  test(`--redirect ${JSON.stringify(text)} is refused: ${expected.source}`, () =>
    assert.match(
      complaintOf(() => readRedirect('--redirect', text)),
      expected,
    ));
}
