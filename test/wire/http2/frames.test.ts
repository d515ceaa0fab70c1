/** Frames, streams and their errors, by section of RFC 9113: each case sends bytes after the SETTINGS exchange. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as codes from '../../../proxy/wire/http2/codes.js';
import * as events from '../../../proxy/wire/http2/events.js';
import {
  data,
  errorsOf,
  frame,
  GET,
  headers,
  literalBlock,
  POST,
  PREFACE,
  ping,
  rstStream,
  settings,
  TestPeer,
  uint32,
  windowUpdate,
} from '../../support/http2-frames.js';

const block = literalBlock(GET);
const half = block.subarray(0, 10);
const rest = block.subarray(10);

/** What is sent, and the errors that must come back: exactly these, in this order. */
const CASES: [name: string, sent: Buffer[], errors: string[]][] = [
  [
    '4.1: a frame of an unknown type is ignored',
    [frame(0x16, 0xff, 0, Buffer.alloc(8)), headers(1, GET)],
    [],
  ],
  ['4.1: undefined flags are ignored', [frame(codes.FRAME_PING, 0x16, 0, Buffer.alloc(8))], []],
  ['4.1: the reserved bit is ignored', [frame(codes.FRAME_PING, 0, 0x8000_0000, Buffer.alloc(8))], []],
  ['4.2: DATA over the frame size', [headers(1, POST, false), frame(0, 0, 1, [], 16_385)], ['GOAWAY 6']],
  ['4.2: HEADERS over the frame size', [frame(1, 5, 1, [], 16_385)], ['GOAWAY 6']],
  ['4.3: a field block that does not decode', [frame(1, 5, 1, [0x80])], ['GOAWAY 9']],
  [
    '4.3: PRIORITY inside a field block',
    [frame(1, 1, 1, half), frame(2, 0, 1, Buffer.alloc(5))],
    ['GOAWAY 1'],
  ],
  [
    '4.3: HEADERS of another stream inside a field block',
    [frame(1, 1, 1, half), headers(3, GET)],
    ['GOAWAY 1'],
  ],
  ['4.3: an unknown frame inside a field block', [frame(1, 1, 1, half), frame(0x16, 0, 1)], ['GOAWAY 1']],
  ['5.1 idle: DATA', [data(1, 'x')], ['GOAWAY 1']],
  ['5.1 idle: RST_STREAM', [rstStream(1, 8)], ['GOAWAY 1']],
  ['5.1 idle: WINDOW_UPDATE', [windowUpdate(1, 1)], ['GOAWAY 1']],
  ['5.1 idle: CONTINUATION', [frame(9, 4, 1, block)], ['GOAWAY 1']],
  ['5.1 idle: PRIORITY is no error', [frame(2, 0, 1, [0, 0, 0, 3, 0]), headers(1, GET)], []],
  ['5.1 half-closed (remote): DATA', [headers(1, GET), data(1, 'x')], ['RST_STREAM 1 5']],
  ['5.1 half-closed (remote): HEADERS', [headers(1, GET), headers(1, ['a', 'b'])], ['RST_STREAM 1 5']],
  ['5.1 half-closed (remote): CONTINUATION', [headers(1, GET), frame(9, 4, 1, block)], ['GOAWAY 1']],
  ['5.1 half-closed (remote): WINDOW_UPDATE and PRIORITY', [headers(1, GET), windowUpdate(1, 1)], []],
  ['5.1 reset by the peer: DATA', [headers(1, POST, false), rstStream(1, 8), data(1, 'x')], ['GOAWAY 5']],
  [
    '5.1 reset by the peer: HEADERS',
    [headers(1, POST, false), rstStream(1, 8), headers(1, GET)],
    ['GOAWAY 5'],
  ],
  [
    '5.1 reset by the peer: WINDOW_UPDATE',
    [headers(1, POST, false), rstStream(1, 8), windowUpdate(1, 1)],
    [],
  ],
  ['5.1 reset by the peer: RST_STREAM', [headers(1, POST, false), rstStream(1, 8), rstStream(1, 8)], []],
  ['5.1.1: an even stream', [headers(2, GET)], ['GOAWAY 1']],
  ['5.1.1: stream 0', [headers(0, GET)], ['GOAWAY 1']],
  ['5.1.1: a smaller identifier', [headers(5, GET), headers(3, GET)], ['GOAWAY 1']],
  [
    '5.3.1: HEADERS that depend on themselves',
    [frame(1, 0x25, 1, Buffer.concat([uint32(1), Buffer.from([0]), block]))],
    ['RST_STREAM 1 1'],
  ],
  [
    '5.3.1: PRIORITY that depends on itself',
    [headers(1, GET), frame(2, 0, 1, [0, 0, 0, 1, 0])],
    ['RST_STREAM 1 1'],
  ],
  ['5.3.1: the same on an idle stream', [frame(2, 0, 3, [0, 0, 0, 3, 0])], ['GOAWAY 1']],
  ['6.1: DATA on stream 0', [data(0, 'x')], ['GOAWAY 1']],
  [
    '6.1: DATA with padding longer than itself',
    [headers(1, POST, false), frame(0, 8, 1, [4, 1, 2, 3])],
    ['GOAWAY 1'],
  ],
  ['6.1: DATA padded without a pad length', [headers(1, POST, false), frame(0, 8, 1)], ['GOAWAY 1']],
  ['6.2: HEADERS with padding longer than itself', [frame(1, 0x0d, 1, [250, ...block])], ['GOAWAY 1']],
  ['6.2: HEADERS too short for its flags', [frame(1, 0x2d, 1, [0, 0, 0])], ['GOAWAY 6']],
  ['6.3: PRIORITY on stream 0', [frame(2, 0, 0, [0, 0, 0, 1, 0])], ['GOAWAY 1']],
  ['6.3: PRIORITY of a wrong length', [headers(1, GET), frame(2, 0, 1, [0, 0, 0, 1])], ['RST_STREAM 1 6']],
  ['6.4: RST_STREAM on stream 0', [rstStream(0, 8)], ['GOAWAY 1']],
  ['6.4: RST_STREAM of a wrong length', [headers(1, GET), frame(3, 0, 1, [0, 0, 0])], ['GOAWAY 6']],
  ['6.5: SETTINGS acknowledgement with a payload', [frame(4, 1, 0, Buffer.alloc(6))], ['GOAWAY 6']],
  ['6.5: SETTINGS on a stream', [frame(4, 0, 1)], ['GOAWAY 1']],
  ['6.5: SETTINGS of a wrong length', [frame(4, 0, 0, Buffer.alloc(5))], ['GOAWAY 6']],
  ['6.5.2: ENABLE_PUSH of 2', [settings(2, 2)], ['GOAWAY 1']],
  ['6.5.2: INITIAL_WINDOW_SIZE above 2^31-1', [settings(4, 0x8000_0000)], ['GOAWAY 3']],
  ['6.5.2: MAX_FRAME_SIZE below 2^14', [settings(5, 16_383)], ['GOAWAY 1']],
  ['6.5.2: MAX_FRAME_SIZE above 2^24-1', [settings(5, 0x100_0000)], ['GOAWAY 1']],
  ['6.5.2: an unknown setting is ignored', [settings(0xfff, 1), headers(1, GET)], []],
  ['RFC 8441 3: ENABLE_CONNECT_PROTOCOL of 2', [settings(8, 2)], ['GOAWAY 1']],
  ['RFC 9218 2.1: NO_RFC7540_PRIORITIES of 2', [settings(9, 2)], ['GOAWAY 1']],
  ['RFC 9218 2.1: NO_RFC7540_PRIORITIES changed', [settings(9, 1)], ['GOAWAY 1']],
  ['6.6: PUSH_PROMISE', [headers(1, GET), frame(5, 4, 1, [0, 0, 0, 2, ...block])], ['GOAWAY 1']],
  ['6.7: PING on a stream', [frame(6, 0, 1, Buffer.alloc(8))], ['GOAWAY 1']],
  ['6.7: PING of a wrong length', [frame(6, 0, 0, Buffer.alloc(6))], ['GOAWAY 6']],
  ['6.8: GOAWAY on a stream', [frame(7, 0, 1, Buffer.alloc(8))], ['GOAWAY 1']],
  ['6.8: GOAWAY too short', [frame(7, 0, 0, Buffer.alloc(7))], ['GOAWAY 6']],
  ['6.9: WINDOW_UPDATE of 0 on the connection', [windowUpdate(0, 0)], ['GOAWAY 1']],
  ['6.9: WINDOW_UPDATE of 0 on a stream', [headers(1, GET), windowUpdate(1, 0)], ['RST_STREAM 1 1']],
  ['6.9: WINDOW_UPDATE of a wrong length', [frame(8, 0, 0, [0, 0, 1])], ['GOAWAY 6']],
  [
    '6.9.1: the connection window above 2^31-1',
    [windowUpdate(0, 0x7fff_ffff), windowUpdate(0, 1)],
    ['GOAWAY 3'],
  ],
  [
    '6.9.1: a stream window above 2^31-1',
    [headers(1, GET), windowUpdate(1, 0x7fff_ffff)],
    ['RST_STREAM 1 3'],
  ],
  [
    '6.9.2: SETTINGS lift a stream window above 2^31-1',
    [headers(1, GET), windowUpdate(1, 1), settings(4, 0x7fff_ffff)],
    ['GOAWAY 3'],
  ],
  ['6.10: CONTINUATION on another stream', [frame(1, 1, 1, half), frame(9, 4, 3, rest)], ['GOAWAY 1']],
  ['6.10: CONTINUATION on stream 0', [frame(1, 1, 1, half), frame(9, 4, 0, rest)], ['GOAWAY 1']],
  ['6.10: CONTINUATION after END_HEADERS', [headers(1, GET), frame(9, 4, 1, rest)], ['GOAWAY 1']],
  ['RFC 9218 7.1: PRIORITY_UPDATE on a stream', [frame(0x10, 0, 1, uint32(1))], ['GOAWAY 1']],
  ['RFC 9218 7.1: PRIORITY_UPDATE too short', [frame(0x10, 0, 0, [0, 0, 1])], ['GOAWAY 6']],
  ['RFC 9218 7.1: PRIORITY_UPDATE for stream 0', [frame(0x10, 0, 0, uint32(0))], ['GOAWAY 1']],
  ['RFC 9218 7.1: PRIORITY_UPDATE for an even stream', [frame(0x10, 0, 0, uint32(2))], ['GOAWAY 1']],
];

