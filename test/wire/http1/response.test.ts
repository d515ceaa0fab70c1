/** Responses as a client reads them: RFC 9112 §4, §6.3, RFC 9110 §15. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Http1Error } from '../../../proxy/wire/http1/error.js';
import {
  BODY,
  DEFAULT_HTTP1_LIMITS,
  END,
  FRAMING_CHUNKED,
  FRAMING_LENGTH,
  FRAMING_NONE,
  FRAMING_UNTIL_CLOSE,
  HEAD,
  NEED_DATA,
} from '../../../proxy/wire/http1/events.js';
import { ResponseDecoder } from '../../../proxy/wire/http1/response-decoder.js';
import { valuesOf } from '../fuzz/http1-account.js';
import { cut, decodeResponses, onlyResponse, responseError } from './decoding.js';

const EMPTY = 'Content-Length: 0\r\n\r\n';

const refused: readonly [rule: string, raw: string, error: string][] = [
  ['§4 no status', `HTTP/1.1\r\n${EMPTY}`, 'status_line_malformed 502'],
  ['§4 an empty status', `HTTP/1.1  OK\r\n${EMPTY}`, 'status_line_malformed 502'],
  ['§4 a status of two digits', `HTTP/1.1 20 OK\r\n${EMPTY}`, 'status_line_malformed 502'],
  ['§4 a status of four digits', `HTTP/1.1 2000 OK\r\n${EMPTY}`, 'status_line_malformed 502'],
  ['§4 a status of letters', `HTTP/1.1 2xx OK\r\n${EMPTY}`, 'status_line_malformed 502'],
  ['§4 a signed status', `HTTP/1.1 -20 OK\r\n${EMPTY}`, 'status_line_malformed 502'],
  ['RFC 9110 §15 status 099', `HTTP/1.1 099 X\r\n${EMPTY}`, 'status_line_malformed 502'],
  ['RFC 9110 §15 status 600', `HTTP/1.1 600 X\r\n${EMPTY}`, 'status_line_malformed 502'],
  ['RFC 9110 §15 status 999', `HTTP/1.1 999 X\r\n${EMPTY}`, 'status_line_malformed 502'],
  ['§4 a tab before the status', `HTTP/1.1\t200 OK\r\n${EMPTY}`, 'status_line_malformed 502'],
  ['§4 two blanks before the status', `HTTP/1.1  200 OK\r\n${EMPTY}`, 'status_line_malformed 502'],
  ['§4 a NUL in the reason', `HTTP/1.1 200 O\0K\r\n${EMPTY}`, 'status_line_malformed 502'],
  ['§4 a bare CR in the reason', `HTTP/1.1 200 O\rK\r\n${EMPTY}`, 'status_line_malformed 502'],
  ['§2.2 a bare LF as the line end', `HTTP/1.1 200 OK\n${EMPTY}`, 'status_line_malformed 502'],
  ['§2.2 an empty line first', `\r\nHTTP/1.1 200 OK\r\n${EMPTY}`, 'version_malformed 502'],
  ['§2.3 another protocol', `ICY 200 OK\r\n${EMPTY}`, 'version_malformed 502'],
  ['§2.3 HTTP/0.9', '<html></html>\r\n', 'version_malformed 502'],
  ['§2.3 a version in lower case', `http/1.1 200 OK\r\n${EMPTY}`, 'version_malformed 502'],
  ['§2.3 HTTP/2.0', `HTTP/2.0 200 OK\r\n${EMPTY}`, 'version_unsupported 502'],
  ['§2.3 HTTP/1.2', `HTTP/1.2 200 OK\r\n${EMPTY}`, 'version_unsupported 502'],
  ['§5.2 a folded line', 'HTTP/1.1 200 OK\r\nX: y\r\n z\r\n\r\n', 'obs_fold 502'],
  ['§5.1 a blank before the colon', 'HTTP/1.1 200 OK\r\nX : y\r\n\r\n', 'name_whitespace 502'],
  ['§2.2 a bare LF in the head', 'HTTP/1.1 200 OK\r\nX: y\nZ: z\r\n\r\n', 'line_end_invalid 502'],
  ['RFC 9110 §5.5 a NUL in a value', 'HTTP/1.1 200 OK\r\nX: \0\r\n\r\n', 'value_invalid 502'],
  [
    '§6.1 length and chunked',
    'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n',
    'length_and_chunked 502',
  ],
  [
    '§6.3 differing lengths',
    'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n',
    'content_length_repeated 502',
  ],
  ['§6.3 a signed length', 'HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n', 'content_length_invalid 502'],
  [
    '§6.3 a coding that is not chunked',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n',
    'transfer_encoding_unsupported 502',
  ],
  [
    '§6.3 chunked that is not final',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, gzip\r\n\r\n',
    'transfer_encoding_unsupported 502',
  ],
  [
    '§6.1 Transfer-Encoding in HTTP/1.0',
    'HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n',
    'transfer_encoding_version 502',
  ],
  [
    '§7.1 a malformed chunk',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n+1\r\nx\r\n',
    'chunk_size_invalid 502',
  ],
  [
    '§6.3 differing members of a list',
    'HTTP/1.1 200 OK\r\nContent-Length: 3, 4\r\n\r\n',
    'content_length_invalid 502',
  ],
  ['§6.3 an empty member', 'HTTP/1.1 200 OK\r\nContent-Length: 3,\r\n\r\n', 'content_length_invalid 502'],
  [
    '§6.3 a differing line after a list',
    'HTTP/1.1 200 OK\r\nContent-Length: 3, 3\r\nContent-Length: 4\r\n\r\n',
    'content_length_repeated 502',
  ],
  [
    '§7.1.1 blanks before a chunk extension',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3 ;a\r\nabc\r\n0\r\n\r\n',
    'chunk_size_invalid 502',
  ],
  [
    '§7.1 blanks before a chunk size',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n 3\r\nabc\r\n0\r\n\r\n',
    'chunk_size_invalid 502',
  ],
  ['§9.2 bytes after the response', `HTTP/1.1 200 OK\r\n${EMPTY}x`, 'surplus 502'],
  ['§9.2 an empty line after the response', `HTTP/1.1 200 OK\r\n${EMPTY}\r\n`, 'surplus 502'],
  ['§9.2 a second response', `HTTP/1.1 200 OK\r\n${EMPTY}HTTP/1.1 200 OK\r\n${EMPTY}`, 'surplus 502'],
  ['§9.2 content after 204', 'HTTP/1.1 204 No Content\r\nContent-Length: 1\r\n\r\nx', 'surplus 502'],
];

for (const [rule, raw, error] of refused) {
  test(`response refused: ${rule}`, () => assert.equal(responseError(raw), error));
}

test('§9.2 bytes that no request asked for are refused', () => {
  assert.equal(decodeResponses([], cut(`HTTP/1.1 408 X\r\n${EMPTY}`, [])).error, 'surplus 502');
});

test('§4 status, version and fields are told, whatever the reason', () => {
  const { head } = onlyResponse(
    'HTTP/1.1 404 Not\tFound \xe9\r\nX-A: 1\r\nSet-Cookie: a\r\nset-cookie: b\r\ncontent-length: 0\r\n\r\n',
  );
  assert.deepEqual([head.status, head.minorVersion], [404, 1]);
  assert.deepEqual(head.headers, ['x-a', '1', 'set-cookie', 'a', 'set-cookie', 'b', 'content-length', '0']);
});

test('§4 the reason may be empty, and its blank may be missing', () => {
  assert.equal(onlyResponse(`HTTP/1.1 200 \r\n${EMPTY}`).head.status, 200);
  assert.equal(onlyResponse(`HTTP/1.1 200\r\n${EMPTY}`).head.status, 200);
});

const withoutContent: readonly [rule: string, method: string, head: string, contentLength: number][] = [
  ['rule 1: HEAD with a length', 'HEAD', 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n', 9],
  ['rule 1: HEAD with chunked', 'HEAD', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n', -1],
  ['rule 1: HEAD with neither', 'HEAD', 'HTTP/1.1 200 OK\r\n\r\n', -1],
  ['rule 1: 204', 'GET', 'HTTP/1.1 204 No Content\r\n\r\n', -1],
  ['rule 1: 204 with a length', 'GET', 'HTTP/1.1 204 No Content\r\nContent-Length: 9\r\n\r\n', 9],
  ['rule 1: 204 with chunked', 'GET', 'HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n', -1],
  ['rule 1: 304 with a length', 'GET', 'HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n', 9],
];

for (const [rule, method, raw, contentLength] of withoutContent) {
  test(`§6.3 ${rule} has no content and leaves the connection usable`, () => {
    const { head, body } = onlyResponse(raw, method);
    assert.deepEqual(
      [head.framing, head.contentLength, body, head.keepAlive],
      [FRAMING_NONE, contentLength, '', true],
    );
  });
}

for (const fields of [
  '',
  'Upgrade: x\r\n',
  'Connection: upgrade\r\n',
  'Connection: close\r\nUpgrade: x\r\n',
]) {
  test(`RFC 9110 §15.2.2 101 with ${JSON.stringify(fields)} is refused: it may be a tunnel or an interim response`, () => {
    assert.equal(
      responseError(`HTTP/1.1 101 Switching Protocols\r\n${fields}\r\nabc`),
      'upgrade_missing 502',
    );
  });
}

test('§6.3 a length frames the content', () => {
  const { head, body } = onlyResponse('HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc');
  assert.deepEqual([head.framing, head.contentLength, body], [FRAMING_LENGTH, 3, 'abc']);
});

test('§7.1 chunked content with trailers', () => {
  const { head, body, trailers } = onlyResponse(
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nServer-Timing: a\r\n\r\n',
  );
  assert.deepEqual([head.framing, body, trailers], [FRAMING_CHUNKED, 'abc', ['server-timing', 'a']]);
});

test('§6.3 rule 8: without length and coding the content lasts until the close', () => {
  const raw = 'HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK\r\n\r\n';
  const { head, body } = onlyResponse(raw, 'GET', { ended: true });
  assert.deepEqual(
    [head.framing, head.keepAlive, body],
    [FRAMING_UNTIL_CLOSE, false, 'HTTP/1.1 200 OK\r\n\r\n'],
  );
  assert.equal(decodeResponses(['GET'], cut(raw, [])).messages[0]?.complete, false);
});

for (const [name, fields] of [
  ['a list of equal lengths', 'Content-Length: 3, 3'],
  ['equal lengths on two lines', 'Content-Length: 3\r\nContent-Length: 3'],
  ['lists of equal lengths on two lines', 'Content-Length: 3,3\r\nX: y\r\nContent-Length: 03 , 3'],
] as const) {
  test(`RFC 9110 §8.6 ${name} are one number`, () => {
    const { head, body } = onlyResponse(`HTTP/1.1 200 OK\r\n${fields}\r\n\r\nabc`);
    assert.deepEqual([head.contentLength, valuesOf(head.headers, 'content-length'), body], [3, ['3'], 'abc']);
  });
}

test('blanks between chunk size and line end are passed over', () => {
  const { body } = onlyResponse(
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2   \r\nab\r\n1\t\r\nc\r\n0 \r\n\r\n',
  );
  assert.equal(body, 'abc');
});

test('RFC 9110 §6.5.1 a trailer that may only stand in a head is dropped, and the content kept', () => {
  const { body, trailers } = onlyResponse(
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nContent-Length: 1\r\nX-Sum: 1\r\nSet-Cookie: a\r\n\r\n',
  );
  assert.deepEqual([body, trailers], ['abc', ['x-sum', '1']]);
});

for (const [value, wanted] of [
  ['timeout=5', 5000],
  ['max=100, TIMEOUT = 7', 7000],
  ['timeout=0', 0],
  ['timeout=soon', -1],
  ['max=100', -1],
  ['timeout=99999999999', -1],
  ['', -1],
] as const) {
  test(`Keep-Alive: ${value || '(empty)'} tells ${wanted} ms`, () => {
    const { head } = onlyResponse(`HTTP/1.1 200 OK\r\nKeep-Alive: ${value}\r\n${EMPTY}`);
    assert.equal(head.idleTimeoutMs, wanted);
  });
}

test('RFC 9110 §15.2 interim responses come before the final one', () => {
  const raw = `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\nHTTP/1.1 200 OK\r\n${EMPTY}`;
  const account = decodeResponses(['GET'], cut(raw, []));
  assert.deepEqual(
    account.informational.map(({ status, headers }) => [status, headers]),
    [
      [100, []],
      [103, ['link', 'a']],
    ],
  );
  assert.deepEqual([account.messages[0]?.head.status, account.error], [200, '']);
});

test('RFC 9110 §15.2 interim responses without end are refused', () => {
  const raw = 'HTTP/1.1 100 Continue\r\n\r\n'.repeat(4);
  const account = decodeResponses(['GET'], cut(raw, []), { limits: { informationalBytes: 3 * 256 } });
  assert.deepEqual([account.informational.length, account.error], [3, 'too_many_informational 502']);
});

test('the count of interim responses starts anew with each response', () => {
  const raw = `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n${EMPTY}`;
  const account = decodeResponses(['GET', 'GET'], cut(raw + raw, []), {
    limits: { informationalBytes: 256 },
  });
  assert.deepEqual([account.messages.length, account.error], [2, '']);
});

test('a close after interim responses alone is told as truncated', () => {
  const account = decodeResponses(['GET'], cut('HTTP/1.1 100 Continue\r\n\r\n', []), { ended: true });
  assert.equal(account.error, 'truncated 502');
});

const persistence: readonly [raw: string, keepAlive: boolean][] = [
  [`HTTP/1.1 200 OK\r\n${EMPTY}`, true],
  [`HTTP/1.1 200 OK\r\nConnection: close\r\n${EMPTY}`, false],
  [`HTTP/1.0 200 OK\r\n${EMPTY}`, false],
  [`HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\n${EMPTY}`, true],
];

for (const [raw, keepAlive] of persistence) {
  test(`§9.3 ${JSON.stringify(raw)} persists: ${keepAlive}`, () => {
    assert.equal(onlyResponse(raw).head.keepAlive, keepAlive);
  });
}

for (const [method, raw] of [
  ['GET', 'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\nHTTP/1.1 200'],
  ['CONNECT', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nHTTP/1.1 200'],
] as const) {
  test(`RFC 9110 §15.2.2, §9.3.6 bytes after a tunnel's answer to ${method} are only given by takeRest()`, () => {
    const decoder = new ResponseDecoder(DEFAULT_HTTP1_LIMITS);
    decoder.expect(method);
    decoder.receive(Buffer.from(raw));
    assert.deepEqual(
      [decoder.next(), decoder.head.framing, decoder.head.keepAlive],
      [HEAD, FRAMING_NONE, false],
    );
    assert.equal(decoder.next(), NEED_DATA);
    assert.equal(decoder.takeRest().toString(), 'HTTP/1.1 200');
    assert.equal(decoder.idle, false);
    decoder.finish();
  });
}

test('RFC 9110 §9.3.6 a refused CONNECT is a response like any other', () => {
  const { head, body } = onlyResponse('HTTP/1.1 403 No\r\nContent-Length: 2\r\n\r\nno', 'CONNECT');
  assert.deepEqual([head.framing, body], [FRAMING_LENGTH, 'no']);
});

test('§9.3.2 responses answer requests in order, framed by their methods', () => {
  const raw = `HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc`;
  const { messages, error } = decodeResponses(['HEAD', 'GET'], cut(raw, []));
  assert.deepEqual([messages.map(({ body }) => body), error], [['', 'abc'], '']);
});

test('idle is true only when every request was answered and nothing else came', () => {
  const decoder = new ResponseDecoder(DEFAULT_HTTP1_LIMITS);
  assert.equal(decoder.idle, true);
  decoder.expect('GET');
  assert.equal(decoder.idle, false);
  decoder.receive(Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na'));
  assert.deepEqual([decoder.next(), decoder.next(), decoder.idle], [HEAD, BODY, false]);
  assert.deepEqual([decoder.next(), decoder.idle], [END, true]);
  decoder.receive(Buffer.from('x'));
  assert.equal(decoder.idle, false);
});

test('a close of an idle connection is no error', () => {
  new ResponseDecoder(DEFAULT_HTTP1_LIMITS).finish();
});

for (const raw of [
  '',
  'HTTP/1.1 20',
  'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n',
  'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\na',
  'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n',
  'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n',
]) {
  test(`§8 a close after ${JSON.stringify(raw)} is told as truncated`, () => {
    const account = decodeResponses(['GET'], cut(raw, []), { ended: true });
    assert.equal(account.error, 'truncated 502');
    assert.equal(account.messages[0]?.complete ?? false, false);
  });
}

test('a response error is an Http1Error with status 502 every time', () => {
  const decoder = new ResponseDecoder(DEFAULT_HTTP1_LIMITS);
  decoder.receive(Buffer.from('x'));
  for (let time = 0; time < 2; time += 1) {
    assert.throws(
      () => decoder.next(),
      (error) => error instanceof Http1Error && error.status === 502,
    );
  }
});
