/** What the encoder writes, and that the decoders read it back as it was meant. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  CHUNK_END,
  chunkPrefix,
  encodeInformational,
  encodeRequestHead,
  encodeResponseHead,
  encodeTrailers,
  LAST_CHUNK,
} from '../../../proxy/wire/http1/encoder.js';
import { isFieldValue, isToken } from '../../../proxy/wire/syntax/characters.js';
import { cut, decodeResponses, onlyRequest, onlyResponse } from './decoding.js';

test('a request head is written line by line', () => {
  assert.equal(
    encodeRequestHead('GET', '/a?b', ['host', 'a.test', 'x', '']),
    'GET /a?b HTTP/1.1\r\nhost: a.test\r\nx: \r\n\r\n',
  );
});

test('a response head takes the usual reason', () => {
  assert.equal(encodeResponseHead(404, ['a', 'b']), 'HTTP/1.1 404 Not Found\r\na: b\r\n\r\n');
});

test('a status without a usual reason keeps the blank before it (RFC 9112 §4)', () => {
  assert.equal(encodeResponseHead(299, []), 'HTTP/1.1 299 \r\n\r\n');
});

test('an interim response is a head alone', () => {
  assert.equal(encodeInformational(103, ['link', '</a>']), 'HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n');
});

test('chunk framing is hexadecimal', () => {
  assert.equal(chunkPrefix(65536), '10000\r\n');
  assert.equal(encodeTrailers([]), LAST_CHUNK);
  assert.equal(encodeTrailers(['a', 'b']), '0\r\na: b\r\n\r\n');
});

test('a chunked request reads back as written', () => {
  const headers = ['host', 'a.test', 'transfer-encoding', 'chunked', 'x-latin', '\xe9'];
  const content = `${chunkPrefix(26)}abcdefghijklmnopqrstuvwxyz${CHUNK_END}${chunkPrefix(1)}\n${CHUNK_END}`;
  const { head, body, trailers } = onlyRequest(
    encodeRequestHead('PROPFIND', '/x', headers) + content + encodeTrailers(['x-sum', '1']),
  );
  assert.deepEqual([head.method, head.target, head.headers], ['PROPFIND', '/x', headers]);
  assert.deepEqual([body, trailers], ['abcdefghijklmnopqrstuvwxyz\n', ['x-sum', '1']]);
});

test('a response with interim responses reads back as written', () => {
  const raw = encodeInformational(103, ['link', 'a']) + encodeResponseHead(200, ['content-length', '2']);
  const account = decodeResponses(['GET'], cut(`${raw}ok`, []));
  assert.deepEqual(account.informational[0]?.headers, ['link', 'a']);
  assert.deepEqual([account.messages[0]?.head.status, account.messages[0]?.body], [200, 'ok']);
});

test('every status with a usual reason reads back', () => {
  for (let status = 200; status <= 599; status += 1) {
    const { head } = onlyResponse(encodeResponseHead(status, ['content-length', '0']));
    assert.equal(head.status, status);
  }
});

test('isToken accepts tokens alone', () => {
  for (const name of ['a', 'X-1', "!#$%&'*+-.^_`|~"]) assert.equal(isToken(name), true, name);
  for (const name of ['', 'a b', 'a:', 'a\r', 'a\0', 'é', 'a\u0141', '(', '"', '/', '@']) {
    assert.equal(isToken(name), false, name);
  }
});

test('isFieldValue refuses what would break a line or has no latin1 byte', () => {
  for (const value of ['', 'a b\tc', '\xff\x80', '"~"']) assert.equal(isFieldValue(value), true, value);
  for (const value of ['\r', '\n', 'a\r\nb', '\0', '\x7f', '\x1b', '\u010d', '\u0a0d', '😀']) {
    assert.equal(isFieldValue(value), false, JSON.stringify(value));
  }
});
