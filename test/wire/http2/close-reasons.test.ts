/** The words in which a log says why an HTTP/2 connection was closed: each is made to happen, and none is left out. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as codes from '../../../proxy/wire/http2/codes.js';
import { CONNECTION_FAULTS } from '../../../proxy/wire/http2/faults.js';
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
  settingsAck,
  TestPeer,
  uint32,
  windowUpdate,
} from '../../support/http2-frames.js';

const block = literalBlock(GET);
const open = headers(1, POST, false);
const GREETING = [PREFACE, settings(), settingsAck()];
const priorityUpdate = (id: number): Buffer =>
  frame(codes.FRAME_PRIORITY_UPDATE, 0, 0, Buffer.concat([uint32(id), Buffer.from('u=1')]));
const times = (count: number, unit: (i: number) => Buffer): Buffer[] =>
  Array.from({ length: count }, (_, i) => unit(i));

/** What a client sends from its first byte on. */
const BY_BYTES: readonly (readonly [reason: string, code: number, sent: readonly Buffer[]])[] = [
  ['no connection preface', codes.PROTOCOL_ERROR, [Buffer.from('GET / HTTP/1.1\r\nhost: a\r\n\r\n')]],
  ['first frame is not SETTINGS', codes.PROTOCOL_ERROR, [PREFACE, ping()]],
  ['frame too long', codes.FRAME_SIZE_ERROR, [...GREETING, frame(1, 5, 1, [], 16_385)]],
  ['padding longer than its frame', codes.PROTOCOL_ERROR, [...GREETING, open, frame(0, 8, 1, [4, 1, 2, 3])]],
  ['padding longer than its frame', codes.PROTOCOL_ERROR, [...GREETING, frame(1, 0x0d, 1, [250, ...block])]],
  ['PUSH_PROMISE from a client', codes.PROTOCOL_ERROR, [...GREETING, frame(5, 4, 1, [0, 0, 0, 2])]],
  ['connection frame on a stream', codes.PROTOCOL_ERROR, [...GREETING, frame(4, 0, 1)]],
  ['connection frame on a stream', codes.PROTOCOL_ERROR, [...GREETING, frame(6, 0, 1, Buffer.alloc(8))]],
  ['connection frame on a stream', codes.PROTOCOL_ERROR, [...GREETING, frame(7, 0, 1, Buffer.alloc(8))]],
  ['connection frame on a stream', codes.PROTOCOL_ERROR, [...GREETING, frame(0x10, 0, 1, uint32(1))]],
  ['frame on an idle stream', codes.PROTOCOL_ERROR, [...GREETING, rstStream(1, 8)]],
  ['frame on an idle stream', codes.PROTOCOL_ERROR, [...GREETING, windowUpdate(2, 1)]],
  ['frame on an idle stream', codes.PROTOCOL_ERROR, [...GREETING, open, rstStream(2, 8)]],
  ['DATA on an idle stream', codes.PROTOCOL_ERROR, [...GREETING, data(1, 'x')]],
  ['DATA on an idle stream', codes.PROTOCOL_ERROR, [...GREETING, open, data(2, 'x')]],
  ['DATA on a closed stream', codes.STREAM_CLOSED, [...GREETING, open, rstStream(1, 8), data(1, 'x')]],
  ['HEADERS too short', codes.FRAME_SIZE_ERROR, [...GREETING, frame(1, 0x2d, 1, [0, 0, 0])]],
  ['HEADERS on a stream that no client opens', codes.PROTOCOL_ERROR, [...GREETING, headers(2, GET)]],
  ['HEADERS on a closed stream', codes.STREAM_CLOSED, [...GREETING, open, rstStream(1, 8), headers(1, GET)]],
  ['HEADERS on a skipped stream', codes.PROTOCOL_ERROR, [...GREETING, headers(5, GET), headers(3, GET)]],
  ['field block interrupted', codes.PROTOCOL_ERROR, [...GREETING, frame(1, 1, 1, block), ping()]],
  ['field block does not decode', codes.COMPRESSION_ERROR, [...GREETING, frame(1, 5, 1, [0x80])]],
  [
    'field block too long',
    codes.ENHANCE_YOUR_CALM,
    [
      ...[...GREETING, frame(1, 1, 1, Buffer.alloc(16_384))],
      ...times(4, () => frame(9, 0, 1, Buffer.alloc(16_384))),
    ],
  ],
  ['CONTINUATION out of place', codes.PROTOCOL_ERROR, [...GREETING, frame(9, 4, 1, block)]],
  [
    'CONTINUATION flood',
    codes.ENHANCE_YOUR_CALM,
    [...GREETING, frame(1, 1, 1, block), ...times(40, () => frame(9, 0, 1))],
  ],
  ['SETTINGS of a wrong length', codes.FRAME_SIZE_ERROR, [...GREETING, frame(4, 0, 0, Buffer.alloc(5))]],
  [
    'SETTINGS acknowledgement with a payload',
    codes.FRAME_SIZE_ERROR,
    [...GREETING, frame(4, 1, 0, Buffer.alloc(6))],
  ],
  [
    'SETTINGS too long',
    codes.ENHANCE_YOUR_CALM,
    [...GREETING, settings(...Array.from({ length: 66 }, () => 1))],
  ],
  ['SETTINGS_ENABLE_PUSH out of range', codes.PROTOCOL_ERROR, [...GREETING, settings(2, 2)]],
  [
    'SETTINGS_INITIAL_WINDOW_SIZE out of range',
    codes.FLOW_CONTROL_ERROR,
    [...GREETING, settings(4, 2 ** 31)],
  ],
  ['SETTINGS_MAX_FRAME_SIZE out of range', codes.PROTOCOL_ERROR, [...GREETING, settings(5, 16_383)]],
  ['SETTINGS_ENABLE_CONNECT_PROTOCOL out of range', codes.PROTOCOL_ERROR, [...GREETING, settings(8, 2)]],
  ['SETTINGS_NO_RFC7540_PRIORITIES out of range', codes.PROTOCOL_ERROR, [PREFACE, settings(9, 2)]],
  ['SETTINGS_NO_RFC7540_PRIORITIES changed', codes.PROTOCOL_ERROR, [...GREETING, settings(9, 1)]],
  ['WINDOW_UPDATE of a wrong length', codes.FRAME_SIZE_ERROR, [...GREETING, frame(8, 0, 0, [0, 0, 1])]],
  ['WINDOW_UPDATE of 0', codes.PROTOCOL_ERROR, [...GREETING, windowUpdate(0, 0)]],
  ['connection window overflow', codes.FLOW_CONTROL_ERROR, [...GREETING, windowUpdate(0, 0x7fff_ffff)]],
  [
    'stream window overflow by SETTINGS',
    codes.FLOW_CONTROL_ERROR,
    [...[...GREETING, open, windowUpdate(1, 1), settings(4, 0x7fff_ffff)]],
  ],
  ['RST_STREAM of a wrong length', codes.FRAME_SIZE_ERROR, [...GREETING, open, frame(3, 0, 1, [0, 0, 0])]],
  ['PING of a wrong length', codes.FRAME_SIZE_ERROR, [...GREETING, frame(6, 0, 0, Buffer.alloc(6))]],
  ['GOAWAY of a wrong length', codes.FRAME_SIZE_ERROR, [...GREETING, frame(7, 0, 0, Buffer.alloc(7))]],
  ['PRIORITY on the connection', codes.PROTOCOL_ERROR, [...GREETING, frame(2, 0, 0, [0, 0, 0, 1, 0])]],
  ['PRIORITY on itself', codes.PROTOCOL_ERROR, [...GREETING, frame(2, 0, 3, [0, 0, 0, 3, 0])]],
  ['PRIORITY of a wrong length', codes.FRAME_SIZE_ERROR, [...GREETING, frame(2, 0, 3, [0, 0, 0, 3])]],
  ['PRIORITY_UPDATE too short', codes.FRAME_SIZE_ERROR, [...GREETING, frame(0x10, 0, 0, [0, 0, 1])]],
  ['PRIORITY_UPDATE for no request', codes.PROTOCOL_ERROR, [...GREETING, priorityUpdate(2)]],
  [
    'PRIORITY_UPDATE for too many idle streams',
    codes.PROTOCOL_ERROR,
    [...GREETING, ...times(101, (i) => priorityUpdate(2 * i + 1))],
  ],
  [
    'stream reset flood',
    codes.ENHANCE_YOUR_CALM,
    [
      ...[
        ...GREETING,
        ...times(1_001, (i) => Buffer.concat([headers(2 * i + 1, GET), rstStream(2 * i + 1, 8)])),
      ],
    ],
  ],
  [
    'ping flood',
    codes.ENHANCE_YOUR_CALM,
    [...GREETING, ...times(501, () => frame(6, 1, 0, Buffer.alloc(8)))],
  ],
  ['settings flood', codes.ENHANCE_YOUR_CALM, [...GREETING, ...times(101, () => settingsAck())]],
  ['empty data flood', codes.ENHANCE_YOUR_CALM, [...GREETING, open, ...times(101, () => data(1, ''))]],
  ['overhead frame flood', codes.ENHANCE_YOUR_CALM, [...GREETING, ...times(2_001, () => frame(0x77, 0, 0))]],
];

