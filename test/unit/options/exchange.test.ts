/** What `--header-up`, `--header-down` and `--hsts` accept, what they become, and what they refuse. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { complaintOf, resolveGiven } from '../../support/settings.js';

test('header rules set, add and remove, in their order, with names in lower case', () => {
  const rules = ['X-One first value', '+X-Two: 2', '-Server', '-X-Debug-*', 'X-Quoted "a b"'];
  assert.deepEqual(resolveGiven({ flags: { headerUp: rules } }).headerUp, [
    { action: 'set', name: 'x-one', value: 'first value' },
    { action: 'add', name: 'x-two', value: '2' },
    { action: 'remove', name: 'server', value: '' },
    { action: 'remove', name: 'x-debug-*', value: '' },
    { action: 'set', name: 'x-quoted', value: 'a b' },
  ]);
});

test('a rule for Host becomes the host that the app is asked for', () => {
  const config = resolveGiven({ flags: { headerUp: ['Host app.test:8080', '-Cookie'] } });
  assert.equal(config.upstreamHost, 'app.test:8080');
  assert.deepEqual(
    config.headerUp.map(({ name }) => name),
    ['cookie'],
  );
});

const REFUSED: readonly (readonly [rule: string, complaint: RegExp])[] = [
  ['Content-Length 5', /content-length is written by the front/],
  ['-Transfer-Encoding', /transfer-encoding is written by the front/],
  ['+Connection close', /connection is written by the front/],
  ['-Con*', /connection is written by the front/],
  ['-*', /is not a field name/],
  ['TE gzip', /te is written by the front/],
  ['-CDN-Loop', /cdn-loop is written by the front/],
  ['+Host app.test', /exactly one Host/],
  ['-Host', /exactly one Host/],
  ['-Ho*', /Host cannot be removed/],
  ['Host a b', /is not a host/],
  ['Host app.test:99999', /is not a host/],
  ['X-One', /the value is missing/],
  ['-X-One value', /a rule that removes has no value/],
  ['X-* value', /is not a field name/],
  ['X(One) value', /is not a field name/],
  ['X-One a\r\nX-Two: b', /visible ASCII/],
  ['X-One grün', /visible ASCII/],
  ['X-Real-IP {remote_host}', /placeholders such as \{remote_host\}/],
];

for (const [rule, complaint] of REFUSED) {
  test(`--header-up ${JSON.stringify(rule)} is refused`, () => {
    assert.match(
      complaintOf(() => resolveGiven({ flags: { headerUp: [rule] } })),
      complaint,
    );
  });
}

test('a variable of the environment is filled in when the configuration is read', () => {
  const config = resolveGiven({
    flags: { headerUp: ['X-Key a{env.APP_KEY}b'] },
    environment: { APP_KEY: 'k1' },
  });
  assert.equal(config.headerUp[0]?.value, 'ak1b');
  const value = 'X-A {host}{path} {client.ip} {tls.version} {request.id}';
  assert.equal(resolveGiven({ flags: { headerUp: [value] } }).headerUp[0]?.value, value.slice(4));
});

for (const [rule, environment, complaint] of [
  ['X-Key {env.GONE}', {}, /the variable GONE is not set/],
  ['X-Key {env.BAD}', { BAD: 'a\r\nX-B: c' }, /visible ASCII/],
  ['X-Key {clientip}', {}, /what is filled in: \{host\} \{path\}/],
] as const) {
  test(`${rule} is refused where it cannot be filled in`, () => {
    const complain = () => resolveGiven({ flags: { headerUp: [rule] }, environment });
    assert.match(complaintOf(complain), complaint);
  });
}

test('a value with braces that is no placeholder is taken', () => {
  const value = '{"group":"default","max_age":60}';
  assert.equal(resolveGiven({ flags: { headerDown: [`Report-To ${value}`] } }).headerDown[0]?.value, value);
});

test('the Host field of an answer may be changed, it means nothing', () => {
  assert.equal(resolveGiven({ flags: { headerDown: ['Host x'] } }).headerDown.length, 1);
});

test('--change-host and a rule for Host contradict each other', () => {
  assert.match(
    complaintOf(() => resolveGiven({ flags: { changeHost: ['true'], headerUp: ['Host a.test'] } })),
    /^config_usage: --change-host and --header-up both set Host/,
  );
});

test('in the environment each rule has a line', () => {
  const environment = { TLSFRONT_HEADER_DOWN: 'X-One a b\n  -Server\n' };
  assert.deepEqual(resolveGiven({ environment }).headerDown, [
    { action: 'set', name: 'x-one', value: 'a b' },
    { action: 'remove', name: 'server', value: '' },
  ]);
});

test('--hsts becomes the value of the field', () => {
  const value = (hsts: string): string | null => resolveGiven({ flags: { hsts: [hsts] } }).hsts;
  assert.equal(value('180d'), 'max-age=15552000');
  assert.equal(value('365d,includesubdomains,preload'), 'max-age=31536000; includeSubDomains; preload');
  assert.equal(value('0'), 'max-age=0');
  assert.equal(resolveGiven({}).hsts, null);
});

test('--hsts refuses what is no time and what is no directive', () => {
  assert.match(
    complaintOf(() => resolveGiven({ flags: { hsts: ['forever'] } })),
    /'forever' is not a time/,
  );
  assert.match(
    complaintOf(() => resolveGiven({ flags: { hsts: ['1d,always'] } })),
    /'always' is unknown/,
  );
});
