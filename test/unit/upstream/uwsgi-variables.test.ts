/** What a WSGI app is told: decoded paths, one variable a field, and nothing under a name of ours. */
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { clientCertificateFields } from '../../../proxy/exchange/headers/client-certificate.js';
import type { ConnectionFacts, RequestHead } from '../../../proxy/exchange/types.js';
import { decodeCgiPath } from '../../../proxy/upstream/uwsgi/cgi-path.js';
import { buildUwsgiVariables } from '../../../proxy/upstream/uwsgi/variables.js';
import { testCertificates } from '../../support/certificates.js';

const FACTS: ConnectionFacts = {
  remoteAddress: '192.0.2.1',
  remotePort: 5000,
  localAddress: '127.0.0.1',
  localPort: 443,
  tlsVersion: 'TLSv1.3',
  cipher: 'TLS_AES_128_GCM_SHA256',
  tlsGroup: '',
  serverName: 'app.test',
  trusted: false,
  certificate: null,
  listener: 0,
  clientFields: [],
};

function variablesOf(change: Partial<RequestHead>, path?: string, headers: string[] = [], facts = FACTS) {
  const head: RequestHead = {
    method: 'GET',
    path: '/',
    authority: 'app.test',
    headers: [],
    memo: null,
    httpVersion: '1.1',
    ...change,
  };
  const list = buildUwsgiVariables(head, facts, path ?? head.path, headers);
  const pairs = list.flatMap((name, at) => (at % 2 === 0 ? [[name, list[at + 1] ?? '']] : []));
  assert.equal(new Set(pairs.map(([name]) => name)).size, pairs.length, 'no variable twice');
  return Object.fromEntries(pairs);
}

const PATHS: readonly (readonly [string, string])[] = [
  ['/', '/'],
  ['/a%20b', '/a b'],
  ['/caf%C3%A9', '/caf\u00c3\u00a9'],
  ['/100%', '/100%'],
  ['/%zz%4', '/%zz%4'],
  ['/%2', '/%2'],
  ['/a%2525', '/a%25'],
  ['/a/./b', '/a/b'],
  ['/a/../b', '/b'],
  ['/../../etc', '/etc'],
  ['/a/..', '/'],
  ['/a/.', '/a/'],
  ['/a/%2e%2e/b', '/b'],
  ['/a/..%2fb', '/b'],
  ['/.well-known/x', '/.well-known/x'],
  ['/a/...', '/a/...'],
  ['//a', '//a'],
  ['*', '*'],
];

for (const [path, expected] of PATHS) {
  test(`PATH_INFO of ${path} is ${expected}`, () => assert.equal(decodeCgiPath(path), expected));
}

test('a stripped prefix is SCRIPT_NAME, and REQUEST_URI stays whole', () => {
  const seen = variablesOf({ path: '/api/users?x=1' }, '/users?x=1');
  assert.equal(seen.SCRIPT_NAME, '/api');
  assert.equal(seen.PATH_INFO, '/users');
  assert.equal(seen.QUERY_STRING, 'x=1');
  assert.equal(seen.REQUEST_URI, '/api/users?x=1');
});

test('fields of one name become one, cookies with semicolons', () => {
  const headers = ['x-a', '1', 'cookie', 'a=1', 'x-a', '2', 'cookie', 'b=2'];
  const seen = variablesOf({}, '/', headers);
  assert.equal(seen.HTTP_X_A, '1, 2');
  assert.equal(seen.HTTP_COOKIE, 'a=1; b=2');
});

test('a value that looks like a variable name is no name', () => {
  const seen = variablesOf({}, '/', ['x-a', 'HTTP_X_B', 'x-b', '1']);
  assert.deepEqual([seen.HTTP_X_A, seen.HTTP_X_B], ['HTTP_X_B', '1']);
});

test('names with an underscore, Proxy and Transfer-Encoding do not come through', () => {
  const seen = variablesOf({}, '/', [
    'content_length',
    '5',
    'x_a',
    '1',
    'proxy',
    'p',
    'transfer-encoding',
    'chunked',
  ]);
  const names = Object.keys(seen).filter((name) => /CONTENT|HTTP_/.test(name));
  assert.deepEqual(names, []);
});

test('HTTP/2 is told as HTTP/1.1, HTTP/1.0 as it is', () => {
  assert.equal(variablesOf({ httpVersion: '2.0' }).SERVER_PROTOCOL, 'HTTP/1.1');
  assert.equal(variablesOf({ httpVersion: '1.0' }).SERVER_PROTOCOL, 'HTTP/1.0');
});

test('a client certificate comes as DER and as a name in one line', async () => {
  const { client } = await testCertificates();
  const { raw, subject } = new X509Certificate(client.certPem);
  const clientFields = clientCertificateFields([raw]);
  const seen = variablesOf({}, '/', [...clientFields], { ...FACTS, clientFields });
  assert.deepEqual(Buffer.from(seen.HTTPS_CLIENT_CERTIFICATE ?? '', 'latin1'), raw);
  assert.equal(seen.HTTPS_DN, `/${subject.replaceAll('\n', '/')}`);
  assert.match(seen.HTTPS_DN ?? '', /\/CN=Test Client$/);
  assert.equal(seen.HTTP_CLIENT_CERT, clientFields[1]);
});

test('HTTPS is on with TLS only', () => {
  assert.equal(variablesOf({}).HTTPS, 'on');
  assert.equal(variablesOf({}, '/', [], { ...FACTS, tlsVersion: '' }).HTTPS, undefined);
});