for (const [name, sent, errors] of CASES) {
  test(name, () => {
    const peer = TestPeer.established();
    const told = peer.send(...sent);
    assert.deepEqual(errorsOf(peer.frames()), errors);
    const isClosed = errors.some((error) => error.startsWith('GOAWAY'));
    assert.equal(peer.connection.closed, isClosed);
    assert.equal(told.at(-1)?.kind === events.CLOSED, isClosed);
  });
}

for (const [name, sent] of [
  ['3.4: another preface', [Buffer.from('GET / HTTP/1.1\r\nhost: a\r\n\r\n')]],
  ['3.4: a preface that goes wrong at its end', [PREFACE.subarray(0, 23), Buffer.from('X')]],
  ['3.4: a first frame other than SETTINGS', [PREFACE, ping()]],
  ['3.4: DATA first', [PREFACE, data(1, 'x')]],
  ['3.4: a SETTINGS acknowledgement first', [PREFACE, frame(4, 1, 0)]],
] satisfies [string, Buffer[]][]) {
  test(name, () => {
    const peer = new TestPeer();
    assert.equal(peer.send(...sent).at(-1)?.kind, events.CLOSED);
    assert.deepEqual(errorsOf(peer.frames()), ['GOAWAY 1']);
  });
}

test('3.4: our SETTINGS and the connection window come first, before the peer says anything', () => {
  const peer = new TestPeer();
  const [first, second, none] = peer.frames();
  assert.equal(first?.type, codes.FRAME_SETTINGS);
  assert.deepEqual(first?.payload, settings(3, 100, 4, 131_072, 6, 32_768, 8, 1, 9, 1).subarray(9));
  assert.equal(second?.type, codes.FRAME_WINDOW_UPDATE);
  assert.deepEqual(second?.payload, uint32(262_144 - 65_535));
  assert.equal(none, undefined);
});

