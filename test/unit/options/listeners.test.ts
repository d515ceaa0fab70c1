/** Which listeners and certificates the options come to. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SettingLayer } from '../../../src/options/settings.js';
import type { Config } from '../../../src/shared/config/config.js';
import type { ListenerConfig } from '../../../src/shared/config/listeners.js';
import { complaintOf, resolveGiven } from '../../support/settings.js';

function brief(listener: ListenerConfig): string {
  const { kind, host, port } = listener;
  const address = `${kind} ${host || '*'} ${port}`;
  if (listener.kind === 'redirect') {
    return listener.isOptional ? `${address} if free` : `${address} to ${listener.httpsPort}`;
  }
  if (listener.kind === 'http') return address;
  const { certificates, ciphers, clientCa, fallbackPort } = listener;
  const parts = [
    `certificate ${certificates.join(' ') || null}`,
    ...(ciphers === null ? [] : [`ciphers ${ciphers}`]),
    ...(clientCa === null ? [] : [`${clientCa.required ? 'must' : 'may'} show ${clientCa.file}`]),
    ...(fallbackPort === null ? [] : [`or ${fallbackPort}`]),
  ];
  return `${address} ${parts.join(' ')}`;
}

function listenersOf(flags: SettingLayer): readonly string[] {
  return resolveGiven({ flags }).listeners.map(brief);
}

const DEFAULT = ['https 127.0.0.1 443 certificate null or 8443', 'https ::1 443 certificate null or 8443'];
const LEADING = ['redirect 127.0.0.1 80 if free', 'redirect ::1 80 if free'];
const OWN = { cert: ['a.crt'], key: ['a.key'] };

const LISTENERS: readonly (readonly [string, SettingLayer, readonly string[]])[] = [
  ['nothing', {}, [...DEFAULT, ...LEADING]],
  ['--host', { host: ['app.test'] }, [...DEFAULT, ...LEADING]],
  ['--no-http-to-https', { noHttpToHttps: ['true'] }, DEFAULT],
  ['an app on port 80', { upstream: ['80'] }, DEFAULT],
  [
    '--listen 9443',
    { listen: ['9443'] },
    ['https 127.0.0.1 9443 certificate null', 'https ::1 9443 certificate null'],
  ],
  ['--listen 443 has no other port', { listen: ['127.0.0.1:443'] }, ['https 127.0.0.1 443 certificate null']],
  ['--listen :443 with --cert', { listen: [':443'], ...OWN }, ['https * 443 certificate 0']],
  ['--cert alone', OWN, DEFAULT.map((line) => line.replace('null', '0'))],
  ['--http alone', { http: ['0.0.0.0:8080'] }, ['http 0.0.0.0 8080']],
  ['--http without a host', { http: ['8080'] }, ['http 127.0.0.1 8080', 'http ::1 8080']],
  ['--http of uWSGI', { http: [':8080'] }, ['http * 8080']],
  [
    '--http with --listen',
    { http: [':8080'], listen: [':8443'] },
    ['https * 8443 certificate null', 'http * 8080'],
  ],
  [
    '--http with --cert',
    { http: [':8080'], ...OWN },
    [...DEFAULT.map((line) => line.replace('null', '0')), 'http * 8080'],
  ],
  ['--http-to-https alone', { httpToHttps: [':80'] }, [...DEFAULT, 'redirect * 80 to null']],
  [
    '--http-to-https with the outer port',
    { httpToHttps: [':80,8443'], listen: [':443'] },
    ['https * 443 certificate null', 'redirect * 80 to 8443'],
  ],
  ['--https address', { https: ['0.0.0.0:443'] }, ['https 0.0.0.0 443 certificate null']],
  ['--https address with --cert', { https: [':443'], ...OWN }, ['https * 443 certificate 0']],
  [
    '--https of the tutorial',
    { https: ['0.0.0.0:443,b.crt,b.key,HIGH'] },
    ['https 0.0.0.0 443 certificate 0 ciphers HIGH'],
  ],
  [
    '--https with an optional client CA and no ciphers',
    { https: [':443,b.crt,b.key,,ca.crt'] },
    ['https * 443 certificate 0 may show ca.crt'],
  ],
  [
    '--https with a required client CA',
    { https: [':443,b.crt,b.key,HIGH,!ca.crt'] },
    ['https * 443 certificate 0 ciphers HIGH must show ca.crt'],
  ],
  [
    'two --https with two certificates beside --cert',
    { https: [':443,b.crt,b.key', ':444,c.crt,c.key', ':445,b.crt,b.key', ':446'], ...OWN },
    [
      'https * 443 certificate 1',
      'https * 444 certificate 2',
      'https * 445 certificate 1',
      'https * 446 certificate 0',
    ],
  ],
  [
    'port 0 twice',
    { listen: ['127.0.0.1:0', '127.0.0.1:0'] },
    ['https 127.0.0.1 0 certificate null', 'https 127.0.0.1 0 certificate null'],
  ],
];

for (const [name, flags, expected] of LISTENERS) {
  test(`${name}: ${expected.join(', ')}`, () => assert.deepEqual(listenersOf(flags), expected));
}

test('a machine without IPv6 listens on IPv4 loopback alone', () => {
  const { listeners } = resolveGiven({ platform: { loopback: ['127.0.0.1'] } });
  assert.deepEqual(listeners.map(brief), [DEFAULT[0], LEADING[0]]);
});

function companionsOf(config: Config): readonly string[] {
  return config.certificates.map(({ cert, caBundles, keyPassphraseFile }) => {
    return `${cert} with ${caBundles.join(' ')} and ${keyPassphraseFile}`;
  });
}

test('bundle and passphrase go with --cert where there is one', () => {
  const flags = {
    ...OWN,
    https: [':443,b.crt,b.key'],
    caBundle: ['ca1', 'ca2'],
    keyPassphraseFile: ['pass'],
  };
  assert.deepEqual(companionsOf(resolveGiven({ flags })), [
    'a.crt with ca1 ca2 and pass',
    'b.crt with  and null',
  ]);
});

test('bundle and passphrase go with the certificates of --https where there is no --cert', () => {
  const flags = { https: [':443,b.crt,b.key'], caBundle: ['ca1'], keyPassphraseFile: ['pass'] };
  assert.deepEqual(companionsOf(resolveGiven({ flags })), ['b.crt with ca1 and pass']);
});

const REFUSED: readonly (readonly [SettingLayer, RegExp])[] = [
  [{ https: [':443,b.crt'] }, /the key is missing/],
  [{ https: [':443,,b.key'] }, /the certificate is missing/],
  [{ https: [':443,,,HIGH'] }, /the certificate is missing/],
  [{ https: [':443,b.crt,b.key,HIGH,!'] }, /the client CA is missing/],
  [{ https: [':443,b.crt,b.key,HIGH,ca,more'] }, /more than five fields/],
  [{ https: [':443,missing.crt,b.key'] }, /--https missing\.crt: no such file/],
  [{ https: [':443,b.crt,missing.key'] }, /--https missing\.key: no such file/],
  [{ https: [':443,b.crt,b.key,,missing.ca'] }, /--https missing\.ca: no such file/],
  [{ https: [':443,b.crt,b.key,NONE'] }, /--https NONE: OpenSSL knows no cipher/],
  [{ https: ['=0,b.crt,b.key'] }, /shared sockets are not supported/],
  [{ https: [''] }, /the port is missing/],
  [{ httpToHttps: [':80,443,1'] }, /too many fields/],
  [{ httpToHttps: [':80,'] }, /the port is missing/],
  [{ httpToHttps: [':80,0'] }, /nobody can be redirected to port 0/],
  [{ listen: ['9443', '127.0.0.1:9443'] }, /127\.0\.0\.1:9443 is to be listened on twice/],
  [{ http: [':80'], httpToHttps: [':80'] }, /\*:80 is to be listened on twice/],
];

for (const [flags, expected] of REFUSED) {
  test(`${JSON.stringify(flags)} is refused: ${expected.source}`, () => {
    assert.match(
      complaintOf(() => resolveGiven({ flags })),
      expected,
    );
  });
}

test('several --cert are paired with their keys in order, and belong to the general listeners', () => {
  const flags = { listen: [':443'], cert: ['a', 'b'], key: ['ak', 'bk'], https: [':444,c,ck'] };
  const { certificates, listeners } = resolveGiven({ flags });
  assert.deepEqual(
    certificates.map(({ cert, key }) => [cert, key]),
    [
      ['a', 'ak'],
      ['b', 'bk'],
      ['c', 'ck'],
    ],
  );
  assert.deepEqual(
    listeners.map((listener) => listener.kind === 'https' && listener.certificates),
    [[0, 1], [2]],
  );
});

test('--cert without --key finds the key in the certificate file', () => {
  const { certificates } = resolveGiven({ flags: { cert: ['a.p12'] } });
  assert.deepEqual(
    certificates.map(({ key }) => key),
    [null],
  );
});

test('--client-ca holds for every HTTPS listener but those with an authority of their own', () => {
  const flags = {
    listen: [':443'],
    https: [':444,c,k', ':445,c,k,,own', ':446'],
    clientCa: ['ca'],
    clientVerify: ['optional'],
    clientCrl: ['crl'],
  };
  const { listeners } = resolveGiven({ flags });
  const general = { file: 'ca', required: false, crlFiles: ['crl'] };
  const own = { file: 'own', required: false, crlFiles: ['crl'] };
  assert.deepEqual(
    listeners.map((listener) => listener.kind === 'https' && listener.clientCa),
    [general, general, own, general],
  );
});

test('SSLKEYLOGFILE stands for --keylog, and TLSFRONT_KEYLOG before it', () => {
  const read = (environment: Record<string, string>): string | null =>
    resolveGiven({ environment }).tls.keyLogFile;
  assert.equal(read({}), null);
  assert.equal(read({ SSLKEYLOGFILE: 'a' }), 'a');
  assert.equal(read({ SSLKEYLOGFILE: 'a', TLSFRONT_KEYLOG: 'b' }), 'b');
});
