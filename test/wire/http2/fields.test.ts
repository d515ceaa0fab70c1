/** Which requests are malformed, and what a well-formed one is told as (RFC 9113 §8.1 to §8.5, RFC 8441, RFC 9218 §4). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as events from '../../../proxy/wire/http2/events.js';
import {
  data,
  errorsOf,
  frame,
  GET,
  headers,
  literalBlock,
  POST,
  TestPeer,
  uint32,
} from '../../support/http2-frames.js';

/** `GET` without the pseudo field of that name. */
function without(name: string): string[] {
  const at = GET.indexOf(name);
  return [...GET.slice(0, at), ...GET.slice(at + 2)];
}

/** `GET` with another value for a pseudo field. */
function withValue(name: string, value: string): string[] {
  return GET.map((item, i) => (GET[i - 1] === name ? value : item));
}

const CONNECT = [':method', 'CONNECT', ':authority', 'example.test:443'];
const WEBSOCKET = [...withValue(':method', 'CONNECT'), ':protocol', 'websocket'];

const MALFORMED: [name: string, fields: string[]][] = [
  ['8.2.1: an upper-case name', [...GET, 'X-A', '1']],
  ['8.2.1: an empty name', [...GET, '', '1']],
  ['8.2.1: a space in a name', [...GET, 'x a', '1']],
  ['8.2.1: a colon in a name', [...GET, 'x:a', '1']],
  ['8.2.1: a name above ASCII', [...GET, 'x\xe9', '1']],
  ['8.2.1: CR in a value', [...GET, 'x', 'a\rb']],
  ['8.2.1: LF in a value', [...GET, 'x', 'a\nb']],
  ['8.2.1: CR LF that would add a field', [...GET, 'x', 'a\r\nhost: b']],
  ['8.2.1: NUL in a value', [...GET, 'x', 'a\0b']],
  ['8.2.1: DEL in a value', [...GET, 'x', 'a\x7fb']],
  ['8.2.1: a leading space', [...GET, 'x', ' a']],
  ['8.2.1: a trailing tab', [...GET, 'x', 'a\t']],
  ['8.2.2: connection', [...GET, 'connection', 'close']],
  ['8.2.2: keep-alive', [...GET, 'keep-alive', '1']],
  ['8.2.2: proxy-connection', [...GET, 'proxy-connection', 'close']],
  ['8.2.2: transfer-encoding', [...POST, 'transfer-encoding', 'chunked']],
  ['8.2.2: upgrade', [...GET, 'upgrade', 'websocket']],
  ['8.2.2: te other than trailers', [...GET, 'te', 'trailers, deflate']],
  ['8.3: an unknown pseudo field', [...GET, ':test', 'a']],
  ['8.3: a pseudo field of responses', [...GET, ':status', '200']],
  ['8.3: a pseudo field after a regular one', [...without(':path'), 'x', '1', ':path', '/']],
  ['8.3: a pseudo field after host', ['host', 'example.test', ...GET]],
  ['8.3: an empty name after the colon', [...GET, ':', '1']],
  ['8.3.1: no :method', without(':method')],
  ['8.3.1: no :scheme', without(':scheme')],
  ['8.3.1: no :path', without(':path')],
  ['8.3.1: neither :authority nor host', without(':authority')],
  ['8.3.1: two :method', [':method', 'GET', ...GET]],
  ['8.3.1: two :scheme', [':scheme', 'https', ...GET]],
  ['8.3.1: two :path', [':path', '/', ...GET]],
  ['8.3.1: two :authority', [':authority', 'example.test', ...GET]],
  ['8.3.1: an empty :path', withValue(':path', '')],
  ['8.3.1: a :path without a slash', withValue(':path', 'a')],
  ['8.3.1: an absolute :path', withValue(':path', 'https://example.test/')],
  ['8.3.1: a fragment', withValue(':path', '/a#b')],
  ['8.3.1: a space in :path', withValue(':path', '/a b')],
  ['8.3.1: a request line in :path', withValue(':path', '/ HTTP/1.1\r\nx: y')],
  ['8.3.1: a :path above ASCII', withValue(':path', '/\xe9')],
  ['8.3.1: * for another method than OPTIONS', withValue(':path', '*')],
  ['8.3.1: an empty :method', withValue(':method', '')],
  ['8.3.1: a space in :method', withValue(':method', 'GET /x')],
  ['8.3.1: another :scheme', withValue(':scheme', 'ftp')],
  ['8.3.1: an empty :authority', withValue(':authority', '')],
  ['8.3.1: userinfo', withValue(':authority', 'user@example.test')],
  ['8.3.1: a path in :authority', withValue(':authority', 'example.test/x')],
  ['8.3.1: two hosts in :authority', withValue(':authority', 'a.test,b.test')],
  ['8.3.1: a port that is none', withValue(':authority', 'example.test:65536')],
  ['8.3.1: port 0', withValue(':authority', 'example.test:0')],
  ['8.3.1: an address with nine groups', withValue(':authority', '[1:2:3:4:5:6:7:8:9]')],
  ['8.3.1: a port of letters', withValue(':authority', 'example.test:a')],
  ['8.3.1: two ports', withValue(':authority', 'example.test:1:2')],
  ['8.3.1: a bracket left open', withValue(':authority', '[::1')],
  ['8.3.1: a bracket with a name', withValue(':authority', '[example.test]')],
  ['8.3.1: host that contradicts :authority', [...GET, 'host', 'other.test']],
  ['8.3.1: host with another port', [...GET, 'host', 'example.test:80']],
  ['8.3.1: two host', [...GET, 'host', 'example.test', 'host', 'example.test']],
  ['8.3.1: host with userinfo alone', [...without(':authority'), 'host', 'a@b']],
  ['8.5: CONNECT with :scheme', [...CONNECT, ':scheme', 'https']],
  ['8.5: CONNECT with :path', [...CONNECT, ':path', '/']],
  ['8.5: CONNECT without a port', [':method', 'CONNECT', ':authority', 'example.test']],
  ['8.5: CONNECT without :authority', [':method', 'CONNECT', 'host', 'example.test:443']],
  ['8.5: CONNECT with a length', [...CONNECT, 'content-length', '0']],
  ['RFC 8441 4: :protocol without CONNECT', [...GET, ':protocol', 'websocket']],
  ['RFC 8441 4: :protocol without :path', WEBSOCKET.filter((_, i) => i !== 6 && i !== 7)],
  ['RFC 8441 4: an empty :protocol', [...withValue(':method', 'CONNECT'), ':protocol', '']],
  ['RFC 8441 4: a length on a tunnel', [...WEBSOCKET, 'content-length', '5']],
  ['8.1.1: a length that is no number', [...POST, 'content-length', '+5']],
  ['8.1.1: an empty length', [...POST, 'content-length', '']],
  ['8.1.1: a list of lengths', [...POST, 'content-length', '5, 5']],
  ['8.1.1: two lengths', [...POST, 'content-length', '5', 'content-length', '5']],
  ['8.1.1: a length above 2^53-1', [...POST, 'content-length', '9007199254740992']],
];

