/** Who may come in, and how often: addresses behind proxies, rates, and what stands in the options. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AccessRules } from '../../../proxy/exchange/access/access-rules.js';
import { AddressSet } from '../../../proxy/exchange/access/address-set.js';
import { RateLimiter } from '../../../proxy/exchange/access/rate-limiter.js';
import { RateLimits, rateFields } from '../../../proxy/exchange/access/rate-limits.js';
import { RateShare } from '../../../proxy/exchange/access/rate-share.js';
import { placeOf, plainPathOf } from '../../../proxy/exchange/access/scope.js';
import { clientAddressOf, clientKeyOf } from '../../../proxy/exchange/client-address.js';
import { compilePolicy } from '../../../proxy/exchange/policy.js';
import type { ConnectionFacts, RequestHead } from '../../../proxy/exchange/types.js';
import type { SettingLayer } from '../../../src/options/settings.js';
import { type Debt, MAX_DEBTS, type Spending } from '../../../src/shared/config/access.js';
import { complaintOf, resolveGiven } from '../../support/settings.js';

function factsOf(remoteAddress: string, trusted = false): ConnectionFacts {
  return {
    ...{
      remoteAddress,
      remotePort: 1,
      localAddress: '127.0.0.1',
      localPort: 443,
      listener: 0,
      tlsVersion: '',
      cipher: '',
      tlsGroup: '',
    },
    ...{ serverName: '', trusted, certificate: null, clientFields: [] },
  };
}

function headOf(path: string, ...headers: readonly string[]): RequestHead {
  return { method: 'GET', path, authority: 'a', headers, memo: null, httpVersion: '1.1' };
}

const behind = compilePolicy(resolveGiven({ flags: { trustedProxies: ['10.0.0.0/8'] } }), 443, 'm');

const NAMED: readonly (readonly [name: string, forwarded: string, wanted: string])[] = [
  ['the client', '203.0.113.9', '203.0.113.9'],
  ['the last that is no proxy, not what the client wrote', '6.6.6.6, 203.0.113.9, 10.1.1.1', '203.0.113.9'],
  ['an IPv4 address that is written within IPv6', '::ffff:203.0.113.9', '203.0.113.9'],
  [
    'the same in capitals, behind a proxy that is written so too',
    '::FFFF:203.0.113.9, ::ffff:10.1.1.1',
    '203.0.113.9',
  ],
  ['an IPv6 address as it stands', '::ffff:1', '::ffff:1'],
  ['a proxy where all are proxies', '10.1.1.1, 10.1.1.2', '10.1.1.1'],
  ['the peer where nothing was named', '', '10.0.0.1'],
  ['nobody by what is no address', 'unknown', '10.0.0.1'],
  ['nobody by what stands before it', '203.0.113.9, unknown, 10.1.1.1', '10.1.1.1'],
  ['IPv6', '2001:db8::1', '2001:db8::1'],
];

for (const [name, forwarded, wanted] of NAMED) {
  test(`behind a trusted proxy it is ${name}`, () => {
    const head = headOf('/', 'x-forwarded-for', forwarded);
    assert.equal(clientAddressOf(head, factsOf('10.0.0.1', true), behind), wanted);
  });
}

test('a stranger is who connected, whatever it says', () => {
  const head = headOf('/', 'x-forwarded-for', '10.1.1.1');
  assert.equal(clientAddressOf(head, factsOf('6.6.6.6'), behind), '6.6.6.6');
});

for (const [address, key] of [
  ['192.0.2.7', '192.0.2.7'],
  ['::ffff:192.0.2.7', '192.0.2.7'],
  ['::FFFF:192.0.2.7', '192.0.2.7'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:DB8:1:2::9', '2001:db8:1:2::/64'],
  ['2001:db8::1', '2001:db8:0:0::/64'],
  ['2001:db8:1:2::', '2001:db8:1:2::/64'],
  ['2001:0db8:0000:0001:ffff::', '2001:db8:0:1::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ['::1', '0:0:0:0::/64'],
  ['64:ff9b::192.0.2.33', '64:ff9b:0:0::/64'],
  ['unknown', 'unknown'],
  ['1.2.3.4:80', '1.2.3.4:80'],
  ['', ''],
] as const) {
  test(`${address || 'no address'} counts as the client ${key || 'without a name'}`, () => {
    assert.equal(clientKeyOf(address), key);
  });
}

type Flags = SettingLayer;

/** Who is kept out of a path by these options; null: nobody. */
function findKeptOut(
  flags: Flags,
  path: string,
  address: string,
  authority = 'a',
  listener = 0,
): string | null {
  const config = resolveGiven({ flags });
  const rules = new AccessRules(
    config.access,
    config.listeners.map(({ port }) => port),
  );
  rules.update({ addresses: { list: ['198.51.100.0/24'] }, passwords: {} });
  const head = { ...headOf(path), authority };
  const facts = { ...factsOf(address), listener };
  return rules.findKeptOut(head, facts, behind, rules.placeOf(head, facts, null));
}

