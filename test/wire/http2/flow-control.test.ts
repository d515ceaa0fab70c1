/** Windows of both directions (RFC 9113 §5.2, §6.9). */
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
  POST,
  PREFACE,
  type SentFrame,
  settings,
  settingsAck,
  TestPeer,
  windowUpdate,
} from '../../support/http2-frames.js';

const KIB = 1024;
const block = Buffer.alloc(16 * KIB, 0x61);

/** `[stream, increment]` of each WINDOW_UPDATE. */
function updatesOf(frames: readonly SentFrame[]): number[][] {
  return frames
    .filter((sent) => sent.type === codes.FRAME_WINDOW_UPDATE)
    .map((sent) => [sent.streamId, sent.payload.readUInt32BE(0)]);
}

/** `[stream, bytes, ends]` of each DATA. */
function dataOf(frames: readonly SentFrame[]): (number | boolean)[][] {
  return frames
    .filter((sent) => sent.type === codes.FRAME_DATA)
    .map((sent) => [sent.streamId, sent.payload.length, (sent.flags & 1) !== 0]);
}

function uploading(windowBytes: number, connectionBytes: number): TestPeer {
  const peer = TestPeer.established(
    { initialWindowBytes: windowBytes, connectionWindowBytes: connectionBytes },
    { maxStreamWindowBytes: 256 * KIB, maxConnectionWindowBytes: 1024 * KIB },
  );
  peer.send(headers(1, POST, false));
  return peer;
}

/** A peer that allows nothing on new streams, with one response head sent on stream 1. */
function downloading(...pairs: number[]): TestPeer {
  const peer = TestPeer.established({}, {}, ...pairs);
  peer.send(headers(1, GET));
  peer.connection.sendHeaders(1, 200, [], false);
  peer.frames();
  return peer;
}

test('a stream that goes over its window is reset, its bytes go back to the connection', () => {
  const peer = uploading(64 * KIB, 128 * KIB);
  const told = peer.send(...[0, 1, 2, 3].map(() => data(1, block)), data(1, 'x'));
  assert.equal(told.at(-1)?.kind, events.RESET);
  peer.connection.releaseStream(1);
  const frames = peer.frames();
  assert.deepEqual(errorsOf(frames), ['RST_STREAM 1 3']);
  assert.deepEqual(updatesOf(frames), [[0, 64 * KIB + 1]]);
});

test('a peer that goes over the connection window loses the connection', () => {
  const peer = uploading(128 * KIB, 65_535);
  peer.send(...[0, 1, 2, 3].map(() => data(1, block)));
  assert.deepEqual(errorsOf(peer.frames()), ['GOAWAY 3']);
});

test('window updates follow what the upstream took, in batches of half a window', () => {
  const peer = uploading(64 * KIB, 128 * KIB);
  peer.send(data(1, block), data(1, block), data(1, block));
  assert.deepEqual(updatesOf(peer.frames()), [], 'nothing taken yet');
  peer.connection.consume(1, 32 * KIB - 1);
  assert.deepEqual(updatesOf(peer.frames()), []);
  peer.connection.consume(1, 1);
  assert.deepEqual(updatesOf(peer.frames()), [[1, 32 * KIB]]);
  peer.connection.consume(1, 16 * KIB);
  assert.deepEqual(updatesOf(peer.frames()), []);
});

test('more than was told is never given back', () => {
  const peer = uploading(64 * KIB, 65_536);
  peer.send(data(1, block), data(1, block), data(1, block));
  peer.connection.consume(1, 1_000_000);
  assert.deepEqual(updatesOf(peer.frames()), [
    [0, 48 * KIB],
    [1, 48 * KIB],
  ]);
  peer.connection.consume(1, 1_000_000);
  assert.deepEqual(updatesOf(peer.frames()), []);
});

test('windows double while a body is taken fast, up to their bounds', () => {
  const peer = uploading(64 * KIB, 128 * KIB);
  const increments: number[][] = [];
  for (let i = 0; i < 400; i += 1) {
    peer.nowMs += 1;
    peer.send(data(1, block));
    peer.connection.consume(1, block.length);
    increments.push(...updatesOf(peer.frames()));
  }
  assert.equal(peer.connection.closed, false);
  const grown = (id: number): number =>
    increments.filter(([stream]) => stream === id).reduce((sum, [, bytes]) => sum + (bytes ?? 0), 0) -
    400 * block.length;
  const slack = 512 * KIB;
  assert.ok(Math.abs(grown(1) - (256 - 64) * KIB) <= slack / 2, `stream grew by ${grown(1)}`);
  assert.ok(Math.abs(grown(0) - (1024 - 128) * KIB) <= slack, `connection grew by ${grown(0)}`);
  const most = Math.max(...increments.map(([stream, bytes]) => (stream === 1 ? (bytes ?? 0) : 0)));
  assert.ok(most <= 256 * KIB);
});