test('6.5.3: SETTINGS are acknowledged, and the acknowledgement of ours is not told', () => {
  const peer = new TestPeer();
  peer.frames();
  const told = peer.send(PREFACE, settings(), frame(4, 1, 0), frame(4, 1, 0));
  assert.deepEqual(told, []);
  assert.deepEqual(
    peer.frames().map((sent) => [sent.type, sent.flags]),
    [[codes.FRAME_SETTINGS, 1]],
  );
});

test('6.7: PING comes back with the same eight octets', () => {
  const peer = TestPeer.established();
  peer.send(ping('abcdefgh'));
  const [answer] = peer.frames();
  assert.deepEqual(
    [answer?.type, answer?.flags, answer?.streamId, answer?.payload.toString()],
    [6, 1, 0, 'abcdefgh'],
  );
});

test('6.7: the answer to a PING that was not sent tells nothing and is not answered', () => {
  const peer = TestPeer.established();
  assert.deepEqual(peer.send(frame(6, 1, 0, Buffer.from('whatever'))), []);
  assert.deepEqual(peer.frames(), []);
});

test('6.8: the GOAWAY of the peer is told with its code, and open streams go on', () => {
  const peer = TestPeer.established();
  const told = peer.send(headers(1, GET), frame(7, 0, 0, [0, 0, 0, 0, 0, 0, 0, 11]));
  assert.deepEqual(
    told.map((event) => [event.kind, event.errorCode]),
    [
      [events.REQUEST, 0],
      [events.GOAWAY, 11],
    ],
  );
  peer.connection.sendHeaders(1, 204, [], true);
  assert.equal(peer.frames()[0]?.type, codes.FRAME_HEADERS);
});