const ADMITTED: readonly (readonly [
  allow: readonly string[],
  deny: readonly string[],
  address: string,
  wanted: boolean,
])[] = [
  [[], [], '192.0.2.1', true],
  [['192.0.2.0/24'], [], '192.0.2.1', true],
  [['192.0.2.0/24'], [], '198.51.100.1', false],
  [['192.0.2.0/24'], ['192.0.2.1'], '192.0.2.1', false],
  [[], ['2001:db8::/32'], '2001:db8::1', false],
  [[], ['2001:db8::/32'], '192.0.2.1', true],
  [['192.0.2.0/24'], [], '', false],
  [[], ['192.0.2.0/24'], '', true],
];

for (const [allow, deny, address, wanted] of ADMITTED) {
  test(`allow ${allow.join() || '-'}, deny ${deny.join() || '-'}: ${address || 'no address'} ${wanted ? 'comes in' : 'stays out'}`, () => {
    assert.equal(findKeptOut({ allow, deny }, '/', address) === null, wanted);
  });
}

test('GCRA: a burst, then an even pace, then a burst again after silence', () => {
  const limiter = new RateLimiter(10, 1000, 3);
  const takes = (...times: readonly number[]): number[] =>
    times.map((atMs) => Math.round(limiter.take('a', atMs)));
  assert.deepEqual(takes(1000, 1000, 1000, 1000), [0, 0, 0, 100]);
  assert.deepEqual(takes(1050, 1100, 1100), [50, 0, 100]);
  assert.deepEqual(takes(9000, 9000, 9000, 9000), [0, 0, 0, 100]);
  assert.equal(limiter.take('b', 9000), 0, 'another client');
});

test('no more clients are remembered than there is room for', () => {
  const limiter = new RateLimiter(1, 1000, 1, 1, 100);
  for (let client = 0; client < 1000; client += 1) limiter.take(String(client), 5);
  assert.equal(limiter.size, 100);
  assert.ok(limiter.take('999', 6) > 0, 'the last seen is still bounded');
});

test('a rule for a path counts requests for it and below; a key counts by its value, else by address', () => {
  const { rateLimits } = resolveGiven({
    flags: { rateLimit: ['1/m,path=/login', '2/m,key=header:X-Key,path=/api'] },
  }).access;
  const limits = new RateLimits(rateLimits, [443]);
  const facts = factsOf('192.0.2.1');
  const check = (path: string, ...headers: readonly string[]): number => {
    const head = headOf(path, ...headers);
    return limits.check(head, facts, behind, placeOf(head, facts, null), 1000)?.retryAfterSeconds ?? 0;
  };
  assert.deepEqual(
    [check('/'), check('/loginx'), check('/login?a'), check('/login/b'), check('/')],
    [0, 0, 0, 60, 0],
  );
  assert.deepEqual(
    [check('/api', 'x-key', 'one'), check('/api', 'x-key', 'one'), check('/api', 'x-key', 'one')],
    [0, 0, 30],
  );
  assert.deepEqual(
    [check('/api', 'x-key', 'two'), check('/api'), check('/api'), check('/api')],
    [0, 0, 0, 30],
  );
});

test('a refusal says when to come again, and by which rule', () => {
  const [rule] = resolveGiven({ flags: { rateLimit: ['5/m,burst=2'] } }).access.rateLimits;
  assert.ok(rule !== undefined);
  assert.deepEqual(rateFields({ rule, retryAfterSeconds: 12 }), [
    ...['retry-after', '12', 'ratelimit-policy', '"front";q=5;w=60', 'ratelimit', '"front";r=0;t=12'],
  ]);
});

