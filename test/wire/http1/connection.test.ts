/** One connection's life on the server side: pipelining, persistence, upgrade, tunnels, and the peer's close. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Http1Error } from '../../../proxy/wire/http1/error.js';
import { BODY, DEFAULT_HTTP1_LIMITS, END, HEAD, NEED_DATA } from '../../../proxy/wire/http1/events.js';
import { RequestDecoder } from '../../../proxy/wire/http1/request-decoder.js';
import { cut, decodeRequests, onlyRequest } from './decoding.js';

const GET = 'GET / HTTP/1.1\r\nHost: a\r\n';

function received(raw: string): RequestDecoder {
  const decoder = new RequestDecoder(DEFAULT_HTTP1_LIMITS);
  decoder.receive(Buffer.from(raw, 'latin1'));
  return decoder;
}

function isTruncated(error: unknown): boolean {
  return error instanceof Http1Error && error.code === 'truncated';
}

test('RFC 9112 §9.3.2 pipelined requests come in order, each with a head of its own', () => {
  const post = 'POST /2 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n';
  const put = 'PUT /3 HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nho';
  const { messages, error } = decodeRequests(cut(`${GET}\r\n${post}\r\n${put}${GET}\r\n`, []));
  assert.equal(error, '');
  assert.deepEqual(
    messages.map(({ head, body, complete }) => [head.method, head.path, body, complete]),
    [
      ['GET', '/', '', true],
      ['POST', '/2', 'hi', true],
      ['PUT', '/3', 'ho', true],
      ['GET', '/', '', true],
    ],
  );
  assert.notEqual(messages[0]?.head.headers, messages[3]?.head.headers);
});

/** The field lists of the requests that one connection reads, each from a chunk of its own. */
function listsOf(...requests: readonly string[]): (readonly string[])[] {
  return decodeRequests(requests.map((text) => Buffer.from(text, 'latin1'))).messages.map(
    ({ head }) => head.headers,
  );
}

test('fields that repeat beneath another request line are the same list', () => {
  const fields = 'Host: a\r\nCookie: b=c\r\n\r\n';
  const lists = listsOf(`GET /1 HTTP/1.1\r\n${fields}`, `POST /2?x HTTP/1.0\r\n${fields}`);
  assert.equal(lists[0], lists[1]);
  assert.deepEqual(lists[0], ['host', 'a', 'cookie', 'b=c']);
});

for (const [what, second] of [
  ['a value', 'Host: a\r\nCookie: b=d\r\n\r\n'],
  ['the case of a name', 'Host: a\r\ncookie: b=c\r\n\r\n'],
  ['one more field', 'Host: a\r\nCookie: b=c\r\nx: y\r\n\r\n'],
  ['one less', 'Host: a\r\n\r\n'],
] as const) {
  test(`fields that differ in ${what} are another list`, () => {
    const lists = listsOf('GET / HTTP/1.1\r\nHost: a\r\nCookie: b=c\r\n\r\n', `GET / HTTP/1.1\r\n${second}`);
    assert.notEqual(lists[0], lists[1]);
    assert.deepEqual(lists[1], listsOf(`GET / HTTP/1.1\r\n${second}`)[0]);
  });
}

test('what is judged by the request line is judged anew beneath fields that repeat', () => {
  const decode = (...lines: readonly string[]): string =>
    decodeRequests(lines.map((line) => Buffer.from(`${line}\r\nContent-Length: 2\r\nHost: a\r\n\r\nhi`)))
      .error;
  assert.equal(decode('PUT / HTTP/1.1', 'PUT /2 HTTP/1.1'), '');
  assert.equal(decode('PUT / HTTP/1.1', 'CONNECT a:1 HTTP/1.1'), 'connect_content 400');
});

test('a target with an authority of its own leaves the fields that repeat as they are', () => {
  const fields = 'Host: a\r\n\r\n';
  const [first, other, third] = listsOf(
    `GET / HTTP/1.1\r\n${fields}`,
    `GET http://b/ HTTP/1.1\r\n${fields}`,
    `GET / HTTP/1.1\r\n${fields}`,
  );
  assert.deepEqual(
    [first, other, third],
    [
      ['host', 'a'],
      ['host', 'b'],
      ['host', 'a'],
    ],
  );
});

test('a long head is not kept, and a short one not for long', () => {
  const long = `GET / HTTP/1.1\r\nHost: a\r\nx: ${'y'.repeat(5000)}\r\n\r\n`;
  const lists = listsOf(long, long);
  assert.notEqual(lists[0], lists[1]);
  const decoder = received(`${GET}\r\n`);
  const kept: (readonly string[])[] = [];
  for (let round = 0; round < 3; round += 1) {
    assert.equal(decoder.next(), HEAD);
    kept.push(decoder.head.headers);
    assert.equal(decoder.next(), END);
    assert.equal(decoder.next(), NEED_DATA);
    if (round === 1) for (let call = 0; call < 20; call += 1) decoder.ageFields();
    decoder.receive(Buffer.from(`${GET}\r\n`));
  }
  assert.equal(kept[0], kept[1]);
  assert.notEqual(kept[1], kept[2]);
  assert.deepEqual(kept[1], kept[2]);
});

