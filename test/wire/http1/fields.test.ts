/** Field lines and Host: RFC 9112 §5, §3.2, RFC 9110 §5.5, §7.2. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findName, nameOf } from '../../../proxy/wire/http1/field-names.js';
import { onlyRequest, requestError } from './decoding.js';

const LINE = 'GET / HTTP/1.1\r\n';

const refused: readonly [rule: string, fields: string, error: string][] = [
  ['§5.1 a blank before the colon', 'Host: a\r\nX : y\r\n\r\n', 'name_whitespace 400'],
  ['§5.1 a tab before the colon', 'Host: a\r\nX\t: y\r\n\r\n', 'name_whitespace 400'],
  ['§5.1 a blank inside the name', 'Host: a\r\nX Y: z\r\n\r\n', 'name_whitespace 400'],
  ['§5.1 an empty name', 'Host: a\r\n: y\r\n\r\n', 'name_invalid 400'],
  ['§5 a line without a colon', 'Host: a\r\nX\r\n\r\n', 'name_invalid 400'],
  ['RFC 9110 §5.1 a name that is no token', 'Host: a\r\nX(: y\r\n\r\n', 'name_invalid 400'],
  ['RFC 9110 §5.1 a NUL in the name', 'Host: a\r\nX\0: y\r\n\r\n', 'name_invalid 400'],
  ['RFC 9110 §5.1 a byte beyond ASCII in the name', 'Host: a\r\nX\xe9: y\r\n\r\n', 'name_invalid 400'],
  ['§5.2 a folded line', 'Host: a\r\nX: y\r\n z\r\n\r\n', 'obs_fold 400'],
  ['§5.2 a line folded with a tab', 'Host: a\r\nX: y\r\n\tz\r\n\r\n', 'obs_fold 400'],
  ['§5.2 a folded empty line', 'Host: a\r\nX: y\r\n \r\n\r\n', 'obs_fold 400'],
  ['§2.2 a blank before the first field', ' Host: a\r\n\r\n', 'obs_fold 400'],
  ['§2.2 a bare LF after a value', 'Host: a\nX: y\r\n\r\n', 'line_end_invalid 400'],
  ['§2.2 a bare CR in a value', 'Host: a\r\nX: y\rz\r\n\r\n', 'line_end_invalid 400'],
  ['§2.2 CR CR LF after a value', 'Host: a\r\nX: y\r\r\n\r\n', 'line_end_invalid 400'],
  ['§2.2 an empty line of a bare LF', 'Host: a\r\n\n', 'line_end_invalid 400'],
  ['§2.2 an empty line of CR and more', 'Host: a\r\n\rX: y\r\n\r\n', 'line_end_invalid 400'],
  ['RFC 9110 §5.5 a NUL in a value', 'Host: a\r\nX: y\0z\r\n\r\n', 'value_invalid 400'],
  ['RFC 9110 §5.5 a DEL in a value', 'Host: a\r\nX: y\x7f\r\n\r\n', 'value_invalid 400'],
  ['RFC 9110 §5.5 a vertical tab in a value', 'Host: a\r\nX: \x0by\r\n\r\n', 'value_invalid 400'],
  ['RFC 9110 §5.5 an escape in a value', 'Host: a\r\nX: \x1b[2J\r\n\r\n', 'value_invalid 400'],
  ['§3.2 no Host in HTTP/1.1', 'X: y\r\n\r\n', 'host_missing 400'],
  ['§3.2 two Hosts', 'Host: a\r\nHost: b\r\n\r\n', 'host_repeated 400'],
  ['§3.2 two equal Hosts', 'Host: a\r\nhost: a\r\n\r\n', 'host_repeated 400'],
  ['§3.2 three Hosts', 'Host: a\r\nhost: a\r\nHOST: a\r\n\r\n', 'host_repeated 400'],
];

for (const [rule, fields, error] of refused) {
  test(`fields refused: ${rule}`, () => assert.equal(requestError(LINE + fields), error));
}

const badHosts = [
  '',
  'u@a.test',
  'u:p@a.test',
  'a b',
  'a\tb',
  'a,b',
  'a.test/x',
  'a.test?x',
  'a.test#x',
  'a.test\\x',
  'http://a.test',
  'a.test::',
  'a..test',
  '.a.test',
  'a.test..',
  '..',
  '.',
  'a.test:0',
  'a.test:65536',
  'a.test:000080',
  'a.test:80:80',
  'a.test:8a',
  'a.test:-1',
  'a.test:+80',
  ':80',
  '*',
  'a%2etest',
  'a;b',
  "a'b",
  'a"b',
  '<a>',
  'a\xe9',
  '[',
  '[]',
  '::1',
  '[::1',
  '[::1]x',
  '[::1]::',
  '[::1]80',
  '[::1%25eth0]',
  '[:::1]',
  '[1::2::3]',
  '[1:2:3:4:5:6:7]',
  '[1:2:3:4:5:6:7:8:9]',
  '[1:2:3:4:5:6:7::8:9]',
  '[12345::]',
  '[g::]',
  '[::1.2.3]',
  '[::1.2.3.256]',
  '[1.2.3.4::]',
  '[v1.a]',
];

for (const host of badHosts) {
  test(`RFC 9110 §7.2 Host refused: ${JSON.stringify(host)}`, () => {
    assert.equal(requestError(`${LINE}Host: ${host}\r\n\r\n`), 'host_invalid 400');
  });
}

const goodHosts = [
  'a',
  'a.test',
  'A.TEST:8080',
  'my_app.test',
  'a.test.',
  '127.0.0.1:1',
  'xn--bcher-kva.test:65535',
  '[::]',
  '[::1]:443',
  '[1:2:3:4:5:6:7:8]',
  '[1::8]',
  '[fe80::A:b]',
  '[::ffff:192.0.2.1]:80',
];

for (const host of goodHosts) {
  test(`RFC 9110 §7.2 Host accepted: ${host}`, () => {
    assert.equal(onlyRequest(`${LINE}Host: ${host}\r\n\r\n`).head.authority, host);
  });
}

test('§3.2 HTTP/1.0 needs no Host, and a Host it has is checked', () => {
  assert.equal(onlyRequest('GET / HTTP/1.0\r\n\r\n').head.authority, '');
  assert.equal(requestError('GET / HTTP/1.0\r\nHost: a b\r\n\r\n'), 'host_invalid 400');
});

test('names come in lower case and values without surrounding blanks, in order', () => {
  const { head } = onlyRequest(
    `${LINE}HOST:a\r\nX-Own-Name: \t y  z\t \r\naccept:\r\nAccept: \r\nx_y!#$%&'*+-.^\`|~9: 1\r\n\r\n`,
  );
  assert.deepEqual(head.headers, [
    'host',
    'a',
    'x-own-name',
    'y  z',
    'accept',
    '',
    'accept',
    '',
    "x_y!#$%&'*+-.^`|~9",
    '1',
  ]);
});

test('RFC 9110 §5.5 tab, quotes and obs-text stay in values as latin1', () => {
  const { head } = onlyRequest(`${LINE}Host: a\r\nX: "a\tb" \xe9\xa0\r\n\r\n`);
  assert.equal(head.headers[3], '"a\tb" \xe9\xa0');
});

test('every known name is found in any case and no other name is', () => {
  for (let index = 0; nameOf(index) !== ''; index += 1) {
    const name = nameOf(index);
    assert.equal(findName(Buffer.from(name.toUpperCase()), 0, name.length), index);
    const other = `${name.slice(0, -1)}~`;
    assert.equal(findName(Buffer.from(other), 0, other.length), -1);
  }
});

test('a name that differs from a known one by an underscore stays apart', () => {
  const { head } = onlyRequest(`${LINE}Host: a\r\nContent_Length: 5\r\nTransfer_Encoding: chunked\r\n\r\n`);
  assert.equal(head.framing, 0);
});
