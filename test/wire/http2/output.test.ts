/** The order in which responses go out (RFC 9218 §10) and the buffers they go out in. */
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
  parseFrames,
  rstStream,
  settings,
  TestPeer,
  uint32,
  windowUpdate,
} from '../../support/http2-frames.js';

const FRAME = 16_384;

/** Streams with these priorities, each with so many full frames waiting; then every window is opened. */
function waiting(priorities: string[], framesEach: number): TestPeer {
  const peer = TestPeer.established({}, {}, codes.SETTINGS_INITIAL_WINDOW_SIZE, 0);
  const body = Buffer.alloc(FRAME * framesEach);
  priorities.forEach((priority, i) => {
    const id = 2 * i + 1;
    peer.send(headers(id, [...GET, 'priority', priority]));
    peer.connection.sendHeaders(id, 200, [], false);
    peer.connection.sendData(id, body, 0, body.length, true);
  });
  peer.frames();
  peer.send(settings(codes.SETTINGS_INITIAL_WINDOW_SIZE, 1 << 24), windowUpdate(0, 1 << 24));
  return peer;
}

function dataOrder(peer: TestPeer): number[] {
  return peer
    .frames()
    .filter((sent) => sent.type === codes.FRAME_DATA)
    .map((sent) => sent.streamId);
}

test('lower urgency goes first, whatever the order of arrival', () => {
  assert.deepEqual(dataOrder(waiting(['u=7', 'u=0', 'u=3', 'u=1'], 2)), [3, 3, 7, 7, 5, 5, 1, 1]);
});

test('streams that are not incremental go one after the other in the order of their identifiers', () => {
  assert.deepEqual(dataOrder(waiting(['u=3', 'u=3', 'u=3'], 2)), [1, 1, 3, 3, 5, 5]);
});

test('incremental streams of one urgency take turns', () => {
  assert.deepEqual(dataOrder(waiting(['i', 'i', 'i'], 2)), [1, 3, 5, 1, 3, 5]);
});

test('those that are not incremental take one turn together among incremental ones', () => {
  assert.deepEqual(dataOrder(waiting(['u=3', 'i', 'u=3', 'i'], 2)), [1, 3, 7, 1, 3, 7, 5, 5]);
});

test('a stream without a window does not hold up the ones behind it', () => {
  const peer = TestPeer.established({}, {}, codes.SETTINGS_INITIAL_WINDOW_SIZE, 0);
  for (const id of [1, 3]) {
    peer.send(headers(id, [...GET, 'priority', id === 1 ? 'u=0' : 'u=5']));
    peer.connection.sendHeaders(id, 200, [], false);
    peer.connection.sendLatin1(id, 'abc', true);
  }
  peer.frames();
  peer.send(windowUpdate(3, 10));
  assert.deepEqual(dataOrder(peer), [3]);
});

test('PRIORITY_UPDATE changes the order of what waits', () => {
  const peer = waiting(['u=3', 'u=3'], 1);
  peer.send(frame(codes.FRAME_PRIORITY_UPDATE, 0, 0, Buffer.concat([uint32(3), Buffer.from('u=1')])));
  assert.deepEqual(dataOrder(peer), [3, 1]);
});

test('a head and its small body come out of one call in one buffer', () => {
  const peer = TestPeer.established();
  peer.send(headers(1, GET));
  peer.connection.sendHeaders(1, 200, ['content-type', 'text/plain'], false);
  peer.connection.sendLatin1(1, 'hello', true);
  const frames = peer.frames();
  assert.deepEqual(
    frames.map((sent) => [sent.type, sent.flags, sent.streamId]),
    [
      [codes.FRAME_HEADERS, 4, 1],
      [codes.FRAME_DATA, 1, 1],
    ],
  );
  assert.deepEqual(peer.fieldsOf(frames[0]), [':status', '200', 'content-type', 'text/plain']);
  assert.equal(frames[1]?.payload.toString(), 'hello');
  assert.equal(peer.connection.takeOutput(1_000), null);
});

