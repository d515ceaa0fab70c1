/** Where a request's content ends: RFC 9112 §6, §7, RFC 9110 §8.6, §6.5. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FRAMING_CHUNKED, FRAMING_LENGTH, FRAMING_NONE } from '../../../proxy/wire/http1/events.js';
import { cut, decodeRequests, onlyRequest, requestError } from './decoding.js';

const POST = 'POST / HTTP/1.1\r\nHost: a\r\n';
const CHUNKED = `${POST}Transfer-Encoding: chunked\r\n\r\n`;

const refusedHeads: readonly [rule: string, fields: string, error: string][] = [
  [
    '§6.1 length and chunked',
    'Content-Length: 5\r\nTransfer-Encoding: chunked\r\n',
    'length_and_chunked 400',
  ],
  [
    '§6.1 chunked and length',
    'Transfer-Encoding: chunked\r\nContent-Length: 0\r\n',
    'length_and_chunked 400',
  ],
  [
    '§6.1 length and a foreign coding',
    'Content-Length: 5\r\nTransfer-Encoding: x\r\n',
    'length_and_chunked 400',
  ],
  ['§6.3 differing lengths', 'Content-Length: 1\r\nContent-Length: 2\r\n', 'content_length_repeated 400'],
  ['§6.3 equal lengths', 'Content-Length: 1\r\nContent-Length: 1\r\n', 'content_length_repeated 400'],
  ['§6.3 a list of equal lengths', 'Content-Length: 1, 1\r\n', 'content_length_invalid 400'],
  ['§6.3 a list of differing lengths', 'Content-Length: 1,2\r\n', 'content_length_invalid 400'],
  ['§6.3 an empty length', 'Content-Length: \r\n', 'content_length_invalid 400'],
  ['§6.3 a signed length', 'Content-Length: +5\r\n', 'content_length_invalid 400'],
  ['§6.3 a negative length', 'Content-Length: -5\r\n', 'content_length_invalid 400'],
  ['§6.3 a hexadecimal length', 'Content-Length: 0x5\r\n', 'content_length_invalid 400'],
  ['§6.3 an exponent', 'Content-Length: 1e1\r\n', 'content_length_invalid 400'],
  ['§6.3 a decimal point', 'Content-Length: 5.0\r\n', 'content_length_invalid 400'],
  ['§6.3 a blank inside', 'Content-Length: 5 5\r\n', 'content_length_invalid 400'],
  ['§6.3 a parameter', 'Content-Length: 5;x\r\n', 'content_length_invalid 400'],
  ['§6.3 quotes', 'Content-Length: "5"\r\n', 'content_length_invalid 400'],
  ['§6.3 a no-break space', 'Content-Length: 5\xa0\r\n', 'content_length_invalid 400'],
  ['§6.3 superscript digits', 'Content-Length: \xb2\r\n', 'content_length_invalid 400'],
  ['§6.3 2^53', 'Content-Length: 9007199254740992\r\n', 'content_length_invalid 400'],
  ['§6.3 2^64 + 5', 'Content-Length: 18446744073709551621\r\n', 'content_length_invalid 400'],
  ['§6.1 chunked twice', 'Transfer-Encoding: chunked, chunked\r\n', 'transfer_encoding_invalid 400'],
  [
    '§6.1 chunked twice in two lines',
    'Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n',
    'transfer_encoding_invalid 400',
  ],
  [
    '§6.1 another coding before chunked',
    'Transfer-Encoding: gzip, chunked\r\n',
    'transfer_encoding_unsupported 501',
  ],
  [
    '§6.1 another coding in a line before',
    'Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n',
    'transfer_encoding_unsupported 501',
  ],
  [
    '§6.1 another coding in a line after',
    'Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n',
    'transfer_encoding_unsupported 501',
  ],
  ['§6.3 chunked not final', 'Transfer-Encoding: chunked, gzip\r\n', 'transfer_encoding_unsupported 501'],
  ['§6.1 identity', 'Transfer-Encoding: identity\r\n', 'transfer_encoding_unsupported 501'],
  ['§6.1 a misspelt coding', 'Transfer-Encoding: xchunked\r\n', 'transfer_encoding_unsupported 501'],
  ['§6.1 an empty coding', 'Transfer-Encoding: \r\n', 'transfer_encoding_invalid 400'],
  ['§6.1 an empty list member', 'Transfer-Encoding: chunked,\r\n', 'transfer_encoding_invalid 400'],
  [
    '§6.1 an empty first line',
    'Transfer-Encoding:\r\nTransfer-Encoding: chunked\r\n',
    'transfer_encoding_invalid 400',
  ],
  ['§7 a parameter of chunked', 'Transfer-Encoding: chunked;q=1\r\n', 'transfer_encoding_invalid 400'],
  ['§6.1 quotes', 'Transfer-Encoding: "chunked"\r\n', 'transfer_encoding_invalid 400'],
  ['§6.1 a no-break space', 'Transfer-Encoding: chunked\xa0\r\n', 'transfer_encoding_invalid 400'],
  ['§6.1 a vertical tab', 'Transfer-Encoding: \x0bchunked\r\n', 'value_invalid 400'],
];

for (const [rule, fields, error] of refusedHeads) {
  test(`framing refused: ${rule}`, () => assert.equal(requestError(`${POST}${fields}\r\n`), error));
}

test('§6.1 Transfer-Encoding in HTTP/1.0 is refused', () => {
  const raw = 'POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n';
  assert.equal(requestError(raw), 'transfer_encoding_version 400');
});

test('RFC 9110 §9.3.6 CONNECT with content is refused', () => {
  const connect = 'CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n';
  assert.equal(requestError(`${connect}Content-Length: 1\r\n\r\n`), 'connect_content 400');
  assert.equal(requestError(`${connect}Transfer-Encoding: chunked\r\n\r\n`), 'connect_content 400');
});

test('§6.3 without length and coding a request has no content', () => {
  const { head, body } = onlyRequest('POST / HTTP/1.1\r\nHost: a\r\n\r\n');
  assert.deepEqual([head.framing, head.contentLength, body], [FRAMING_NONE, 0, '']);
});

test('§6.3 a length frames the content, also of GET', () => {
  const { head, body } = onlyRequest('GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab\r\nc');
  assert.deepEqual([head.framing, head.contentLength, body], [FRAMING_LENGTH, 5, 'ab\r\nc']);
});

test('§6.3 a length of 0 is told apart from none', () => {
  const { head } = onlyRequest(`${POST}Content-Length: 0\r\n\r\n`);
  assert.deepEqual([head.framing, head.contentLength], [FRAMING_LENGTH, 0]);
});

test('RFC 9110 §8.6 leading zeros are read as decimal and not passed on', () => {
  const { head, body } = onlyRequest(`${POST}Content-Length: 0010\r\n\r\n0123456789`);
  assert.deepEqual([head.headers.at(-1), body], ['10', '0123456789']);
});

test('RFC 9110 §8.6 2^53-1 is the greatest length', () => {
  const account = decodeRequests(cut(`${POST}Content-Length: 9007199254740991\r\n\r\n`, []));
  assert.equal(account.messages[0]?.head.contentLength, Number.MAX_SAFE_INTEGER);
});

test('§7 the coding is known in any case', () => {
  const { head } = onlyRequest(`${POST}transfer-encoding: \tChunked \r\n\r\n0\r\n\r\n`);
  assert.equal(head.framing, FRAMING_CHUNKED);
});

test('§7.1 chunks are joined, sizes in either case and with leading zeros', () => {
  const { body, trailers } = onlyRequest(`${CHUNKED}a\r\n0123456789\r\n00B\r\nabcdefghijk\r\n000\r\n\r\n`);
  assert.equal(body, '0123456789abcdefghijk');
  assert.deepEqual(trailers, []);
});

test('§7.1.1 extensions are read over', () => {
  const { body } = onlyRequest(`${CHUNKED}1;a\r\nx\r\n1;a=b;c="d\\"; e\t";f\r\ny\r\n0;last=1\r\n\r\n`);
  assert.equal(body, 'xy');
});

test('§7.1.2 trailers come with the end', () => {
  const { trailers } = onlyRequest(`${CHUNKED}0\r\nX-Sum: abc \r\ngrpc-status:0\r\n\r\n`);
  assert.deepEqual(trailers, ['x-sum', 'abc', 'grpc-status', '0']);
});

const refusedChunks: readonly [rule: string, chunks: string, error: string][] = [
  ['an empty size', '\r\n', 'chunk_size_invalid 400'],
  ['an empty size before an extension', ';a\r\n', 'chunk_size_invalid 400'],
  ['a blank before the size', ' 1\r\nx\r\n', 'chunk_size_invalid 400'],
  ['a blank after the size', '1 \r\nx\r\n', 'chunk_size_invalid 400'],
  ['a tab after the size', '1\t\r\nx\r\n', 'chunk_size_invalid 400'],
  ['a signed size', '+1\r\nx\r\n', 'chunk_size_invalid 400'],
  ['a negative size', '-1\r\nx\r\n', 'chunk_size_invalid 400'],
  ['a prefixed size', '0x1\r\nx\r\n', 'chunk_size_invalid 400'],
  ['an underscore in the size', '1_0\r\nx\r\n', 'chunk_size_invalid 400'],
  ['a size of letters beyond f', '1g\r\nx\r\n', 'chunk_size_invalid 400'],
  ['a size of 14 digits', '00000000000001\r\nx\r\n', 'chunk_size_invalid 400'],
  ['a size of 2^64 + 1', '10000000000000001\r\nx\r\n', 'chunk_size_invalid 400'],
  ['a size ended by a bare LF', '1\nx\r\n', 'chunk_size_invalid 400'],
  ['a size ended by a bare CR', '1\rx\r\n', 'line_end_invalid 400'],
  ['a bare LF in an extension', '1;a\nx\r\n', 'chunk_extension_invalid 400'],
  ['a bare CR in an extension', '1;a\rb\r\nx\r\n', 'line_end_invalid 400'],
  ['a bare LF in a quoted extension', '1;a="\n"\r\nx\r\n', 'chunk_extension_invalid 400'],
  ['CRLF in a quoted extension', '1;a="\r\n"\r\nx\r\n', 'chunk_extension_invalid 400'],
  ['an escaped CR in an extension', '1;a="\\\r\n"\r\nx\r\n', 'chunk_extension_invalid 400'],
  ['a NUL in an extension', '1;a\0\r\nx\r\n', 'chunk_extension_invalid 400'],
  ['a byte beyond ASCII in an extension', '1;a="\xe9"\r\nx\r\n', 'chunk_extension_invalid 400'],
  ['an empty extension', '1;\r\nx\r\n', 'chunk_extension_invalid 400'],
  ['an extension without a name', '1;=a\r\nx\r\n', 'chunk_extension_invalid 400'],
  ['an extension without a value', '1;a=\r\nx\r\n', 'chunk_extension_invalid 400'],
  ['a blank in an extension', '1; a\r\nx\r\n', 'chunk_extension_invalid 400'],
  ['more behind a quoted value', '1;a="b"c\r\nx\r\n', 'chunk_extension_invalid 400'],
  ['data longer than its size', '1\r\nxy\r\n0\r\n\r\n', 'chunk_end_missing 400'],
  ['data followed by LF alone', '1\r\nx\n0\r\n\r\n', 'chunk_end_missing 400'],
  ['data followed by CR alone', '1\r\nx\r0\r\n\r\n', 'chunk_end_missing 400'],
  ['data followed by nothing', '1\r\nx0\r\n\r\n', 'chunk_end_missing 400'],
  ['a last chunk ended by bare LFs', '0\r\n\n', 'line_end_invalid 400'],
  ['a folded trailer', '0\r\nX: y\r\n z\r\n\r\n', 'obs_fold 400'],
  ['a bare LF in a trailer', '0\r\nX: y\nZ: z\r\n\r\n', 'line_end_invalid 400'],
  ['a NUL in a trailer', '0\r\nX: \0\r\n\r\n', 'value_invalid 400'],
  ['a request where trailers should be', '0\r\nGET /x HTTP/1.1\r\nHost: b\r\n\r\n', 'name_whitespace 400'],
];

for (const [rule, chunks, error] of refusedChunks) {
  test(`§7.1 chunk refused: ${rule}`, () => assert.equal(requestError(CHUNKED + chunks), error));
}

const forbiddenTrailers = [
  'Content-Length: 5',
  'Transfer-Encoding: chunked',
  'Trailer: x',
  'TE: trailers',
  'Host: b',
  'Connection: close',
  'Keep-Alive: timeout=5',
  'Upgrade: websocket',
  'X-Forwarded-For: 1.2.3.4',
  'X-Forwarded-Proto: https',
  'Forwarded: for=1.2.3.4',
  'Authorization: Basic eA==',
  'Proxy-Authorization: Basic eA==',
  'Cookie: a=b',
  'Set-Cookie: a=b',
  'Expect: 100-continue',
  'Content-Type: text/html',
  'Content-Encoding: gzip',
  'Content-Range: bytes 0-1/2',
  'Cache-Control: no-store',
];

for (const trailer of forbiddenTrailers) {
  test(`RFC 9110 §6.5.1 trailer refused: ${trailer}`, () => {
    assert.equal(requestError(`${CHUNKED}0\r\nX: y\r\n${trailer}\r\n\r\n`), 'trailer_forbidden 400');
  });
}
