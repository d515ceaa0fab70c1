/** Every bound on what a peer can make us do: over it comes GOAWAY with ENHANCE_YOUR_CALM, under it nothing. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as codes from '../../../proxy/wire/http2/codes.js';
import * as events from '../../../proxy/wire/http2/events.js';
import {
  boundFieldBlocks,
  DEFAULT_HTTP2_LIMITS,
  type Http2Limits,
  type Http2LocalSettings,
} from '../../../proxy/wire/http2/limits.js';
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

interface Flood {
  name: string;
  reason: string;
  limits?: Partial<Http2Limits>;
  settings?: Partial<Http2LocalSettings>;
  /** Sent once, before. */
  first?: Buffer[];
  /** One unit of the flood, and how many are borne. */
  unit: (i: number) => Buffer[];
  borne: number;
}

const idOf = (i: number): number => 2 * i + 1;

const FLOODS: Flood[] = [
  {
    name: 'streams opened and reset by the peer (CVE-2023-44487)',
    reason: 'stream reset flood',
    unit: (i) => [headers(idOf(i), GET), rstStream(idOf(i), 8)],
    borne: 300,
  },
  {
    name: 'streams that we are made to reset by a zero window update (CVE-2025-8671)',
    reason: 'stream reset flood',
    unit: (i) => [headers(idOf(i), GET), windowUpdate(idOf(i), 0)],
    borne: 300,
  },
  {
    name: 'malformed requests',
    reason: 'stream reset flood',
    unit: (i) => [headers(idOf(i), ['x', 'y'])],
    borne: 300,
  },
  {
    name: 'streams above the limit, after our SETTINGS were acknowledged',
    reason: 'stream reset flood',
    settings: { maxConcurrentStreams: 1 },
    first: [headers(100_001, GET)],
    unit: (i) => [headers(100_003 + 2 * i, GET)],
    borne: 300,
  },
  { name: 'PING', reason: 'ping flood', unit: () => [ping()], borne: 500 },
  {
    name: 'PING acknowledgements',
    reason: 'ping flood',
    unit: () => [frame(6, 1, 0, Buffer.alloc(8))],
    borne: 500,
  },
  {
    name: 'SETTINGS',
    reason: 'settings flood',
    limits: { maxSettingsPerPeriod: 102 },
    unit: () => [settings()],
    borne: 100,
  },
  {
    name: 'SETTINGS acknowledgements',
    reason: 'settings flood',
    limits: { maxSettingsPerPeriod: 102 },
    unit: () => [settingsAck()],
    borne: 100,
  },
  {
    name: 'empty DATA (CVE-2019-9518)',
    reason: 'empty data flood',
    first: [headers(1, POST, false)],
    unit: () => [data(1, '')],
    borne: 100,
  },
  {
    name: 'DATA of padding alone',
    reason: 'empty data flood',
    first: [headers(1, POST, false)],
    unit: () => [frame(0, 8, 1, [1, 0])],
    borne: 100,
  },
  {
    name: 'PRIORITY (CVE-2019-9513)',
    reason: 'overhead frame flood',
    unit: () => [frame(2, 0, 1, [0, 0, 0, 3, 0])],
    borne: 2_000,
  },
  {
    name: 'PRIORITY_UPDATE',
    reason: 'overhead frame flood',
    unit: () => [frame(0x10, 0, 0, Buffer.concat([uint32(1), Buffer.from('u=1')]))],
    borne: 2_000,
  },
  { name: 'WINDOW_UPDATE', reason: 'overhead frame flood', unit: () => [windowUpdate(0, 1)], borne: 2_000 },
  {
    name: 'unknown frames',
    reason: 'overhead frame flood',
    unit: () => [frame(0x77, 0, 0, Buffer.alloc(20))],
    borne: 2_000,
  },
  {
    name: 'GOAWAY',
    reason: 'overhead frame flood',
    unit: () => [frame(7, 0, 0, Buffer.alloc(8))],
    borne: 2_000,
  },
  {
    name: 'RST_STREAM on a closed stream',
    reason: 'overhead frame flood',
    first: [headers(1, POST, false), rstStream(1, 8)],
    unit: () => [rstStream(1, 8)],
    borne: 2_000,
  },
];

