/** The names that are served on loopback: which listeners ask, and what they know. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VouchedHosts } from '../../../proxy/exchange/access/vouched-hosts.js';
import type { SettingLayer } from '../../../src/options/settings.js';
import { resolveGiven } from '../../support/settings.js';

/** Listeners that ask, by the options. */
const LISTENERS: readonly (readonly [flags: SettingLayer, asking: readonly number[] | null])[] = [
  [{}, [0, 1]],
  [{ listen: ['127.0.0.1:8443'] }, [0]],
  [{ listen: ['127.0.0.1:8443', '192.168.1.5:8443'] }, [0]],
  [{ listen: [':8443'] }, null],
  [{ cert: ['a.crt'], key: ['a.key'] }, null],
  [{ http: ['127.0.0.1:8080'] }, null],
  [{ http: ['127.0.0.1:8080'], changeHost: ['true'] }, [0]],
  [{ http: ['127.0.0.1:8080'], headerUp: ['Host app.internal'] }, [0]],
  [{ listen: ['127.0.0.1:8443'], httpToHttps: ['127.0.0.1:8080'] }, [0]],
  [{ anyHost: ['true'] }, null],
];

for (const [flags, asking] of LISTENERS) {
  test(`${JSON.stringify(flags)}: ${asking === null ? 'no listener asks' : `listeners ${asking} ask`}`, () => {
    assert.deepEqual(resolveGiven({ flags }).hostCheck?.listeners ?? null, asking);
  });
}

const { hostCheck } = resolveGiven({
  flags: {
    listen: ['127.0.0.1:8443', ':9443'],
    host: ['app.example.com', '*.dev.example', '2001:db8::5'],
    upstream: ['api.example.net/v1=9000', '*.wild.example.net=9001', '9002'],
  },
});

const AUTHORITIES: readonly (readonly [authority: string, wanted: boolean])[] = [
  ...[
    'localhost',
    'localhost:8443',
    'LOCALHOST.',
    'a.b.localhost',
    '127.0.0.1:8443',
    '127.9.9.9',
    '[::1]:8443',
  ].map((authority) => [authority, true] as const),
  ...['any.test', 'app.example.com:8443', 'x.dev.example', 'api.example.net', 'x.wild.example.net', ''].map(
    (authority) => [authority, true] as const,
  ),
  ['[2001:db8::5]:8443', true],
  ...[
    'evil.example',
    'localhost.evil.example',
    'evillocalhost',
    'mytest',
    '0.0.0.0',
    '192.168.1.77',
    '[::]',
  ].map((authority) => [authority, false] as const),
  ...['127.0.0.1.nip.io', '127.0.0.1.evil.example', '1270.0.0.1', 'example.com', '[::ffff:127.0.0.1]'].map(
    (authority) => [authority, false] as const,
  ),
];

for (const [authority, wanted] of AUTHORITIES) {
  test(`${authority || 'no name'} is ${wanted ? 'served' : 'refused'} on loopback`, () => {
    assert.ok(hostCheck !== null);
    const hosts = new VouchedHosts(hostCheck);
    assert.equal(hosts.vouches(0, authority), wanted);
    hosts.vouches(0, 'localhost');
    assert.equal(hosts.vouches(0, authority), wanted, 'asked again after another');
    assert.equal(hosts.vouches(1, authority), true, 'on every address');
  });
}