/** What takes time, or a peer that does not read. */
const BY_CONDUCT: Readonly<Record<string, readonly [code: number, conduct: (peer: TestPeer) => void]>> = {
  'connection window overrun': [
    codes.FLOW_CONTROL_ERROR,
    (peer) => {
      // Nothing is consumed, so that no window grows: three streams may send more than the connection.
      for (const id of [1, 3, 5]) peer.send(headers(id, POST, false));
      for (const id of [1, 3, 5]) for (let i = 0; i < 8; i += 1) peer.send(data(id, Buffer.alloc(16_384)));
    },
  ],
  'SETTINGS not acknowledged': [
    codes.SETTINGS_TIMEOUT,
    (peer) => {
      peer.connection.checkTimers(1_000);
      peer.connection.checkTimers(11_001);
    },
  ],
  'frame not completed in time': [
    codes.PROTOCOL_ERROR,
    (peer) => {
      peer.send(settingsAck(), ping().subarray(0, 12));
      peer.connection.checkTimers(11_001);
    },
  ],
  'unread control frames': [
    codes.ENHANCE_YOUR_CALM,
    (peer) => {
      // No flood in any period, but nobody reads the answers.
      for (let i = 0; i < 20 && !peer.connection.closed; i += 1) {
        peer.nowMs += 10_000;
        peer.send(...times(400, () => ping()));
      }
    },
  ],
  'unread output': [
    codes.ENHANCE_YOUR_CALM,
    (peer) => {
      for (let id = 1; id < 4_000 && !peer.connection.closed; id += 2) {
        peer.send(headers(id, GET));
        peer.connection.sendHeaders(id, 200, ['location', `/${'x'.repeat(4_000)}${id}`], true);
      }
    },
  ],
};