const persistence: readonly [version: string, connection: string, keepAlive: boolean][] = [
  ['1.1', '', true],
  ['1.1', 'Connection: keep-alive\r\n', true],
  ['1.1', 'Connection: Close\r\n', false],
  ['1.1', 'Connection: x, close\r\n', false],
  ['1.1', 'Connection: x\r\nConnection: CLOSE\r\n', false],
  ['1.1', 'Connection: keep-alive, close\r\n', false],
  ['1.1', 'Connection: closed\r\n', true],
  ['1.0', '', false],
  ['1.0', 'Connection: Keep-Alive\r\n', true],
  ['1.0', 'Connection: keep-alive, close\r\n', false],
];

for (const [version, connection, keepAlive] of persistence) {
  test(`RFC 9112 §9.3 HTTP/${version} ${JSON.stringify(connection)} persists: ${keepAlive}`, () => {
    const { head } = onlyRequest(`GET / HTTP/${version}\r\nHost: a\r\n${connection}\r\n`);
    assert.equal(head.keepAlive, keepAlive);
  });
}

test('RFC 9112 §9.6 nothing is read after a request that closes', () => {
  const { messages, error } = decodeRequests(cut(`${GET}Connection: close\r\n\r\n${GET}\r\n\0`, [10, 60]));
  assert.deepEqual([messages.length, error], [1, '']);
});

const upgrades: readonly [version: string, fields: string, upgrade: string][] = [
  ['1.1', 'Connection: Upgrade\r\nUpgrade: WebSocket\r\n', 'websocket'],
  ['1.1', 'Connection: keep-alive, upgrade\r\nUpgrade: websocket\r\n', 'websocket'],
  ['1.1', 'Connection: upgrade\r\nUpgrade: a/1\r\nUpgrade: b\r\n', 'a/1, b'],
  ['1.1', 'Connection: upgrade\r\nUpgrade:\r\n', ''],
  ['1.1', 'Connection: keep-alive\r\nUpgrade: websocket\r\n', ''],
  ['1.1', 'Upgrade: websocket\r\n', ''],
  ['1.0', 'Connection: upgrade\r\nUpgrade: websocket\r\n', ''],
];

for (const [version, fields, upgrade] of upgrades) {
  test(`RFC 9110 §7.8 HTTP/${version} ${JSON.stringify(fields)} upgrades to "${upgrade}"`, () => {
    assert.equal(onlyRequest(`GET / HTTP/${version}\r\nHost: a\r\n${fields}\r\n`).head.upgrade, upgrade);
  });
}

const expectations: readonly [version: string, expect: string, waits: boolean][] = [
  ['1.1', '100-continue', true],
  ['1.1', '100-Continue', true],
  ['1.1', 'x, 100-continue', true],
  ['1.1', '100-continued', false],
  ['1.0', '100-continue', false],
];

for (const [version, expect, waits] of expectations) {
  test(`RFC 9110 §10.1.1 HTTP/${version} "Expect: ${expect}" waits: ${waits}`, () => {
    const { head } = onlyRequest(`GET / HTTP/${version}\r\nHost: a\r\nExpect: ${expect}\r\n\r\n`);
    assert.equal(head.expectContinue, waits);
  });
}

test('bytes after the head of a tunnel are given out unread', () => {
  const decoder = received('CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n\x16\x03');
  assert.equal(decoder.next(), HEAD);
  assert.equal(decoder.pendingBytes, 2);
  assert.equal(decoder.takeRest().toString('latin1'), '\x16\x03');
  assert.equal(decoder.pendingBytes, 0);
  assert.equal(decoder.next(), NEED_DATA);
  decoder.finish();
});

test('what a tunnel receives later is never read as a request', () => {
  const decoder = received(`${GET}Connection: upgrade\r\nUpgrade: x\r\n\r\n`);
  assert.equal(decoder.next(), HEAD);
  assert.equal(decoder.takeRest().length, 0);
  decoder.receive(Buffer.from(`${GET}\r\n`));
  assert.equal(decoder.next(), NEED_DATA);
  assert.equal(decoder.takeRest().toString(), `${GET}\r\n`);
});

test('a content that is the whole chunk is handed out without a copy', () => {
  const decoder = received('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\n');
  assert.deepEqual([decoder.next(), decoder.next()], [HEAD, NEED_DATA]);
  const chunk = Buffer.from('abcdef');
  decoder.receive(chunk);
  assert.equal(decoder.next(), BODY);
  assert.equal(decoder.body, chunk);
});

