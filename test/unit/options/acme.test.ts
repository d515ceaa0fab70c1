/** `--acme` and its companions: what they come to, and every wrong use with its way out. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PRODUCTION_DIRECTORY, STAGING_DIRECTORY } from '../../../src/options/groups/acme.js';
import type { SettingLayer } from '../../../src/options/settings.js';
import { complaintOf, resolveGiven } from '../../support/settings.js';

const GIVEN: SettingLayer = { acme: ['me@example.com'], host: ['example.com'] };

function acmeOf(flags: SettingLayer) {
  const { acme } = resolveGiven({ flags: { ...GIVEN, ...flags } });
  assert.ok(acme !== null);
  return acme;
}

test('--acme and --host alone: Let’s Encrypt, port 443 of every address, tls-alpn-01', () => {
  const config = resolveGiven({ flags: GIVEN });
  assert.deepEqual(config.acme, {
    email: 'me@example.com',
    directories: [PRODUCTION_DIRECTORY],
    profile: null,
    ask: null,
    caFile: null,
    names: ['example.com'],
    challenges: ['tls-alpn-01'],
    dnsHook: null,
    dnsWaitMs: 30_000,
    accountBinding: null,
  });
  assert.deepEqual(
    config.listeners.map(({ kind, host, port }) => [kind, host, port]),
    [['https', '', 443]],
  );
});

test('without --acme there is none', () => {
  assert.equal(resolveGiven({ flags: { host: ['example.com'] } }).acme, null);
});

test('staging is a word for its directory', () => {
  assert.deepEqual(acmeOf({ acmeDirectory: ['staging'] }).directories, [STAGING_DIRECTORY]);
});

test('a plain listener adds http-01; HTTPS is there although --http stands alone', () => {
  for (const plain of [{ http: [':80'] }, { httpToHttps: [':80'] }]) {
    assert.deepEqual(acmeOf(plain).challenges, ['tls-alpn-01', 'http-01']);
  }
  const { listeners } = resolveGiven({ flags: { ...GIVEN, http: [':80'] } });
  assert.deepEqual(
    listeners.map(({ kind }) => kind),
    ['https', 'http'],
  );
});

test('one kind of challenge can be asked for', () => {
  const flags = { acmeChallenge: ['http-01'], httpToHttps: [':80'] };
  assert.deepEqual(acmeOf(flags).challenges, ['http-01']);
});

test('a hook makes dns-01 the challenge, and allows wildcards', () => {
  const acme = acmeOf({
    acmeDnsHook: ['/opt/hook --zone a'],
    host: ['*.example.com', 'example.com'],
    acmeDnsWait: ['2m'],
  });
  assert.deepEqual(acme.challenges, ['dns-01']);
  assert.deepEqual(acme.names, ['*.example.com', 'example.com']);
  assert.equal(acme.dnsWaitMs, 120_000);
});

test('the words of a hook are cut at blanks, unless a program is called so', () => {
  const whyNotRunnable = (program: string): string | null =>
    program === '/opt/hook' ? null : 'no such file';
  const flags = { ...GIVEN, acmeDnsHook: ['/opt/hook  --zone a'] };
  assert.deepEqual(resolveGiven({ flags, platform: { whyNotRunnable } }).acme?.dnsHook, [
    '/opt/hook',
    '--zone',
    'a',
  ]);
  assert.deepEqual(acmeOf({ acmeDnsHook: ['/opt/my hook'] }).dnsHook, ['/opt/my hook']);
});

test('a private authority issues for private names', () => {
  const flags = {
    acmeCa: ['root.pem'],
    acmeDirectory: ['https://ca.internal/dir'],
    host: ['nas', 'app.internal', 'a.test'],
  };
  assert.deepEqual(acmeOf(flags).names, ['nas', 'app.internal', 'a.test']);
});

test('an external account has an id and a key file', () => {
  const { accountBinding } = acmeOf({ acmeEabKid: ['kid'], acmeEabKeyFile: ['eab.key'] });
  assert.deepEqual(accountBinding, { keyId: 'kid', keyFile: 'eab.key' });
});

test('--cert for another name may stand beside it; --https with its own certificate gets none of ACME', () => {
  const { listeners } = resolveGiven({
    flags: { ...GIVEN, cert: ['c'], key: ['k'], listen: ['443'], https: [':8443,o,p'] },
  });
  assert.deepEqual(
    listeners.map((listener) => listener.kind === 'https' && [listener.acme, listener.certificates]),
    [
      [true, [0]],
      [true, [0]],
      [false, [1]],
    ],
  );
});

test('--sni-strict needs no other certificate', () => {
  assert.equal(resolveGiven({ flags: { ...GIVEN, sniStrict: ['true'] } }).tls.sniStrict, true);
});

test('--acme-ask is a URL or a path of the app, and needs no --host', () => {
  for (const [given, ask] of [
    ['http://127.0.0.1:9000/may', 'http://127.0.0.1:9000/may'],
    ['https://ops.example.com', 'https://ops.example.com/'],
    ['HTTP://[::1]:9/?token=a&b', 'http://[::1]:9/?token=a&b'],
    ['/may', '/may'],
    ['/may?token=1', '/may?token=1'],
  ] as const)
    assert.equal(acmeOf({ acmeAsk: [given] }).ask, ask, given);
  assert.deepEqual(acmeOf({ acmeAsk: ['/may'], host: [] }).names, []);
  assert.equal(acmeOf({}).ask, null);
});

const WRONG: readonly (readonly [string, SettingLayer, RegExp])[] = [
  ...['may', 'ftp://a.example/', '//a.example/may', 'http:/may', 'http://', '/m ay', '/b\u00fc', '*'].map(
    (ask) =>
      [`--acme-ask ${ask}`, { acmeAsk: [ask] }, /^config_invalid: --acme-ask .*neither a URL/] as const,
  ),
  ['--acme-ask with a fragment', { acmeAsk: ['/may#x'] }, /what follows # is never sent/],
  ['no host', { host: [] }, /^config_usage: --acme is given without --host \/ name what/],
  ['no address', { acme: ['me'] }, /^config_invalid: --acme me: not an e-mail address/],
  ['two addresses', { acme: ['a@b.org,c@d.org'] }, /not an e-mail address/],
  ['address with a name', { acme: ['Me <a@b.org>'] }, /not an e-mail address/],
  [
    '.test',
    { host: ['app.test'] },
    /^config_usage: --host app\.test with --acme: the name does not exist in the public DNS.*development certificate/,
  ],
  ['.local', { host: ['nas.local'] }, /does not exist in the public DNS/],
  ['home.arpa', { host: ['x.home.arpa'] }, /does not exist in the public DNS/],
  ['localhost', { host: ['localhost'] }, /localhost is every machine.*leave --acme out/],
  [
    'localhost of a private authority',
    { host: ['a.localhost'], acmeCa: ['r'] },
    /localhost is every machine/,
  ],
  ['one label', { host: ['intranet1'] }, /a name without a dot/],
  [
    'an address of a private network',
    { host: ['10.1.2.3'] },
    /not reached from the internet \/ .*a public address/,
  ],
  ['an IPv6 address of a private network', { host: ['fd00::1'] }, /not reached from the internet/],
  [
    'an address by DNS',
    { host: ['192.0.2.1'], acmeDnsHook: ['h'] },
    /an address is proven by http-01 or tls-alpn-01/,
  ],
  [
    'an authority twice',
    { acmeDirectory: ['https://a.b/d', 'https://a.b/d'] },
    /https:\/\/a\.b\/d is given twice/,
  ],
  ['a profile with a blank', { acmeProfile: ['short lived'] }, /not the name of a profile/],
  ['an underscore', { host: ['a_b.example.com'] }, /no name with an underscore/],
  ['a wildcard', { host: ['*.example.com'] }, /a wildcard is proven by dns-01 alone \/ add --acme-dns-hook/],
  [
    'http-01 without a plain listener',
    { acmeChallenge: ['http-01'] },
    /without a plain listener \/ add --http-to-https :80/,
  ],
  ['dns-01 without a hook', { acmeChallenge: ['dns-01'] }, /without --acme-dns-hook/],
  ['a hook without dns-01', { acmeChallenge: ['tls-alpn-01'], acmeDnsHook: ['h'] }, /the hook is for dns-01/],
  ['a wait without a hook', { acmeDnsWait: ['1m'] }, /--acme-dns-wait is given without --acme-dns-hook/],
  ['a missing hook', { acmeDnsHook: ['missing'] }, /^config_invalid: --acme-dns-hook missing: no such file/],
  ['an unknown challenge', { acmeChallenge: ['http'] }, /unknown \/ choose http-01, tls-alpn-01, dns-01/],
  ['a directory that is no URL', { acmeDirectory: ['letsencrypt'] }, /not a URL \/ write the https URL/],
  ['a directory without TLS', { acmeDirectory: ['http://ca.example/dir'] }, /https alone/],
  [
    'a directory with a password',
    { acmeDirectory: ['https://a:b@ca.example/dir'] },
    /not the URL of a directory/,
  ],
  ['a missing CA', { acmeCa: ['missing.pem'] }, /--acme-ca missing\.pem: no such file/],
  ['an id without a key', { acmeEabKid: ['kid'] }, /without --acme-eab-key-file/],
  ['a key without an id', { acmeEabKeyFile: ['k'] }, /without --acme-eab-kid/],
  [
    'a missing key',
    { acmeEabKid: ['kid'], acmeEabKeyFile: ['missing'] },
    /--acme-eab-key-file missing: no such file/,
  ],
  ['no listener for it', { https: [':443,c,k'] }, /every --https names its own \/ add --listen :443/],
];

for (const [title, flags, expected] of WRONG) {
  test(`wrong: ${title}`, () => {
    assert.match(
      complaintOf(() => resolveGiven({ flags: { ...GIVEN, ...flags } })),
      expected,
    );
  });
}

test('a companion without --acme is refused, by the name it was given with', () => {
  for (const [flags, name] of [
    [{ acmeCa: ['r'] }, '--acme-ca'],
    [{ acmeChallenge: ['http-01'] }, '--acme-challenge'],
    [{ acmeDirectory: ['staging'] }, '--acme-directory'],
    [{ acmeEabKid: ['k'] }, '--acme-eab-kid'],
  ] as const) {
    assert.match(
      complaintOf(() => resolveGiven({ flags })),
      new RegExp(`${name} is given without --acme / add`),
    );
  }
  const environment = { TLSFRONT_ACME_DIRECTORY: 'staging' };
  assert.match(
    complaintOf(() => resolveGiven({ environment })),
    /TLSFRONT_ACME_DIRECTORY is given without/,
  );
});