for (const flood of FLOODS) {
  test(`${flood.name}: ${flood.borne} in a period are borne, not twice as many`, () => {
    const peer = TestPeer.established(flood.settings, flood.limits);
    // One request to begin with gives the overhead allowance its first four frames; take it out of the count.
    const slack = 10;
    if (flood.first) peer.send(...flood.first);
    const release = (): void => {
      for (const event of peer.told)
        if (event.kind === events.RESET) peer.connection.releaseStream(event.streamId);
      peer.told.length = 0;
    };
    let sent = 0;
    for (; sent < flood.borne - slack; sent += 1) {
      peer.send(...flood.unit(sent));
      release();
      peer.frames();
    }
    assert.equal(peer.connection.closed, false, peer.connection.closeReason);
    for (; sent < flood.borne + slack && !peer.connection.closed; sent += 1) {
      peer.send(...flood.unit(sent));
      release();
    }
    assert.equal(peer.connection.closed, true);
    assert.equal(peer.connection.closeReason, flood.reason);
    assert.equal(errorsOf(peer.frames()).at(-1), 'GOAWAY 11');
  });

  test(`${flood.name}: the same spread over periods is borne`, () => {
    const peer = TestPeer.established(flood.settings, flood.limits);
    if (flood.first) peer.send(...flood.first);
    for (let sent = 0; sent < flood.borne * 2; sent += 1) {
      if (sent % 40 === 0) peer.nowMs += 10_000;
      for (const event of peer.send(...flood.unit(sent))) {
        if (event.kind === events.RESET) peer.connection.releaseStream(event.streamId);
      }
      peer.frames();
    }
    assert.equal(peer.connection.closed, false, peer.connection.closeReason);
  });
}

test('requests of one period carry overhead into the next, but no more than a thousand of them', () => {
  for (const [frames, isBorne] of [
    [5_900, true],
    [6_100, false],
  ] as const) {
    const peer = TestPeer.established();
    for (let i = 0; i < 5_000; i += 1) {
      peer.send(headers(idOf(i), GET));
      peer.connection.sendHeaders(idOf(i), 204, [], true);
      peer.frames();
    }
    peer.nowMs += 10_000;
    for (let i = 0; i < frames; i += 1) peer.send(windowUpdate(0, 1));
    assert.equal(peer.connection.closed, !isBorne, `${frames} frames`);
  }
});

test('window updates in proportion to the data sent are borne without end', () => {
  const peer = TestPeer.established({}, {}, codes.SETTINGS_INITIAL_WINDOW_SIZE, 1 << 20);
  peer.send(headers(1, GET));
  peer.connection.sendHeaders(1, 200, [], false);
  const chunk = Buffer.alloc(16_384);
  for (let i = 0; i < 5_000; i += 1) {
    peer.connection.sendData(1, chunk, 0, chunk.length, false);
    peer.frames();
    peer.send(windowUpdate(0, 8_192), windowUpdate(1, 8_192), windowUpdate(0, 8_192), windowUpdate(1, 8_192));
  }
  assert.equal(peer.connection.closed, false, peer.connection.closeReason);
});

test('CONTINUATION without end (CVE-2024-27316)', () => {
  const peer = TestPeer.established();
  peer.send(frame(1, 1, 1, literalBlock(GET)));
  for (let i = 0; i < 16; i += 1) peer.send(frame(9, 0, 1));
  assert.equal(peer.connection.closed, false);
  peer.send(frame(9, 0, 1));
  assert.equal(peer.connection.closeReason, 'CONTINUATION flood');
  assert.deepEqual(errorsOf(peer.frames()), ['GOAWAY 11']);
});