test('answers to many streams in one tick come out of one call', () => {
  const peer = TestPeer.established();
  for (let id = 1; id < 200; id += 2) peer.send(headers(id, GET));
  for (let id = 1; id < 200; id += 2) {
    peer.connection.sendHeaders(id, 200, ['server', 'tlsfront'], false);
    peer.connection.sendLatin1(id, `body of ${id}`, true);
  }
  const frames = peer.frames(65_536);
  assert.equal(frames.length, 200);
  for (const sent of frames) {
    if (sent.type === codes.FRAME_HEADERS)
      assert.deepEqual(peer.fieldsOf(sent), [':status', '200', 'server', 'tlsfront']);
    else assert.equal(sent.payload.toString(), `body of ${sent.streamId}`);
  }
  assert.equal(peer.connection.openStreams, 0);
});

test('takeOutput() stops near its bound and goes on at the next call', () => {
  const peer = waiting(['u=3'], 3);
  assert.equal(peer.frames(FRAME).filter((sent) => sent.type === codes.FRAME_DATA).length, 1);
  assert.equal(dataOrder(peer).length, 2);
});

test('a large body on one stream comes whole, in order and in frames that every peer takes', () => {
  const peer = TestPeer.established({}, {}, codes.SETTINGS_INITIAL_WINDOW_SIZE, 1 << 24);
  peer.send(windowUpdate(0, 1 << 24), headers(1, GET));
  peer.connection.sendHeaders(1, 200, [], false);
  const body = Buffer.alloc(1_000_003);
  for (let i = 0; i < body.length; i += 1) body[i] = (i * 7 + (i >> 8)) & 255;
  const got: Buffer[] = [];
  let isEnded = false;
  for (let at = 0; at < body.length; ) {
    const end = Math.min(body.length, at + 50_001);
    peer.connection.sendData(1, body, at, end, end === body.length);
    at = end;
    if (at % 3 === 0 || at === body.length) {
      for (let frames = peer.frames(70_000); frames.length > 0; frames = peer.frames(70_000)) {
        for (const sent of frames) {
          if (sent.type !== codes.FRAME_DATA) continue;
          assert.ok(sent.payload.length <= FRAME);
          got.push(sent.payload);
          isEnded = (sent.flags & 1) !== 0;
        }
      }
    }
  }
  assert.ok(isEnded);
  assert.ok(Buffer.concat(got).equals(body));
});

test('a field block above a frame is split, and nothing comes between', () => {
  const peer = TestPeer.established();
  peer.send(headers(1, GET));
  const noise = Array.from({ length: 40_000 }, (_, i) =>
    String.fromCharCode(33 + ((i * 31 + (i >> 5)) % 90)),
  ).join('');
  peer.connection.sendHeaders(1, 200, ['x-long', noise], true);
  const frames = peer.frames();
  assert.deepEqual(
    frames.map((sent) => [sent.type, sent.flags]),
    [
      [codes.FRAME_HEADERS, 1],
      [codes.FRAME_CONTINUATION, 0],
      [codes.FRAME_CONTINUATION, 4],
    ],
  );
  const whole = Buffer.concat(frames.map((sent) => sent.payload));
  assert.deepEqual(peer.fieldsOf({ type: 1, flags: 5, streamId: 1, payload: whole }), [
    ':status',
    '200',
    'x-long',
    noise,
  ]);
});

test('a header table that SETTINGS shrank on the way is announced as shrunk, then at its size', () => {
  const peer = TestPeer.established();
  peer.send(
    settings(codes.SETTINGS_HEADER_TABLE_SIZE, 0, codes.SETTINGS_HEADER_TABLE_SIZE, 100),
    headers(1, GET),
  );
  peer.connection.sendHeaders(1, 200, [], true);
  const block = peer.frames().at(-1)?.payload;
  assert.deepEqual(block, Buffer.from([0x20, 0x3f, 100 - 31, 0x88]));
});

test('informational heads, trailers and the waiting body keep their order', () => {
  const peer = TestPeer.established({}, {}, codes.SETTINGS_INITIAL_WINDOW_SIZE, 2);
  peer.send(headers(1, GET));
  peer.connection.sendInformational(1, 103, ['link', '</a.css>']);
  peer.connection.sendHeaders(1, 200, [], false);
  peer.connection.sendLatin1(1, 'abcd', false);
  peer.connection.sendTrailers(1, ['x-sum', '1']);
  const first = peer.frames();
  assert.deepEqual(peer.fieldsOf(first[0]), [':status', '103', 'link', '</a.css>']);
  assert.deepEqual(peer.fieldsOf(first[1]), [':status', '200']);
  assert.equal(first[2]?.payload.toString(), 'ab');
  peer.send(windowUpdate(1, 9));
  const rest = peer.frames();
  assert.equal(rest[0]?.payload.toString(), 'cd');
  assert.deepEqual([rest[1]?.flags, peer.fieldsOf(rest[1])], [5, ['x-sum', '1']]);
});