test('windows stay as they are while a body is taken slowly', () => {
  const peer = uploading(64 * KIB, 128 * KIB);
  let given = 0;
  for (let i = 0; i < 40; i += 1) {
    peer.nowMs += 1_000;
    peer.send(data(1, block));
    peer.connection.consume(1, block.length);
    for (const [id, bytes] of updatesOf(peer.frames())) if (id === 1) given += bytes ?? 0;
  }
  assert.equal(given, 40 * block.length);
});

test('padding is given back at once', () => {
  const peer = uploading(65_535, 65_535);
  const padded = frame(0, 8, 1, Buffer.concat([Buffer.from([255, 0x61]), Buffer.alloc(255)]));
  for (let i = 0; i < 130; i += 1) peer.send(padded);
  assert.deepEqual(updatesOf(peer.frames()), [
    [0, 128 * 256],
    [1, 128 * 256],
  ]);
});

test('what was told and not taken goes back to the connection when the stream ends', () => {
  const peer = uploading(64 * KIB, 64 * KIB);
  peer.send(data(1, block), data(1, block));
  peer.connection.resetStream(1, codes.CANCEL);
  assert.deepEqual(updatesOf(peer.frames()), [[0, 32 * KIB]]);
});

test('DATA that comes after a reset is given back to the connection', () => {
  const peer = uploading(64 * KIB, 64 * KIB);
  peer.connection.resetStream(1, codes.CANCEL);
  assert.deepEqual(peer.send(data(1, block), data(1, block)), []);
  assert.deepEqual(updatesOf(peer.frames()), [[0, 32 * KIB]]);
});

test('a window below the default binds only once the peer has acknowledged it', () => {
  const peer = new TestPeer({ initialWindowBytes: 1_000 });
  peer.send(PREFACE, settings(), headers(1, POST, false), data(1, block));
  assert.deepEqual(errorsOf(peer.frames()), []);
  const told = peer.send(settingsAck(), headers(3, POST, false), data(3, 'x'.repeat(1_000)), data(3, 'x'));
  assert.equal(told.at(-1)?.kind, events.RESET);
  assert.deepEqual(errorsOf(peer.frames()), ['RST_STREAM 3 3']);
});

test('an engine that drops the request after its answer still lets the connection breathe', () => {
  const peer = uploading(64 * KIB, 64 * KIB);
  peer.send(data(1, block));
  peer.connection.sendHeaders(1, 413, [], true);
  peer.connection.resetStream(1, codes.NO_ERROR);
  assert.equal(peer.connection.openStreams, 0);
  peer.send(data(1, block), data(1, block));
  const frames = peer.frames();
  assert.deepEqual(
    frames.map((sent) => sent.type),
    [codes.FRAME_HEADERS, codes.FRAME_RST_STREAM, codes.FRAME_WINDOW_UPDATE],
  );
  assert.deepEqual(errorsOf(frames), ['RST_STREAM 1 0']);
});

test('RST_STREAM with NO_ERROR waits for the response it follows', () => {
  const peer = TestPeer.established({}, {}, codes.SETTINGS_INITIAL_WINDOW_SIZE, 0);
  peer.send(headers(1, POST, false));
  peer.connection.sendHeaders(1, 413, [], false);
  peer.connection.sendLatin1(1, 'too large', true);
  peer.connection.resetStream(1, codes.NO_ERROR);
  assert.deepEqual(peer.send(data(1, block)), [], 'the rest of the request is not told');
  assert.deepEqual(errorsOf(peer.frames()), []);
  peer.send(windowUpdate(1, 100));
  const frames = peer.frames();
  assert.deepEqual(dataOf(frames), [[1, 9, true]]);
  assert.deepEqual(errorsOf(frames), ['RST_STREAM 1 0']);
  assert.equal(peer.connection.openStreams, 0);
});

test('no DATA without a window, then as much as the window', () => {
  const peer = downloading(codes.SETTINGS_INITIAL_WINDOW_SIZE, 0);
  peer.connection.sendLatin1(1, 'hello', true);
  assert.equal(peer.connection.hasOutput, false);
  assert.deepEqual(peer.frames(), []);
  peer.send(windowUpdate(1, 1));
  assert.equal(peer.connection.hasOutput, true);
  assert.deepEqual(dataOf(peer.frames()), [[1, 1, false]]);
  peer.send(windowUpdate(1, 100));
  const frames = peer.frames();
  assert.deepEqual(dataOf(frames), [[1, 4, true]]);
  assert.equal(frames[0]?.payload.toString(), 'ello');
});