test('a field block of too many bytes', () => {
  const peer = TestPeer.established();
  peer.send(
    frame(1, 1, 1, Buffer.alloc(16_384)),
    frame(9, 0, 1, Buffer.alloc(16_384)),
    frame(9, 0, 1, Buffer.alloc(16_384)),
  );
  assert.equal(peer.connection.closed, false);
  peer.send(frame(9, 0, 1, [0]));
  assert.equal(peer.connection.closeReason, 'field block too long');
});

test('the bounds on a field block grow with the longest list, and never fall below the default ones', () => {
  for (const bytes of [1_024, 32_768]) {
    const { maxHeaderBlockBytes, maxContinuationFrames } = boundFieldBlocks(bytes);
    assert.deepEqual(
      [maxHeaderBlockBytes, maxContinuationFrames],
      [DEFAULT_HTTP2_LIMITS.maxHeaderBlockBytes, DEFAULT_HTTP2_LIMITS.maxContinuationFrames],
    );
  }
  const { maxHeaderBlockBytes, maxContinuationFrames } = boundFieldBlocks(262_144);
  assert.deepEqual([maxHeaderBlockBytes, maxContinuationFrames], [393_216, 128]);
});

test('an HPACK bomb is told as too large and costs no memory for its fields', () => {
  const peer = TestPeer.established();
  const value = 'v'.repeat(3_000);
  const long = Buffer.from([0x40, 1, 0x61, 127, ((3_000 - 127) & 127) | 128, (3_000 - 127) >> 7]);
  const bomb = Buffer.concat([literalBlock(GET), long, Buffer.from(value), Buffer.alloc(12_000, 0xbe)]);
  peer.connection.receive(frame(1, 5, 1, bomb), 1);
  assert.equal(peer.connection.next(), events.REQUEST);
  assert.equal(peer.connection.head.tooLarge, true);
  assert.deepEqual(peer.connection.head.headers, []);
});

test('one SETTINGS frame of very many parameters (CVE-2020-11080)', () => {
  const peer = TestPeer.established();
  peer.send(settings(...Array.from({ length: 66 }, () => 1)));
  assert.equal(peer.connection.closeReason, 'SETTINGS too long');
});

test('acknowledgements that nobody reads', () => {
  const peer = TestPeer.established({}, { maxPingsPerPeriod: 1e6, maxQueuedControlFrames: 100 });
  for (let i = 0; i < 100; i += 1) peer.send(ping());
  assert.equal(peer.connection.closed, false);
  peer.send(ping());
  assert.equal(peer.connection.closeReason, 'unread control frames');
  assert.ok(peer.connection.outputBytes < 100);
});

test('a peer that floods from its first bytes on hears SETTINGS before GOAWAY', () => {
  const peer = new TestPeer({}, { maxQueuedControlFrames: 100 });
  peer.send(PREFACE, settings(), Buffer.concat(Array.from({ length: 200 }, () => ping())));
  assert.equal(peer.connection.closeReason, 'unread control frames');
  const sent = peer.frames();
  assert.deepEqual([sent[0]?.type, sent.at(-1)?.type], [codes.FRAME_SETTINGS, codes.FRAME_GOAWAY]);
  assert.deepEqual(errorsOf(sent), ['GOAWAY 11']);
});

test('a chunk full of PING stops being read when the answers pile up', () => {
  const peer = TestPeer.established({}, { maxPingsPerPeriod: 1e6 });
  peer.send(Buffer.concat(Array.from({ length: 20_000 }, () => ping())));
  assert.equal(peer.connection.closeReason, 'unread control frames');
});

test('heads that nobody reads', () => {
  const peer = TestPeer.established({}, { maxReadyBytes: 10_000 });
  for (let i = 0; i < 200 && !peer.connection.closed; i += 1) {
    peer.send(headers(idOf(i), GET));
    peer.connection.sendHeaders(idOf(i), 200, ['location', `/somewhere/${'x'.repeat(200)}${i}`], true);
  }
  assert.equal(peer.connection.closed, true);
  assert.equal(peer.connection.closeReason, 'unread output');
  assert.ok(peer.connection.outputBytes < 100, 'and what nobody reads is dropped');
});