for (const text of [
  '10',
  '0/s',
  '10/d',
  '10/s,burst=0',
  '10/s,key=me',
  '10/s,key=header:',
  '10/s,path=login',
  '10/s,x=1',
  '10/s,',
]) {
  test(`--rate-limit ${text} is an error with a hint`, () => {
    const complaint = complaintOf(() => resolveGiven({ flags: { rateLimit: [text] } }));
    assert.match(complaint, /^config_invalid: --rate-limit .* \/ write 10\/s/);
  });
}

test('--allow takes address blocks alone', () => {
  assert.match(
    complaintOf(() => resolveGiven({ flags: { allow: ['example.com'] } })),
    /--allow example\.com: not an address block/,
  );
});

/** Scope of a `--deny` for 192.0.2.1, and what it covers: path, authority and listener of the request. */
const SCOPES: readonly (readonly [
  scope: string,
  path: string,
  authority: string,
  listener: number,
  kept: boolean,
])[] = [
  ['/admin', '/admin', 'a', 0, true],
  ['/admin', '/admin/x?y', 'a', 0, true],
  ['/admin', '/administrator', 'a', 0, false],
  ['/admin', '/', 'a', 0, false],
  ['/admin', '/%61dmin', 'a', 0, true],
  ['/admin', '//admin', 'a', 0, true],
  ['/admin', '/x/../admin', 'a', 0, true],
  ['/admin', '/x/%2e%2E/admin', 'a', 0, true],
  ['/admin', '/./admin;jsessionid=1/x', 'a', 0, true],
  ['/admin', '/x\\..\\admin', 'a', 0, true],
  ['/admin', '/admin/../x', 'a', 0, true],
  ['/admin', '/x?/../admin', 'a', 0, false],
  ['app.test', '/', 'app.test', 0, true],
  ['app.test', '/', 'APP.test.:8443', 0, true],
  ['app.test', '/', 'other.test', 0, false],
  ['*.app.test', '/', 'x.app.test', 0, true],
  ['*.app.test', '/', 'app.test', 0, false],
  [':8443', '/', 'a', 0, true],
  [':8443', '/', 'a', 1, false],
  ['app.test:9443/api', '/api', 'app.test', 1, true],
  ['app.test:9443/api', '/api', 'app.test', 0, false],
];

for (const [scope, path, authority, listener, kept] of SCOPES) {
  test(`a rule for ${scope} ${kept ? 'holds' : 'does not hold'} for ${authority} ${path} on listener ${listener}`, () => {
    const flags = { listen: ['127.0.0.1:8443', '127.0.0.1:9443'], deny: [`${scope}=192.0.2.1`] };
    assert.equal(findKeptOut(flags, path, '192.0.2.1', authority, listener) !== null, kept);
    assert.equal(findKeptOut(flags, path, '192.0.2.2', authority, listener), null, 'another client');
  });
}

test('every scope that covers a request must let its client in', () => {
  const flags = {
    allow: ['192.0.2.0/24', '/admin=192.0.2.1,192.0.2.2'],
    deny: ['/admin=192.0.2.2', '@list'],
  };
  const isIn = (path: string, address: string): boolean => findKeptOut(flags, path, address) === null;
  const addresses = ['192.0.2.1', '192.0.2.2', '192.0.2.3', '198.51.100.7', '203.0.113.1'];
  assert.deepEqual(
    addresses.map((address) => isIn('/', address)),
    [true, true, true, false, false],
  );
  assert.deepEqual(
    addresses.map((address) => isIn('/admin', address)),
    [true, false, false, false, false],
  );
});

test('a rule for a path holds where only an app that lets dot segments stand finds the path', () => {
  const flags = { deny: ['/admin=192.0.2.2'] };
  for (const path of [
    '/admin%2f..',
    '/admin%2F..%2Fx',
    '/admin;/../x',
    '//admin/..',
    '/%61dmin/../x',
    '/admin\\..',
  ])
    assert.notEqual(findKeptOut(flags, path, '192.0.2.2'), null, path);
  for (const path of ['/x/..', '/administer%2f..', '/x?/admin%2f..'])
    assert.equal(findKeptOut(flags, path, '192.0.2.2'), null, path);
});