test('a content beside other bytes is handed out as a view', () => {
  const chunk = Buffer.from('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nabGET');
  const decoder = new RequestDecoder(DEFAULT_HTTP1_LIMITS);
  decoder.receive(chunk);
  assert.deepEqual([decoder.next(), decoder.next()], [HEAD, BODY]);
  assert.equal(decoder.body.toString(), 'ab');
  assert.equal(decoder.body.buffer, chunk.buffer);
});

test('a pipelined request survives its chunk after keepUnread()', () => {
  const chunk = Buffer.from(`${GET}\r\nPUT / HTTP/1.1\r\nHost: b\r\n\r\n`);
  const decoder = new RequestDecoder(DEFAULT_HTTP1_LIMITS);
  decoder.receive(chunk);
  assert.deepEqual([decoder.next(), decoder.next()], [HEAD, END]);
  decoder.keepUnread();
  chunk.fill(0);
  assert.equal(decoder.next(), HEAD);
  assert.deepEqual([decoder.head.method, decoder.head.authority], ['PUT', 'b']);
});

test('chunks received without pulling are read in order', () => {
  const decoder = received('POST / HTTP/1.1\r\nHost: a\r\n');
  for (const piece of cut('Content-Length: 6\r\n\r\nabcdef', [3, 10, 19, 22])) decoder.receive(piece);
  assert.deepEqual([decoder.next(), decoder.next()], [HEAD, BODY]);
  assert.equal(decoder.body.toString(), 'abcdef');
  assert.equal(decoder.next(), END);
});

test('idle is true only between requests with nothing pending', () => {
  const decoder = new RequestDecoder(DEFAULT_HTTP1_LIMITS);
  assert.equal(decoder.idle, true);
  decoder.receive(Buffer.from('GET'));
  assert.equal(decoder.idle, false);
  assert.equal(decoder.next(), NEED_DATA);
  assert.equal(decoder.idle, false);
  decoder.receive(Buffer.from(' / HTTP/1.1\r\nHost: a\r\n\r\n'));
  assert.equal(decoder.next(), HEAD);
  assert.equal(decoder.idle, false);
  assert.equal(decoder.next(), END);
  assert.equal(decoder.idle, true);
});

test('an idle connection lets go of the last head', () => {
  const decoder = received(`${GET}\r\n`);
  assert.equal(decoder.next(), HEAD);
  const { head } = decoder;
  assert.deepEqual([decoder.next(), decoder.head], [END, head]);
  assert.equal(decoder.next(), NEED_DATA);
  assert.deepEqual([decoder.head.headers, head.headers], [[], ['host', 'a']]);
});

test('a close between requests is no error', () => {
  const decoder = received(`${GET}\r\n`);
  decoder.finish();
  assert.deepEqual([decoder.next(), decoder.next(), decoder.next()], [HEAD, END, NEED_DATA]);
});

test('a close after an empty line is no error', () => {
  assert.equal(decodeRequests(cut(`${GET}\r\n\r\n`, []), { ended: true }).error, '');
});

const cutShort: readonly [name: string, raw: string][] = [
  ['a request line', 'GET / HT'],
  ['a head', GET],
  ['a content of known length', `${GET}Content-Length: 3\r\n\r\nab`],
  ['a content not begun', `${GET}Content-Length: 3\r\n\r\n`],
  ['a chunk size', `${GET}Transfer-Encoding: chunked\r\n\r\n1`],
  ['a chunk', `${GET}Transfer-Encoding: chunked\r\n\r\n3\r\nab`],
  ['a chunk end', `${GET}Transfer-Encoding: chunked\r\n\r\n1\r\na\r`],
  ['a chunked content without last chunk', `${GET}Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n`],
  ['a trailer section', `${GET}Transfer-Encoding: chunked\r\n\r\n0\r\nX: y\r\n`],
];

for (const [name, raw] of cutShort) {
  test(`RFC 9112 §8 a close within ${name} is told as truncated`, () => {
    const account = decodeRequests(cut(raw, []), { ended: true });
    assert.equal(account.error, 'truncated 400');
    assert.equal(account.messages[0]?.complete ?? false, false);
  });
}

test('a close is told only after what came before it was pulled', () => {
  const decoder = received(`${GET}\r\nGET /cut`);
  decoder.finish();
  assert.deepEqual([decoder.next(), decoder.next()], [HEAD, END]);
  assert.throws(() => decoder.next(), isTruncated);
});

test('after an error every next() throws it again and nothing is kept', () => {
  const decoder = received(`${GET} fold\r\n\r\n`);
  assert.throws(() => decoder.next(), Http1Error);
  decoder.receive(Buffer.from(`${GET}\r\n`));
  assert.throws(
    () => decoder.next(),
    (error) => error instanceof Http1Error && error.code === 'obs_fold',
  );
  assert.equal(decoder.pendingBytes, 0);
  decoder.finish();
});