for (const [name, fields] of MALFORMED) {
  test(`${name}: malformed`, () => {
    const peer = TestPeer.established();
    assert.deepEqual(peer.send(headers(1, fields, false)), []);
    assert.deepEqual(errorsOf(peer.frames()), ['RST_STREAM 1 1']);
    assert.equal(peer.send(headers(3, GET)).at(-1)?.kind, events.REQUEST, 'the connection goes on');
  });
}

test('8.1.1: a length above 0 and no body: malformed', () => {
  const peer = TestPeer.established();
  peer.send(headers(1, [...POST, 'content-length', '1'], true));
  assert.deepEqual(errorsOf(peer.frames()), ['RST_STREAM 1 1']);
});

test('a list that is malformed right after a good one like it is not taken for it', () => {
  const peer = TestPeer.established();
  peer.send(headers(1, [...GET, 'x-a', 'good', 'x-b', 'good']));
  peer.send(
    headers(3, [...GET, 'x-a', 'bad\n', 'x-b', 'good']),
    headers(5, [...GET, 'x-a', 'good', 'X-B', 'good']),
  );
  peer.send(headers(7, [...GET, 'x-a', 'bad\n', 'x-b', 'good']));
  assert.deepEqual(errorsOf(peer.frames()), ['RST_STREAM 3 1', 'RST_STREAM 5 1', 'RST_STREAM 7 1']);
});