test('priorities for more idle streams than may be open', () => {
  const peer = TestPeer.established({ maxConcurrentStreams: 10 });
  for (let i = 0; i < 11; i += 1) {
    peer.send(frame(0x10, 0, 0, Buffer.concat([uint32(idOf(i)), Buffer.from('u=1')])));
  }
  assert.deepEqual(errorsOf(peer.frames()), ['GOAWAY 1']);
});

test('a stream that died counts until the engine has let go of it', () => {
  const peer = TestPeer.established({ maxConcurrentStreams: 2 });
  peer.send(headers(1, GET), headers(3, GET), rstStream(1, 8), windowUpdate(3, 0));
  assert.equal(peer.connection.openStreams, 2);
  peer.send(headers(5, GET));
  assert.deepEqual(errorsOf(peer.frames()), ['RST_STREAM 3 1', 'RST_STREAM 5 7']);
  peer.connection.releaseStream(1);
  peer.connection.resetStream(3, codes.CANCEL);
  assert.equal(peer.connection.openStreams, 0);
  assert.deepEqual(peer.frames(), [], 'no second RST_STREAM');
  assert.equal(peer.send(headers(7, GET))[0]?.kind, events.REQUEST);
});

test('releaseStream() does not let go of a stream that lives', () => {
  const peer = TestPeer.established();
  peer.send(headers(1, GET));
  peer.connection.releaseStream(1);
  assert.equal(peer.connection.openStreams, 1);
});

test('streams above the limit before our SETTINGS are acknowledged are refused without blame', () => {
  const peer = new TestPeer({ maxConcurrentStreams: 1 });
  peer.send(PREFACE, settings(), ...Array.from({ length: 900 }, (_, i) => headers(idOf(i), GET)));
  assert.equal(peer.connection.closed, false);
  assert.equal(errorsOf(peer.frames()).length, 899);
});

test('a flood of streams above the limit ends a connection that never acknowledges our SETTINGS', () => {
  const peer = new TestPeer({ maxConcurrentStreams: 1 });
  peer.send(PREFACE, settings());
  for (let first = 0; first < 4_000 && !peer.connection.closed; first += 500) {
    peer.send(...Array.from({ length: 500 }, (_, i) => headers(idOf(first + i), GET)));
  }
  assert.equal(peer.connection.closed, true);
  assert.ok(errorsOf(peer.frames()).includes('GOAWAY 11'));
});

test('SETTINGS that are not acknowledged in time', () => {
  const peer = new TestPeer();
  peer.send(PREFACE, settings());
  assert.equal(peer.connection.checkTimers(1_000), false);
  assert.equal(peer.connection.checkTimers(11_000), false);
  assert.equal(peer.connection.checkTimers(11_001), true);
  assert.deepEqual(errorsOf(peer.frames()), ['GOAWAY 4']);
  assert.equal(peer.drain()[0]?.kind, events.CLOSED);
});

for (const [name, first, more] of [
  ['half a frame', headers(1, GET).subarray(0, 5), headers(1, GET).subarray(5, 6)],
  ['a field block without its end', frame(1, 1, 1, literalBlock(GET)), frame(9, 0, 1)],
] satisfies [string, Buffer, Buffer][]) {
  test(`${name} that is dripped is not waited for`, () => {
    const peer = TestPeer.established();
    peer.nowMs = 20_000;
    peer.send(first);
    peer.nowMs = 29_000;
    peer.send(more);
    assert.equal(peer.connection.checkTimers(30_000), false);
    assert.equal(peer.connection.checkTimers(30_001), true);
    assert.equal(peer.connection.closeReason, 'frame not completed in time');
  });
}

test('an idle connection, or one in the middle of a body, is nothing to time out here', () => {
  const peer = TestPeer.established();
  assert.equal(peer.connection.checkTimers(1_000_000), false);
  peer.send(headers(1, POST, false), data(1, 'abcdef').subarray(0, 12));
  assert.equal(peer.connection.checkTimers(2_000_000), false);
});
