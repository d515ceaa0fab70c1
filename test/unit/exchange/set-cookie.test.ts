/** Set-Cookie as it is fitted to the client: Secure, and Domains that the client's browser would refuse. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rewriteSetCookie } from '../../../proxy/exchange/headers/set-cookie.js';

const CASES: readonly (readonly [
  name: string,
  cookie: string,
  sent: string,
  client: string,
  wanted: string,
])[] = [
  ['no Domain stays', 'a=b; Path=/; HttpOnly', 'api.test', 'app.test', 'a=b; Path=/; HttpOnly'],
  [
    "the app's host becomes the client's",
    'a=b; Domain=api.test',
    'api.test',
    'app.test',
    'a=b; Domain=app.test',
  ],
  [
    'a leading dot and case do not matter',
    'a=b;domain=.API.test;Path=/',
    'api.test',
    'app.test',
    'a=b; Domain=app.test;Path=/',
  ],
  [
    'a Domain above the app is taken out',
    'a=b; Domain=example.com; Secure',
    'api.example.com',
    'app.test',
    'a=b; Secure',
  ],
  ['no Domain for localhost', 'a=b; Domain=api.test', 'api.test', 'localhost', 'a=b'],
  ['no Domain for an address', 'a=b; Domain=api.test', 'api.test', '127.0.0.1', 'a=b'],
  [
    'a Domain that fits the client stays',
    'a=b; Domain=app.test',
    'api.test',
    'www.app.test',
    'a=b; Domain=app.test',
  ],
  [
    'a foreign Domain stays for the browser to refuse',
    'a=b; Domain=bank.test',
    'api.test',
    'app.test',
    'a=b; Domain=bank.test',
  ],
  [
    'a name that only ends alike is foreign',
    'a=b; Domain=i.test',
    'api.test',
    'app.test',
    'a=b; Domain=i.test',
  ],
  ['the value is left alone', 'domain=api.test', 'api.test', 'app.test', 'domain=api.test'],
];

for (const [name, cookie, sentHost, clientHost, wanted] of CASES) {
  test(name, () => {
    assert.equal(rewriteSetCookie(cookie, { secure: false, sentHost, clientHost, prefix: '' }), wanted);
  });
}

test('Secure is added once', () => {
  const place = { secure: true, sentHost: '', clientHost: 'app.test', prefix: '' };
  assert.equal(rewriteSetCookie('a=b; SameSite=None', place), 'a=b; SameSite=None; Secure');
  assert.equal(rewriteSetCookie('a=b; secure; Path=/', place), 'a=b; secure; Path=/');
  assert.equal(rewriteSetCookie('secure=1', place), 'secure=1; Secure');
});

test('a Path of the app gets the prefix that the app did not see, once', () => {
  const place = { secure: false, sentHost: '', clientHost: 'app.test', prefix: '/api' };
  const cases = [
    ['a=b; Path=/users', 'a=b; Path=/api/users'],
    ['a=b; path=/apis; HttpOnly', 'a=b; Path=/api/apis; HttpOnly'],
    ['a=b; Path=/api/users', 'a=b; Path=/api/users'],
    ['a=b; Path=/api', 'a=b; Path=/api'],
    ['a=b; Path=/', 'a=b; Path=/'],
    ['a=b; Path=', 'a=b; Path='],
    ['a=b', 'a=b'],
  ] as const;
  for (const [cookie, wanted] of cases) assert.equal(rewriteSetCookie(cookie, place), wanted);
});