test('a window made negative by SETTINGS must be filled up before DATA goes on', () => {
  const peer = downloading(codes.SETTINGS_INITIAL_WINDOW_SIZE, 10);
  peer.connection.sendLatin1(1, 'x'.repeat(30), true);
  assert.deepEqual(dataOf(peer.frames()), [[1, 10, false]]);
  peer.send(settings(codes.SETTINGS_INITIAL_WINDOW_SIZE, 5), windowUpdate(1, 5));
  assert.deepEqual(dataOf(peer.frames()), [], '-5 + 5 is no window');
  peer.send(windowUpdate(1, 1));
  assert.deepEqual(dataOf(peer.frames()), [[1, 1, false]]);
  peer.send(settings(codes.SETTINGS_INITIAL_WINDOW_SIZE, 65_535));
  assert.deepEqual(dataOf(peer.frames()), [[1, 19, true]]);
});

test('the connection window binds all streams together', () => {
  const peer = downloading(codes.SETTINGS_INITIAL_WINDOW_SIZE, 1 << 20);
  peer.send(headers(3, GET));
  peer.connection.sendHeaders(3, 200, [], false);
  peer.connection.sendData(1, Buffer.alloc(60_000), 0, 60_000, true);
  peer.connection.sendData(3, Buffer.alloc(60_000), 0, 60_000, true);
  const sum = (frames: SentFrame[]): number =>
    dataOf(frames).reduce((all, [, bytes]) => all + Number(bytes), 0);
  assert.equal(sum(peer.frames()), 65_535);
  assert.deepEqual(peer.frames(), []);
  peer.send(windowUpdate(0, 60_000));
  assert.equal(sum(peer.frames()), 120_000 - 65_535);
  assert.equal(peer.connection.openStreams, 0);
});

test('the end of a response and its trailers need no window', () => {
  const peer = downloading(codes.SETTINGS_INITIAL_WINDOW_SIZE, 3);
  peer.connection.sendLatin1(1, 'abc', false);
  peer.connection.sendLatin1(1, '', true);
  assert.deepEqual(dataOf(peer.frames()), [
    [1, 3, false],
    [1, 0, true],
  ]);
  peer.send(headers(3, GET));
  peer.connection.sendHeaders(3, 200, [], false);
  peer.connection.sendLatin1(3, 'abcd', false);
  peer.connection.sendTrailers(3, ['x-sum', '9']);
  assert.deepEqual(
    peer.frames().map((sent) => sent.type),
    [codes.FRAME_HEADERS, codes.FRAME_DATA],
  );
  peer.send(windowUpdate(3, 1));
  const [last, trailers] = peer.frames();
  assert.deepEqual([last?.flags, trailers?.type, trailers?.flags], [0, codes.FRAME_HEADERS, 5]);
});

test('a response held back by a window is reported until enough of it has gone out', () => {
  const peer = downloading(codes.SETTINGS_INITIAL_WINDOW_SIZE, 0);
  peer.connection.sendLatin1(1, 'x'.repeat(5_000), true);
  assert.equal(peer.connection.checkTimers(2_000), false);
  assert.equal(peer.connection.stalledSinceMs, 2_000);
  assert.deepEqual(peer.connection.streamsStalledBefore(2_000), []);
  assert.deepEqual(peer.connection.streamsStalledBefore(2_001), [1]);
  peer.send(windowUpdate(1, 1));
  peer.frames();
  peer.connection.checkTimers(3_000);
  assert.equal(peer.connection.stalledSinceMs, 2_000, 'one byte is no progress');
  peer.send(windowUpdate(1, 2_000));
  peer.frames();
  peer.connection.checkTimers(4_000);
  assert.equal(peer.connection.stalledSinceMs, 4_000, 'blocked anew');
  peer.send(windowUpdate(1, 5_000));
  peer.frames();
  peer.connection.checkTimers(5_000);
  assert.equal(peer.connection.stalledSinceMs, 0);
});

test('a full queue says so, and WRITABLE comes when it has gone down', () => {
  const peer = downloading(codes.SETTINGS_INITIAL_WINDOW_SIZE, 0);
  const chunk = Buffer.alloc(40_000);
  assert.equal(peer.connection.sendData(1, chunk, 0, chunk.length, false), true);
  assert.equal(peer.connection.sendData(1, chunk, 0, chunk.length, false), false);
  assert.equal(peer.connection.outputBytes, 80_000);
  peer.send(windowUpdate(1, 50_000));
  peer.frames();
  assert.deepEqual(peer.drain(), [], 'still above the low-water mark');
  peer.send(windowUpdate(1, 30_000), windowUpdate(0, 30_000));
  peer.frames();
  assert.deepEqual(
    peer.drain().map((event) => [event.kind, event.streamId]),
    [[events.WRITABLE, 1]],
  );
  assert.equal(peer.connection.outputBytes, 0);
});