const WELL_FORMED: [name: string, fields: string[], expected: Record<string, unknown>][] = [
  [
    'a plain GET',
    GET,
    {
      method: 'GET',
      scheme: 'https',
      authority: 'example.test',
      path: '/',
      headers: [],
      contentLength: -1,
      protocol: '',
      urgency: 3,
      incremental: false,
      tooLarge: false,
    },
  ],
  ['a query', withValue(':path', '/a?b=%20&c'), { path: '/a?b=%20&c' }],
  [
    'OPTIONS *',
    withValue(':path', '*').map((item) => (item === 'GET' ? 'OPTIONS' : item)),
    { method: 'OPTIONS', path: '*' },
  ],
  [
    'a token of odd characters as method',
    withValue(':method', "M-!#$%&'*+.^_`|~9"),
    { method: "M-!#$%&'*+.^_`|~9" },
  ],
  ['an IPv6 authority', withValue(':authority', '[2001:db8::1]:8443'), { authority: '[2001:db8::1]:8443' }],
  ['an underscore in the authority', withValue(':authority', 'a_b.test'), { authority: 'a_b.test' }],
  [
    'host for :authority',
    [...without(':authority'), 'host', 'example.test:81', 'x', 'y'],
    { authority: 'example.test:81', headers: ['x', 'y'] },
  ],
  [
    'host that agrees but for case and default port',
    [...GET, 'host', 'EXAMPLE.test:443'],
    { authority: 'example.test', headers: [] },
  ],
  [
    'cookie crumbs joined at the place of the first',
    [...GET, 'cookie', 'a=1', 'x', 'y', 'cookie', 'b=2', 'cookie', 'c=3'],
    { headers: ['cookie', 'a=1; b=2; c=3', 'x', 'y'] },
  ],
  [
    'empty cookie crumbs that leave no blank at an end of the joined value',
    [...GET, 'cookie', '', 'cookie', 'a=1', 'cookie', '', 'cookie', 'b=2', 'cookie', ''],
    { headers: ['cookie', 'a=1; b=2'] },
  ],
  ['te: trailers', [...GET, 'te', 'trailers'], { headers: ['te', 'trailers'] }],
  [
    'an empty value, a tab and octets above ASCII inside',
    [...GET, 'x', '', 'y', 'a\tb \xff'],
    { headers: ['x', '', 'y', 'a\tb \xff'] },
  ],
  [
    'a repeated field in order',
    [...GET, 'x', '1', 'y', '2', 'x', '3'],
    { headers: ['x', '1', 'y', '2', 'x', '3'] },
  ],
  ['a length', [...POST, 'content-length', '12'], { contentLength: 12, headers: ['content-length', '12'] }],
  [
    'a priority',
    [...GET, 'priority', 'u=1, i'],
    { urgency: 1, incremental: true, headers: ['priority', 'u=1, i'] },
  ],
  [
    'a priority with parameters, unknown members and blanks',
    [...GET, 'priority', 'x=9;u=2,u=6;q=1 ,  i=?0'],
    { urgency: 6, incremental: false },
  ],
  ['a priority out of range', [...GET, 'priority', 'u=8, i=2'], { urgency: 3, incremental: false }],
  [
    'CONNECT',
    CONNECT,
    { method: 'CONNECT', authority: 'example.test:443', scheme: '', path: '', protocol: '' },
  ],
  [
    'RFC 8441 CONNECT',
    WEBSOCKET,
    { method: 'CONNECT', protocol: 'websocket', scheme: 'https', path: '/', authority: 'example.test' },
  ],
];

for (const [name, fields, expected] of WELL_FORMED) {
  test(`${name}: well-formed`, () => {
    const peer = TestPeer.established();
    peer.connection.receive(headers(1, fields, false), 1);
    assert.equal(peer.connection.next(), events.REQUEST);
    const head: object = peer.connection.head;
    const told = new Map(Object.entries(head));
    for (const [member, value] of Object.entries(expected)) assert.deepEqual(told.get(member), value, member);
  });
}

for (const [name, fields] of [
  ['a pseudo field', [':path', '/']],
  ['an upper-case name', ['X-A', '1']],
  ['a value with LF', ['x', 'a\nb']],
  ['content-length', ['content-length', '3']],
  ['transfer-encoding', ['transfer-encoding', 'chunked']],
  ['host', ['host', 'a']],
  ['authorization', ['authorization', 'a']],
  ['connection', ['connection', 'close']],
] satisfies [string, string[]][]) {
  test(`8.1: trailers with ${name} reset the stream`, () => {
    const peer = TestPeer.established();
    const told = peer.send(headers(1, POST, false), data(1, 'abc'), headers(1, fields));
    assert.deepEqual(
      told.map((event) => event.kind),
      [events.REQUEST, events.DATA, events.RESET],
    );
    assert.equal(told[2]?.errorCode, 1);
    assert.equal(peer.connection.resetByPeer, false);
    assert.deepEqual(errorsOf(peer.frames()), ['RST_STREAM 1 1']);
  });
}