for (const [reason, code, sent] of BY_BYTES) {
  test(`${reason}: GOAWAY ${codes.nameOfErrorCode(code)}`, () => {
    const peer = new TestPeer();
    peer.send(...sent);
    assert.equal(peer.connection.closeReason, reason);
    assert.equal(errorsOf(peer.frames()).at(-1), `GOAWAY ${code}`);
  });
}

for (const [reason, [code, conduct]] of Object.entries(BY_CONDUCT)) {
  test(`${reason}: GOAWAY ${codes.nameOfErrorCode(code)}`, () => {
    const peer = new TestPeer();
    peer.send(PREFACE, settings());
    conduct(peer);
    assert.equal(peer.connection.closeReason, reason);
    assert.equal(errorsOf(peer.frames()).at(-1), `GOAWAY ${code}`);
  });
}

test('a connection to spare, on which nothing came, is told from one that does not acknowledge', () => {
  const spare = new TestPeer();
  for (const nowMs of [1_000, 11_001]) spare.connection.checkTimers(nowMs);
  assert.deepEqual([spare.connection.closed, spare.connection.isUnused], [true, true]);
  const silent = new TestPeer();
  silent.send(PREFACE.subarray(0, 1));
  for (const nowMs of [1_000, 11_001]) silent.connection.checkTimers(nowMs);
  assert.deepEqual([silent.connection.closed, silent.connection.isUnused], [true, false]);
});

test('every fault of the table is one of these', () => {
  const tried = new Set([...BY_BYTES.map(([reason]) => reason), ...Object.keys(BY_CONDUCT)]);
  assert.deepEqual(
    Object.keys(CONNECTION_FAULTS).filter((fault) => !tried.has(fault)),
    [],
  );
});