test('a path is read once as an app may read it', () => {
  const paths = [
    '/a/b',
    '/',
    '*',
    '/a//b/',
    '/a/./b/../c',
    '/../../a',
    '/%2541',
    '/a;x=1;y/b;z',
    '/%',
    '/%2f%2fa?b=%41',
  ];
  assert.deepEqual(paths.map(plainPathOf), [
    ...['/a/b', '/', '/*', '/a/b', '/a/c', '/a', '/%41', '/a/b', '/%', '/a'],
  ]);
});

test('a set of blocks has their addresses alone, however many there are', () => {
  const many = Array.from({ length: 20_000 }, (_, index) => `10.${index >> 8}.${index & 255}.0/25`);
  const set = new AddressSet([
    ...many,
    '192.0.2.7/32',
    '192.0.2.0/28',
    '2001:db8::/33',
    '::1/128',
    '0.0.0.0/32',
  ]);
  const inside = [
    '10.0.0.0',
    '10.78.31.127',
    '192.0.2.7',
    '192.0.2.15',
    '2001:db8:7fff::1',
    '::1',
    '0.0.0.0',
  ];
  const outside = [
    '10.0.0.128',
    '10.78.32.0',
    '192.0.2.16',
    '2001:db8:8000::',
    '::2',
    '',
    'x',
    '::ffff:10.0.0.1',
  ];
  assert.deepEqual(
    [...inside, ...outside].map((address) => set.has(address)),
    [...inside.map(() => true), ...outside.map(() => false)],
  );
  assert.equal(new AddressSet(['0.0.0.0/0']).has('255.255.255.255'), true);
  assert.equal(new AddressSet(['::/0']).has('1.2.3.4'), false);
});

