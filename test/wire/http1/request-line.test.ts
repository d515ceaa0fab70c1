/** The request line: RFC 9112 §3, §2.2, §2.3. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { onlyRequest, requestError } from './decoding.js';

const FIELDS = 'Host: a.test\r\n\r\n';

const refused: readonly [rule: string, line: string, error: string][] = [
  ['§2.2 a second empty line before the request line', '\r\n\r\nGET / HTTP/1.1\r\n', 'empty_lines 400'],
  ['§2.2 a bare LF before the request line', '\nGET / HTTP/1.1\r\n', 'line_end_invalid 400'],
  ['§2.2 a bare CR before the request line', '\rGET / HTTP/1.1\r\n', 'line_end_invalid 400'],
  ['§2.2 a bare LF as the line end', 'GET / HTTP/1.1\n', 'line_end_invalid 400'],
  ['§2.2 a bare CR as the line end', 'GET / HTTP/1.1\rHost: b\r\n', 'line_end_invalid 400'],
  ['§2.2 CR CR LF as the line end', 'GET / HTTP/1.1\r\r\n', 'line_end_invalid 400'],
  ['§2.2 a bare LF after the target', 'GET /\n', 'line_end_invalid 400'],
  ['§3 a blank before the method', ' GET / HTTP/1.1\r\n', 'method_invalid 400'],
  ['§3 a tab between method and target', 'GET\t/ HTTP/1.1\r\n', 'method_invalid 400'],
  ['§3 two blanks after the method', 'GET  / HTTP/1.1\r\n', 'target_invalid 400'],
  ['§3 two blanks after the target', 'GET /  HTTP/1.1\r\n', 'version_malformed 400'],
  ['§3 a blank after the version', 'GET / HTTP/1.1 \r\n', 'version_malformed 400'],
  ['§3 a method alone', 'GET\r\n', 'request_line_malformed 400'],
  ['§3 no target', 'GET HTTP/1.1\r\n', 'request_line_malformed 400'],
  ['§3.1 a method that is no token', 'G(T / HTTP/1.1\r\n', 'method_invalid 400'],
  ['§3.1 a colon in the method', 'GET: / HTTP/1.1\r\n', 'method_invalid 400'],
  ['§3.1 a NUL in the method', 'GE\0T / HTTP/1.1\r\n', 'method_invalid 400'],
  ['§3.1 a method longer than any known', `${'M'.repeat(33)} / HTTP/1.1\r\n`, 'method_too_long 501'],
  ['§3.2 a blank in the target', 'GET /a b HTTP/1.1\r\n', 'version_malformed 400'],
  ['§3.2 a tab in the target', 'GET /a\tb HTTP/1.1\r\n', 'target_invalid 400'],
  ['§3.2 a NUL in the target', 'GET /a\0b HTTP/1.1\r\n', 'target_invalid 400'],
  ['§3.2 a DEL in the target', 'GET /a\x7fb HTTP/1.1\r\n', 'target_invalid 400'],
  ['§3.2 a bare CR in the target', 'GET /a\rb HTTP/1.1\r\n', 'line_end_invalid 400'],
  ['§3.2 raw UTF-8 in the target', 'GET /\xc3\xa9 HTTP/1.1\r\n', 'target_invalid 400'],
  ['§3.2 a fragment in the target', 'GET /a#b HTTP/1.1\r\n', 'target_invalid 400'],
  ['§3.2 a relative path', 'GET a/b HTTP/1.1\r\n', 'target_invalid 400'],
  ['§3.2 an empty path with a query', 'GET ?a=b HTTP/1.1\r\n', 'target_invalid 400'],
  ['§3.2.2 an absolute form without authority', 'GET http:///a HTTP/1.1\r\n', 'target_invalid 400'],
  ['§3.2.2 an absolute form with an open bracket', 'GET http://[ HTTP/1.1\r\n', 'target_invalid 400'],
  ['§3.2.2 an absolute form without slashes', 'GET http:a.test HTTP/1.1\r\n', 'target_invalid 400'],
  ['§3.2.2 an absolute form of a foreign scheme', 'GET ftp://a.test/ HTTP/1.1\r\n', 'target_invalid 400'],
  ['§3.2.2 userinfo in an absolute form', 'GET http://u@a.test/ HTTP/1.1\r\n', 'target_invalid 400'],
  ['§3.2.2 a backslash ending the authority', 'GET http://a.test\\b/ HTTP/1.1\r\n', 'target_invalid 400'],
  ['§3.2.3 authority-form for another method', 'GET a.test:80 HTTP/1.1\r\n', 'target_invalid 400'],
  ['§3.2.3 CONNECT without a port', 'CONNECT a.test HTTP/1.1\r\n', 'target_invalid 400'],
  ['§3.2.3 CONNECT with an empty port', 'CONNECT a.test: HTTP/1.1\r\n', 'target_invalid 400'],
  ['§3.2.3 CONNECT to an IPv6 address without a port', 'CONNECT [::1] HTTP/1.1\r\n', 'target_invalid 400'],
  ['§3.2.3 CONNECT with a path', 'CONNECT /a HTTP/1.1\r\n', 'target_invalid 400'],
  ['§3.2.3 CONNECT with an absolute form', 'CONNECT http://a.test:80 HTTP/1.1\r\n', 'target_invalid 400'],
  ['§3.2.4 an asterisk for another method', 'GET * HTTP/1.1\r\n', 'target_invalid 400'],
  ['§3.2.4 an asterisk with more behind it', 'OPTIONS *a HTTP/1.1\r\n', 'target_invalid 400'],
  ['§2.3 HTTP/0.9', 'GET /\r\n', 'request_line_malformed 400'],
  ['§2.3 a version in lower case', 'GET / http/1.1\r\n', 'version_malformed 400'],
  ['§2.3 another protocol name', 'GET / HTTQ/1.1\r\n', 'version_malformed 400'],
  ['§2.3 a version without a minor digit', 'GET / HTTP/1\r\n', 'version_malformed 400'],
  ['§2.3 a minor version of two digits', 'GET / HTTP/1.10\r\n', 'version_malformed 400'],
  ['§2.3 a major version of two digits', 'GET / HTTP/11.1\r\n', 'version_malformed 400'],
  ['§2.3 a padded major version', 'GET / HTTP/01.1\r\n', 'version_malformed 400'],
  ['§2.3 a minor version that is no digit', 'GET / HTTP/1.x\r\n', 'version_malformed 400'],
  ['§2.3 HTTP/0.9 spelled out', 'GET / HTTP/0.9\r\n', 'version_unsupported 505'],
  ['§2.3 HTTP/1.2', 'GET / HTTP/1.2\r\n', 'version_unsupported 505'],
  ['§2.3 HTTP/2.0', 'GET / HTTP/2.0\r\n', 'version_unsupported 505'],
  ['§2.3 HTTP/3.0', 'GET / HTTP/3.0\r\n', 'version_unsupported 505'],
];

for (const [rule, line, error] of refused) {
  test(`request line refused: ${rule}`, () => assert.equal(requestError(line + FIELDS), error));
}

test('the HTTP/2 connection preface has an error of its own (RFC 9113 §3.4)', () => {
  assert.equal(requestError('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), 'http2_preface 505');
});

test('a TLS handshake is refused at its first byte', () => {
  assert.equal(requestError('\x16\x03\x01'), 'method_invalid 400');
});

test('§2.2 one empty line before the request line is forgiven', () => {
  assert.equal(onlyRequest(`\r\nGET / HTTP/1.1\r\n${FIELDS}`).head.method, 'GET');
});

test('§3.1 any token is a method, in its own case', () => {
  assert.equal(onlyRequest(`m-SEARCH / HTTP/1.1\r\n${FIELDS}`).head.method, 'm-SEARCH');
});

test('§3.2.1 the path of an origin form is the target as sent', () => {
  const { head } = onlyRequest(`GET //a/../%2e/b?c=d?e|{} HTTP/1.1\r\n${FIELDS}`);
  assert.equal(head.target, '//a/../%2e/b?c=d?e|{}');
  assert.equal(head.path, head.target);
  assert.equal(head.scheme, '');
});

const absolute: readonly [target: string, path: string, authority: string, scheme: string][] = [
  ['http://b.test/x?y', '/x?y', 'b.test', 'http'],
  ['HTTPS://B.test:8443/x', '/x', 'B.test:8443', 'https'],
  ['http://b.test', '/', 'b.test', 'http'],
  ['http://b.test?y=/z', '/?y=/z', 'b.test', 'http'],
  ['http://[::1]:80/x', '/x', '[::1]:80', 'http'],
  ['http://b.test/http://c.test/', '/http://c.test/', 'b.test', 'http'],
];

for (const [target, path, authority, scheme] of absolute) {
  test(`§3.2.2 ${target} names path, authority and scheme, and replaces Host`, () => {
    const { head } = onlyRequest(`GET ${target} HTTP/1.1\r\nX: y\r\nHOST: a.test\r\n\r\n`);
    assert.deepEqual(
      [head.path, head.authority, head.scheme, head.target],
      [path, authority, scheme, target],
    );
    assert.deepEqual(head.headers, ['x', 'y', 'host', authority]);
  });
}

test('§3.2.2 an absolute form in HTTP/1.0 without Host yields one', () => {
  const { head } = onlyRequest('GET http://b.test/ HTTP/1.0\r\n\r\n');
  assert.deepEqual(head.headers, ['host', 'b.test']);
});

test('§3.2.4 OPTIONS for an absolute form without path asks about the server', () => {
  assert.equal(onlyRequest(`OPTIONS http://a.test HTTP/1.1\r\n${FIELDS}`).head.path, '*');
  assert.equal(onlyRequest(`OPTIONS http://a.test/ HTTP/1.1\r\n${FIELDS}`).head.path, '/');
  assert.equal(onlyRequest(`OPTIONS http://a.test?q HTTP/1.1\r\n${FIELDS}`).head.path, '/?q');
});

test('§3.2.4 OPTIONS * keeps the authority of Host', () => {
  const { head } = onlyRequest(`OPTIONS * HTTP/1.1\r\n${FIELDS}`);
  assert.deepEqual([head.path, head.authority], ['*', 'a.test']);
});

test('§3.2.3 CONNECT names its authority, replaces Host and ends the connection as HTTP', () => {
  const { head } = onlyRequest(`CONNECT b.test:443 HTTP/1.1\r\n${FIELDS}`);
  assert.deepEqual([head.path, head.authority, head.keepAlive], ['', 'b.test:443', false]);
  assert.deepEqual(head.headers, ['host', 'b.test:443']);
});