test('5.1: a stream that ended on both sides is closed for HEADERS and DATA', () => {
  for (const late of [headers(1, GET), data(1, 'x')]) {
    const peer = TestPeer.established();
    peer.send(headers(1, GET));
    peer.connection.sendHeaders(1, 204, [], true);
    assert.equal(peer.connection.openStreams, 0);
    peer.send(late);
    assert.deepEqual(errorsOf(peer.frames()), ['GOAWAY 5']);
  }
});

test('5.1: what comes on a stream that we reset is passed over, trailers decoded', () => {
  const peer = TestPeer.established();
  peer.send(headers(1, POST, false));
  peer.connection.resetStream(1, codes.CANCEL);
  assert.equal(peer.connection.openStreams, 0);
  const told = peer.send(data(1, 'late'), headers(1, ['x-t', '1']), windowUpdate(1, 5), headers(3, GET));
  assert.deepEqual(
    told.map((event) => [event.kind, event.streamId]),
    [[events.REQUEST, 3]],
  );
  assert.deepEqual(errorsOf(peer.frames()), ['RST_STREAM 1 8']);
});

test('5.1.2: a stream above the limit is refused, and the table of fields stays right', () => {
  const peer = TestPeer.established({ maxConcurrentStreams: 1 });
  const indexed = Buffer.concat([
    literalBlock(GET),
    Buffer.from([0x40, 3]),
    Buffer.from('x-a'),
    Buffer.from([1, 0x31]),
  ]);
  peer.send(headers(1, GET), frame(1, 5, 3, indexed));
  assert.deepEqual(errorsOf(peer.frames()), ['RST_STREAM 3 7']);
  peer.connection.sendHeaders(1, 204, [], true);
  const told = peer.send(frame(1, 5, 5, Buffer.concat([literalBlock(GET), Buffer.from([0xbe])])));
  assert.deepEqual(told[0]?.headers, ['x-a', '1']);
});

test('6.2: padding and priority in HEADERS are taken off, and the block may go on in CONTINUATION', () => {
  const peer = TestPeer.established();
  const payload = Buffer.concat([Buffer.from([3, 0, 0, 0, 7, 15]), half, Buffer.alloc(3)]);
  const told = peer.send(
    frame(1, 0x29, 1, payload),
    frame(9, 0, 1, rest.subarray(0, 4)),
    frame(9, 4, 1, rest.subarray(4)),
  );
  assert.deepEqual(
    told.map((event) => [event.kind, event.path, event.endStream]),
    [[events.REQUEST, '/', true]],
  );
});

test('6.1: an empty last frame repeats no bytes of another stream that came just before it', () => {
  const peer = TestPeer.established();
  const told = peer.send(
    headers(1, POST, false),
    headers(3, POST, false),
    data(1, 'secret'),
    data(3, '', true),
  );
  assert.deepEqual(
    told.slice(2).map((event) => [event.kind, event.streamId, event.text, event.endStream]),
    [
      [events.DATA, 1, 'secret', false],
      [events.DATA, 3, '', true],
    ],
  );
});

test('6.1: padding in DATA is taken off and an empty last frame ends the request', () => {
  const peer = TestPeer.established();
  const told = peer.send(headers(1, POST, false), frame(0, 8, 1, [2, 0x61, 0x62, 0, 0]), data(1, '', true));
  assert.deepEqual(
    told.slice(1).map((event) => [event.kind, event.text, event.endStream]),
    [
      [events.DATA, 'ab', false],
      [events.DATA, '', true],
    ],
  );
});