const BAD_RULES: readonly (readonly [text: string, reason: RegExp])[] = [
  ['=10.0.0.0/8', /nothing stands before =/],
  ['/a b=10.0.0.0/8', /is no path of a route/],
  ['exa mple=10.0.0.0/8', /neither a host name nor an address/],
  [':99=10.0.0.0/8', /no listener has the port 99 \/ the listeners' ports are 443/],
  ['/admin=', /a value is empty/],
  ['/admin=10.0.0.0/8,/b=10.0.0.0/8', /stands behind a comma \/ repeat --deny/],
  ['/admin=10.0.0.0/33', /not an address block/],
  ['@', /.*/],
];

for (const [text, reason] of BAD_RULES) {
  test(`--deny ${text} is an error with a hint`, () => {
    const complaint = complaintOf(() => resolveGiven({ flags: { listen: ['443'], deny: [text] } }));
    assert.match(complaint, /^config_invalid: --deny /);
    assert.match(complaint, reason);
  });
}

test('routers that tell each other of what they let pass bound a client together', () => {
  const { rateLimits } = resolveGiven({
    flags: { rateLimit: ['10/m,burst=4', '2/m,path=/x,key=header:x-key'] },
  }).access;
  const told: Spending[][] = [[], []];
  const routers = told.map((mine) => {
    const share = new RateShare('secret', (spent) => mine.push(...spent));
    return { share, limits: new RateLimits(rateLimits, [443], { share, routers: 2, siteNames: [] }) };
  });
  const exchangeReports = (): void => {
    for (const [index, { limits }] of routers.entries()) {
      limits.charge(told[1 - index]?.splice(0) ?? [], 0);
    }
  };
  const ask = (router: number, path = '/', ...headers: readonly string[]): number => {
    const head = headOf(path, ...headers);
    const facts = factsOf('192.0.2.1');
    const refusal = routers[router]?.limits.check(head, facts, behind, placeOf(head, facts, null), 0);
    return refusal?.retryAfterSeconds ?? 0;
  };
  const flush = (): void => {
    for (const { share } of routers) share.flush();
    exchangeReports();
  };
  assert.deepEqual([ask(0), ask(0), ask(0)], [0, 0, 0]);
  flush();
  assert.deepEqual(
    [ask(1), ask(1), ask(0)],
    [0, 6, 0],
    'three of four are spent; one more each, before they hear of it',
  );
  flush();
  assert.deepEqual([ask(0), ask(1)], [12, 12], 'what was too much is waited for');
  assert.deepEqual([ask(0, '/x', 'x-key', 'my secret'), told.flat()], [12, []]);
  const [rule] = rateLimits.slice(1);
  assert.ok(rule !== undefined);
  const sent: Spending[] = [];
  const share = new RateShare('secret', (spent) => sent.push(...spent));
  const keyed = new RateLimits([rule], [443], { share, routers: 2, siteNames: [] });
  const head = headOf('/x', 'x-key', 'my secret');
  assert.equal(
    keyed.check(head, factsOf('192.0.2.1'), behind, placeOf(head, factsOf('192.0.2.1'), null), 0),
    null,
  );
  share.flush();
  assert.equal(sent.length, 1);
  assert.doesNotMatch(JSON.stringify(sent), /secret/, 'no key of a client leaves its router');
});

test('routers go on counting where others ended, by what a rule counts and not by its numbers or its place', () => {
  const limitsOf = (rules: readonly string[]): RateLimits => {
    const { rateLimits } = resolveGiven({ flags: { rateLimit: rules } }).access;
    return new RateLimits(rateLimits, [443], {
      share: new RateShare('secret', null),
      routers: 1,
      siteNames: [],
    });
  };
  const ask = (limits: RateLimits, nowMs: number, path: string, from = '192.0.2.1'): number => {
    const head = headOf(path, 'x-key', 'my secret');
    const place = placeOf(head, factsOf(from), null);
    return limits.check(head, factsOf(from), behind, place, nowMs)?.retryAfterSeconds ?? 0;
  };
  const before = limitsOf(['60/h,burst=2,path=/a', '60/h,burst=2,path=/b,key=header:x-key', '1/h,path=/c']);
  for (const path of ['/a', '/a', '/b', '/b', '/c']) assert.equal(ask(before, 5000, path), 0);
  const debts = before.debtsAt(5000, 1_000_000);
  assert.equal(debts.length, 3);
  assert.doesNotMatch(JSON.stringify(debts), /secret/);
  // Another process: its clock began elsewhere, and ten seconds have passed.
  const after = limitsOf(['120/h,burst=2,path=/b,key=header:x-key', '60/h,burst=2,path=/a', '1/h,path=/d']);
  after.takeDebts(debts, 70_000, 1_010_000);
  after.takeDebts(debts, 70_000, 1_010_000);
  assert.deepEqual(
    ['/a', '/b', '/c', '/d'].map((path) => ask(after, 70_000, path)),
    [50, 80, 0, 0],
    'told twice it counts once',
  );
  assert.equal(ask(after, 70_000, '/a', '192.0.2.2'), 0, 'another client');
  const late = limitsOf(['60/h,burst=2,path=/a']);
  late.takeDebts([...debts, ['no rule', 'x', 9e15], [debts[0]?.[0] ?? '', '192.0.2.3', 9e15]], 0, 1_300_000);
  assert.equal(ask(late, 0, '/a'), 0, 'what is long past');
  assert.equal(late.debtsAt(0, 0).length, 2);
  assert.ok(ask(late, 0, '/a', '192.0.2.3') <= 3660, 'nobody waits longer than the rule can make them');
  const full = limitsOf(['1/h,burst=9,path=/a', '1/h,path=/a']);
  full.takeDebts(
    debtsOf(full).flatMap((rule) =>
      Array.from({ length: 15_000 }, (_one, at): Debt => [rule, `c${at}`, 1000 + at]),
    ),
    0,
    0,
  );
  const most = full.debtsAt(0, 0);
  assert.equal(most.length, MAX_DEBTS);
  assert.ok(
    most.every(([, , dueAtMs]) => dueAtMs >= 5000),
    'those that are nearly at their pace are left out',
  );
});

/** The names of the rules. */
function debtsOf(limits: RateLimits): readonly string[] {
  const head = headOf('/a');
  limits.check(head, factsOf('192.0.2.9'), behind, placeOf(head, factsOf('192.0.2.9'), null), 0);
  return limits.debtsAt(0, 0).map(([rule]) => rule);
}
