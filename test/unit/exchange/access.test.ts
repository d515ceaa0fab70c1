/** Who may come in, and how often: addresses behind proxies, rates, and what stands in the options. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clientAddressOf, clientKeyOf } from '../../../proxy/exchange/client-address.js';
import { compilePolicy } from '../../../proxy/exchange/policy.js';
import { RateLimiter } from '../../../proxy/exchange/rate-limiter.js';
import { RateLimits, rateFields } from '../../../proxy/exchange/rate-limits.js';
import type { ConnectionFacts, RequestHead } from '../../../proxy/exchange/types.js';
import { complaintOf, resolveGiven } from '../../support/settings.js';

function factsOf(remoteAddress: string, trusted = false): ConnectionFacts {
  return {
    ...{
      remoteAddress,
      remotePort: 1,
      localAddress: '127.0.0.1',
      localPort: 443,
      tlsVersion: '',
      cipher: '',
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

test('an IPv6 network of 64 bits is one client', () => {
  assert.equal(clientKeyOf('2001:db8:0:1::5'), clientKeyOf('2001:db8:0:1:ffff::1'));
  assert.notEqual(clientKeyOf('2001:db8:0:1::5'), clientKeyOf('2001:db8:0:2::5'));
  assert.equal(clientKeyOf('192.0.2.1'), '192.0.2.1');
});

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
    assert.equal(
      compilePolicy(resolveGiven({ flags: { allow, deny } }), 443, 'm').isAdmitted(address),
      wanted,
    );
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
  const limiter = new RateLimiter(1, 1000, 1, 100);
  for (let client = 0; client < 1000; client += 1) limiter.take(String(client), 5);
  assert.equal(limiter.size, 100);
  assert.ok(limiter.take('999', 6) > 0, 'the last seen is still bounded');
});

test('a rule for a path counts requests for it and below; a key counts by its value, else by address', () => {
  const { rateLimits } = resolveGiven({
    flags: { rateLimit: ['1/m,path=/login', '2/m,key=header:X-Key,path=/api'] },
  });
  const limits = new RateLimits(rateLimits);
  const check = (path: string, ...headers: readonly string[]): number =>
    limits.check(headOf(path, ...headers), factsOf('192.0.2.1'), behind, 1000)?.retryAfterSeconds ?? 0;
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
  const [rule] = resolveGiven({ flags: { rateLimit: ['5/m,burst=2'] } }).rateLimits;
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