test('a response whose stream the peer resets is dropped from the queue', () => {
  const peer = waiting(['u=3', 'u=3'], 1);
  const told = peer.send(rstStream(1, codes.CANCEL));
  assert.deepEqual(
    [told[0]?.kind, told[0]?.errorCode, peer.connection.resetByPeer],
    [events.RESET, codes.CANCEL, true],
  );
  assert.deepEqual(dataOrder(peer), [3]);
  assert.equal(peer.connection.openStreams, 0);
});

test('calls about a stream that is gone do nothing', () => {
  const peer = TestPeer.established();
  peer.send(headers(1, POST, false), rstStream(1, 8));
  peer.connection.sendHeaders(1, 200, [], false);
  assert.equal(peer.connection.sendLatin1(1, 'x', true), true);
  peer.connection.sendTrailers(1, ['x', 'y']);
  peer.connection.consume(1, 5);
  peer.connection.resetStream(99, 0);
  peer.connection.releaseStream(99);
  assert.deepEqual(peer.frames(), []);
});

test('a cut response is reset, never ended', () => {
  const peer = waiting(['u=3'], 1);
  peer.connection.resetStream(1, codes.INTERNAL_ERROR);
  const frames = peer.frames();
  assert.deepEqual(errorsOf(frames), ['RST_STREAM 1 2']);
  assert.ok(frames.every((sent) => sent.type !== codes.FRAME_DATA));
  assert.deepEqual([peer.connection.openStreams, peer.connection.outputBytes], [0, 0]);
});

test('graceful end: GOAWAY 2^31-1 first, then the last stream; open streams end, later ones are passed over', () => {
  const peer = TestPeer.established();
  peer.send(headers(1, GET));
  peer.connection.beginShutdown();
  assert.deepEqual(
    peer.frames().map((sent) => sent.payload.readUInt32BE(0)),
    [0x7fff_ffff],
  );
  assert.equal(peer.send(headers(3, POST, false)).length, 1, 'still accepted');
  peer.connection.finishShutdown();
  assert.deepEqual(
    peer.frames().map((sent) => sent.payload.readUInt32BE(0)),
    [3],
  );
  assert.deepEqual(
    peer.send(headers(5, POST, false), data(5, 'x'), data(3, 'y', true)).map((event) => event.streamId),
    [3],
  );
  assert.equal(peer.connection.drained, false);
  peer.connection.sendHeaders(1, 204, [], true);
  peer.connection.sendHeaders(3, 204, [], true);
  assert.equal(peer.connection.drained, false, 'not written yet');
  peer.frames();
  assert.equal(peer.connection.drained, true);
});

test('a connection that fails drops everything but what is finished', () => {
  const peer = waiting(['u=3'], 1);
  peer.send(data(0, 'x'));
  const last = peer.frames().at(-1);
  assert.deepEqual([last?.type, last?.payload.readUInt32BE(0), last?.payload.readUInt32BE(4)], [7, 1, 1]);
  assert.equal(peer.drain()[0]?.kind, events.CLOSED);
  assert.equal(peer.connection.closeReason, 'DATA on an idle stream');
  assert.equal(peer.connection.outputBytes, 0);
  assert.deepEqual(
    peer.send(headers(3, GET)).map((event) => event.kind),
    [events.CLOSED],
    'and stays closed',
  );
});

test('the bytes of takeOutput() stand until the next call of any connection', () => {
  const a = TestPeer.established();
  const b = TestPeer.established();
  for (const peer of [a, b]) {
    peer.send(headers(1, GET));
    peer.connection.sendHeaders(1, 200, [], false);
  }
  a.connection.sendLatin1(1, 'from a', true);
  const output = a.connection.takeOutput(1_000);
  b.connection.sendLatin1(1, 'from b', true);
  assert.ok(output !== null);
  assert.equal(parseFrames(output)[1]?.payload.toString(), 'from a');
});
