/** Placeholders of header rules are filled in from the request they are applied for. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fillPlaceholders, type RuleSubject } from '../../../proxy/exchange/headers/placeholders.js';

const SUBJECT: RuleSubject = {
  requestId: 'r1',
  head: {
    method: 'GET',
    path: '/a/b?secret={host}',
    authority: 'App.test:8443',
    headers: [],
    memo: null,
    httpVersion: '1.1',
  },
  facts: {
    remoteAddress: '2001:db8::1',
    remotePort: 1,
    localAddress: '::',
    localPort: 443,
    tlsVersion: 'TLSv1.3',
    cipher: '',
    tlsGroup: '',
    serverName: '',
    trusted: false,
    certificate: null,
    listener: 0,
    clientFields: [],
  },
};

const CASES: readonly (readonly [string, string])[] = [
  ['', ''],
  ['plain', 'plain'],
  ['{path}', '/a/b'],
  ['{client.ip}', '2001:db8::1'],
  ['{tls.version}{request.id}', 'TLSv1.3r1'],
  ['a{request.id}b{request.id}c', 'ar1br1c'],
  ['{"max_age":60}', '{"max_age":60}'],
  ['{{request.id}}', '{r1}'],
  ['{', '{'],
  ['{request.id', '{request.id'],
  ['}{request.id}{', '}r1{'],
  ['{ request.id}', '{ request.id}'],
];

for (const [value, filled] of CASES) {
  test(`${JSON.stringify(value)} becomes ${JSON.stringify(filled)}`, () => {
    assert.equal(fillPlaceholders(value, SUBJECT), filled);
  });
}

test('{host} has no port and what a request brings is not filled in once more', () => {
  assert.match(fillPlaceholders('{host}', SUBJECT), /^app\.test$/i);
  const head = { ...SUBJECT.head, path: '/{client.ip}' };
  assert.equal(fillPlaceholders('{path}', { ...SUBJECT, head }), '/{client.ip}');
});
