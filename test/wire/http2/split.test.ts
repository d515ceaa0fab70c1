/** The events do not depend on how the bytes are cut into chunks, and no bytes make the codec throw. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as events from '../../../proxy/wire/http2/events.js';
import {
  data,
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
  type ToldEvent,
  uint32,
  windowUpdate,
} from '../../support/http2-frames.js';

const block = literalBlock([...GET, 'cookie', 'a=1', 'x-long', 'y'.repeat(300)]);

const CONVERSATION = Buffer.concat([
  PREFACE,
  settings(4, 1 << 20),
  settingsAck(),
  headers(1, [...POST, 'content-length', '11']),
  headers(3, [...POST, 'content-length', '11'], false),
  data(3, 'hello '),
  frame(0x77, 0xff, 9, Buffer.alloc(70, 0x01)),
  frame(0, 9, 3, Buffer.concat([Buffer.from([30]), Buffer.from('world'), Buffer.alloc(30)])),
  frame(
    1,
    0x29,
    5,
    Buffer.concat([Buffer.from([2, 0, 0, 0, 3, 9]), block.subarray(0, 100), Buffer.alloc(2)]),
  ),
  frame(9, 0, 5, block.subarray(100, 103)),
  frame(9, 4, 5, block.subarray(103)),
  frame(0x10, 0, 0, Buffer.concat([uint32(7), Buffer.from('u=1, i')])),
  headers(7, POST, false),
  data(7, 'x'.repeat(200)),
  headers(7, ['x-sum', '77']),
  windowUpdate(0, 77),
  headers(9, POST, false),
  rstStream(9, 8),
  ping(),
  headers(11, POST, false),
  data(11, 'abc'),
  headers(11, [':path', '/']),
  frame(7, 0, 0, Buffer.alloc(12)),
  data(13, 'on an idle stream'),
]);

/** Events with pieces of one body put together. */
function joined(told: readonly ToldEvent[]): ToldEvent[] {
  const all: ToldEvent[] = [];
  for (const event of told) {
    const last = all.at(-1);
    if (last?.kind === events.DATA && event.kind === events.DATA && last.streamId === event.streamId) {
      last.text += event.text;
      last.endStream = event.endStream;
    } else {
      all.push({ ...event });
    }
  }
  return all;
}

function play(cuts: readonly number[]): [ToldEvent[], Buffer] {
  const peer = new TestPeer();
  let from = 0;
  for (const to of [...cuts, CONVERSATION.length]) {
    peer.send(CONVERSATION.subarray(from, to));
    from = to;
    if (peer.connection.closed) break;
  }
  return [joined(peer.told), Buffer.from(peer.connection.takeOutput(1 << 20) ?? [])];
}

const [EXPECTED, WRITTEN] = play([]);

test('the conversation holds every kind of event that bytes can bring', () => {
  const kinds = new Set(EXPECTED.map((event) => event.kind));
  for (const kind of [
    events.REQUEST,
    events.DATA,
    events.TRAILERS,
    events.RESET,
    events.GOAWAY,
    events.CLOSED,
  ]) {
    assert.ok(kinds.has(kind), `kind ${kind}`);
  }
});

test('any one cut gives the same events and the same answer', () => {
  for (let cut = 1; cut < CONVERSATION.length; cut += 1) {
    const [told, written] = play([cut]);
    assert.deepEqual(told, EXPECTED, `cut at ${cut}`);
    assert.ok(written.equals(WRITTEN), `cut at ${cut}`);
  }
});

test('one byte at a time gives the same events and the same answer', () => {
  const [told, written] = play(Array.from({ length: CONVERSATION.length - 1 }, (_, i) => i + 1));
  assert.deepEqual(told, EXPECTED);
  assert.ok(written.equals(WRITTEN));
});

/** A small linear generator: the same numbers in every run. */
function numbersFrom(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

test('random cuts give the same events', () => {
  for (let seed = 1; seed <= 200; seed += 1) {
    const next = numbersFrom(seed);
    const cuts: number[] = [];
    for (let at = next(40) + 1; at < CONVERSATION.length; at += next(90) + 1) cuts.push(at);
    assert.deepEqual(play(cuts)[0], EXPECTED, `seed ${seed}`);
  }
});

test('mutated conversations never throw, whatever is answered, and hold what they may at most', () => {
  for (let seed = 1; seed <= 4_000; seed += 1) {
    const next = numbersFrom(seed);
    const bytes = Buffer.from(CONVERSATION);
    for (let i = next(6) + 1; i > 0; i -= 1) bytes[24 + next(bytes.length - 24)] = next(256);
    const peer = new TestPeer();
    for (let from = 0; from < bytes.length; ) {
      const to = Math.min(bytes.length, from + next(400) + 1);
      for (const event of peer.send(bytes.subarray(from, to))) {
        if (event.kind === events.REQUEST && next(2) === 0) {
          peer.connection.sendHeaders(event.streamId, 200, ['x', 'y'], next(3) === 0);
          peer.connection.sendLatin1(event.streamId, 'z'.repeat(next(5_000)), next(2) === 0);
        }
        if (event.kind === events.DATA) peer.connection.consume(event.streamId, event.text.length);
        if (event.kind === events.RESET) peer.connection.releaseStream(event.streamId);
        if (next(20) === 0) peer.connection.resetStream(event.streamId, next(14));
      }
      from = to;
      assert.ok(peer.connection.outputBytes < 200_000, `seed ${seed}`);
      if (next(3) === 0) peer.frames();
    }
    peer.frames();
    if (peer.connection.closed) assert.equal(peer.connection.openStreams, 0);
  }
});