test('8.1: trailers end the request', () => {
  const peer = TestPeer.established();
  const told = peer.send(headers(1, POST, false), data(1, 'abc'), headers(1, ['x-sum', '9']));
  assert.deepEqual(told[2], {
    kind: events.TRAILERS,
    streamId: 1,
    errorCode: 0,
    endStream: true,
    path: '',
    headers: ['x-sum', '9'],
    text: '',
  });
});

test('8.1: a second field block that does not end the stream resets it', () => {
  const peer = TestPeer.established();
  peer.send(headers(1, POST, false), headers(1, ['x', 'y'], false));
  assert.deepEqual(errorsOf(peer.frames()), ['RST_STREAM 1 1']);
});

test('8.5: trailers on a tunnel reset it', () => {
  const peer = TestPeer.established();
  peer.send(headers(1, WEBSOCKET, false), headers(1, ['x', 'y']));
  assert.deepEqual(errorsOf(peer.frames()), ['RST_STREAM 1 1']);
});

for (const [name, length, sent] of [
  ['a body longer than declared', '2', [data(1, 'abc')]],
  ['a second frame too much', '3', [data(1, 'ab'), data(1, 'cd')]],
  ['a body shorter than declared', '4', [data(1, 'abc', true)]],
  ['trailers before the body is complete', '4', [data(1, 'abc'), headers(1, ['x', 'y'])]],
] satisfies [string, string, Buffer[]][]) {
  test(`8.1.1: ${name} resets the stream and is never told as the end`, () => {
    const peer = TestPeer.established();
    const told = peer.send(headers(1, [...POST, 'content-length', length], false), ...sent);
    assert.equal(told.at(-1)?.kind, events.RESET);
    assert.ok(told.every((event) => !event.endStream || event.kind === events.RESET));
    assert.deepEqual(errorsOf(peer.frames()), ['RST_STREAM 1 1']);
  });
}

test('8.1.1: padding does not count for the declared length', () => {
  const peer = TestPeer.established();
  const told = peer.send(headers(1, [...POST, 'content-length', '1'], false), frame(0, 9, 1, [1, 0x61, 0]));
  assert.deepEqual([told[1]?.text, told[1]?.endStream], ['a', true]);
});

test('10.5.1: a list over the limit is told as too large, keeps the field table right and can be answered', () => {
  const peer = TestPeer.established({ maxHeaderListBytes: 400 });
  const added = Buffer.concat([Buffer.from([0x40, 3]), Buffer.from('x-a'), Buffer.from([1, 0x31])]);
  const long = Buffer.concat([literalBlock([...GET, 'x-long', 'y'.repeat(500)]), added]);
  peer.connection.receive(frame(1, 5, 1, long), 1);
  assert.equal(peer.connection.next(), events.REQUEST);
  assert.equal(peer.connection.head.tooLarge, true);
  assert.deepEqual(peer.connection.head.headers, []);
  peer.connection.sendHeaders(1, 431, [], true);
  assert.deepEqual(peer.fieldsOf(peer.frames()[0]), [':status', '431']);
  const told = peer.send(frame(1, 5, 3, Buffer.concat([literalBlock(GET), Buffer.from([0xbe])])));
  assert.deepEqual(told[0]?.headers, ['x-a', '1']);
});

test('10.5.1: more fields than the limit are too large as well', () => {
  const peer = TestPeer.established({}, { maxFields: 10 });
  const many = Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? `x${i}` : '1'));
  peer.connection.receive(headers(1, [...GET, ...many]), 1);
  assert.equal(peer.connection.next(), events.REQUEST);
  assert.equal(peer.connection.head.tooLarge, true);
});

test('RFC 9218 7.1: PRIORITY_UPDATE before the request wins over its field', () => {
  const peer = TestPeer.established();
  const update = frame(0x10, 0, 0, Buffer.concat([uint32(1), Buffer.from('u=0')]));
  peer.connection.receive(Buffer.concat([update, headers(1, [...GET, 'priority', 'u=6, i'])]), 1);
  assert.equal(peer.connection.next(), events.REQUEST);
  assert.deepEqual([peer.connection.head.urgency, peer.connection.head.incremental], [0, false]);
});
