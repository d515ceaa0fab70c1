/** Whole client sides of HTTP/2 connections: requests with content and trailers, control frames between them, then damage by the frame. */
import { HpackEncoder } from '../../../proxy/wire/hpack/encoder.js';
import * as codes from '../../../proxy/wire/http2/codes.js';
import type { SeededRandom } from '../../support/random.js';
import { encodeBlock } from '../hpack/blocks.js';
import {
  bytesOf,
  type Frame,
  frame,
  PREFACE,
  ping,
  settings,
  settingsAck,
  uint32,
  windowUpdate,
} from './frames.js';
import { requestFields, trailerFields } from './http2-fields.js';
import { mutateBytes } from './mutate.js';

const TYPES = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0xa, 0x10, 0xc, 0xff] as const;
const INCREMENTS = [0, 1, 100, 65535, 2 ** 30, 2 ** 31 - 1, 2 ** 31] as const;
const SETTING_VALUES = [
  0,
  1,
  2,
  100,
  4095,
  4096,
  16383,
  16384,
  65535,
  2 ** 24 - 1,
  2 ** 24,
  2 ** 31 - 1,
  2 ** 31,
  2 ** 32 - 1,
] as const;

/** Pads a payload (RFC 9113 §6.1) and says with which flag. */
function padded(random: SeededRandom, payload: Buffer): { payload: Buffer; flags: number } {
  if (!random.oneIn(6)) return { payload, flags: 0 };
  const length = random.below(20);
  const said = random.oneIn(10) ? random.below(256) : length;
  return {
    payload: Buffer.concat([Buffer.from([said]), payload, Buffer.alloc(length)]),
    flags: codes.FLAG_PADDED,
  };
}

function headerFrames(random: SeededRandom, streamId: number, block: Buffer, endStream: boolean): Frame[] {
  const cut = random.oneIn(4) ? random.below(block.length + 1) : block.length;
  const frames: Frame[] = [];
  let first = block.subarray(0, cut);
  let flags = endStream ? codes.FLAG_END_STREAM : 0;
  if (random.oneIn(8)) {
    const dependency = random.oneIn(8) ? streamId : 2 * random.below(4);
    first = Buffer.concat([uint32(dependency), Buffer.from([random.below(256)]), first]);
    flags |= codes.FLAG_PRIORITY;
  }
  const head = padded(random, first);
  const isWhole = cut === block.length && !random.oneIn(8);
  flags |= head.flags | (isWhole ? codes.FLAG_END_HEADERS : 0);
  frames.push(frame(codes.FRAME_HEADERS, flags, streamId, head.payload));
  if (isWhole) return frames;
  const rest = block.subarray(cut);
  const middle = random.below(rest.length + 1);
  if (random.oneIn(3)) frames.push(frame(codes.FRAME_CONTINUATION, 0, streamId, rest.subarray(0, middle)));
  const last = frames.length === 2 ? rest.subarray(middle) : rest;
  frames.push(frame(codes.FRAME_CONTINUATION, codes.FLAG_END_HEADERS, streamId, last));
  return frames;
}

/** A request in the frames it takes: one unit each, because a field block stands together. */
function requestUnits(random: SeededRandom, encoder: HpackEncoder, streamId: number): (() => Frame[])[] {
  const pieces: Buffer[] = [];
  const hasContent = random.oneIn(2);
  const hasTrailers = hasContent && random.oneIn(4);
  if (hasContent)
    for (let count = 1 + random.below(3); count > 0; count -= 1) pieces.push(random.bytes(random.below(40)));
  const bytes = pieces.reduce((sum, piece) => sum + piece.length, 0);
  const fields = requestFields(
    random,
    hasContent && random.oneIn(2) ? bytes + (random.oneIn(10) ? 1 : 0) : -1,
  );
  const units = [(): Frame[] => headerFrames(random, streamId, encodeBlock(encoder, fields), !hasContent)];
  for (const [index, piece] of pieces.entries()) {
    const isLast = index === pieces.length - 1 && !hasTrailers && !random.oneIn(12);
    const data = padded(random, piece);
    const flags = data.flags | (isLast ? codes.FLAG_END_STREAM : 0);
    units.push(() => [frame(codes.FRAME_DATA, flags, streamId, data.payload)]);
  }
  if (hasTrailers) {
    units.push(() =>
      headerFrames(random, streamId, encodeBlock(encoder, trailerFields(random)), !random.oneIn(8)),
    );
  }
  return units;
}

function controlFrame(random: SeededRandom): Frame {
  const streamId = 1 + 2 * random.below(5);
  switch (random.below(9)) {
    case 0:
      return ping('12345678');
    case 1:
      return random.oneIn(4) ? settingsAck() : ping('abcdefgh');
    case 2:
      return settings(
        random.below(10),
        random.of([...SETTING_VALUES]),
        random.below(10),
        random.below(70_000),
      );
    case 3:
      return windowUpdate(random.oneIn(2) ? 0 : streamId, random.of([...INCREMENTS]));
    case 4:
      return frame(
        codes.FRAME_PRIORITY,
        0,
        streamId,
        Buffer.concat([uint32(random.below(9)), Buffer.from([7])]),
      );
    case 5:
      return frame(codes.FRAME_RST_STREAM, 0, streamId, uint32(random.below(14)));
    case 6:
      return frame(
        codes.FRAME_PRIORITY_UPDATE,
        0,
        0,
        Buffer.concat([uint32(streamId), Buffer.from('u=2, i')]),
      );
    case 7:
      return frame(
        random.of([0x0a, 0x20, 0xff]),
        random.below(256),
        streamId,
        random.bytes(random.below(12)),
      );
    default:
      return random.oneIn(4)
        ? frame(codes.FRAME_GOAWAY, 0, 0, Buffer.concat([uint32(0), uint32(random.below(14))]))
        : windowUpdate(0, 1 + random.below(1000));
  }
}

function damagedFrame(random: SeededRandom, frames: Frame[]): void {
  const at = random.below(frames.length);
  const old = frames[at];
  if (old === undefined) return;
  switch (random.below(9)) {
    case 0:
      frames[at] = { ...old, type: random.of([...TYPES]) };
      break;
    case 1:
      frames[at] = { ...old, flags: old.flags ^ random.of([1, 4, 8, 0x20, 0xff]) };
      break;
    case 2:
      frames[at] = { ...old, streamId: random.of([0, 1, 2, 3, 5, 7, 2 ** 31 - 1, 2 ** 31 + 1]) };
      break;
    case 3:
      frames[at] = { ...old, declared: Math.max(0, old.payload.length + random.of([-1, 1, -2, 9, 16385])) };
      break;
    case 4:
      if (old.payload.length > 0) frames[at] = { ...old, payload: mutateBytes(random, old.payload) };
      break;
    case 5:
      frames.splice(at, 1);
      break;
    case 6:
      frames.splice(random.below(frames.length + 1), 0, old);
      break;
    case 7:
      frames.splice(at, 1);
      frames.splice(random.below(frames.length + 1), 0, old);
      break;
    default:
      frames[at] = { ...old, payload: old.payload.subarray(0, random.below(old.payload.length + 1)) };
  }
}

/** The frames after the preface. `damages` is how many are damaged. */
export function sessionFrames(random: SeededRandom, damages: number): Frame[] {
  const encoder = new HpackEncoder(4096);
  const frames = [
    random.oneIn(4) ? settings(4, random.of([0, 1, 100, 65535, 2 ** 20])) : settings(),
    settingsAck(),
  ];
  const open: (() => Frame[])[][] = [];
  let nextId = 1;
  for (let left = 1 + random.below(4); left > 0 || open.length > 0; ) {
    if (left > 0 && (open.length === 0 || random.oneIn(3))) {
      open.push(requestUnits(random, encoder, nextId));
      nextId += random.oneIn(12) ? 4 : 2;
      left -= 1;
    }
    const at = random.below(open.length);
    const unit = open[at]?.shift();
    if (unit === undefined) open.splice(at, 1);
    else frames.push(...unit());
    if (random.oneIn(10)) frames.push(controlFrame(random));
  }
  for (let count = damages; count > 0 && frames.length > 0; count -= 1) damagedFrame(random, frames);
  return frames;
}

/** A client's side of a connection, preface included, damaged more often than not. */
export function session(random: SeededRandom): Buffer {
  const frames = sessionFrames(random, Math.max(0, random.below(5) - 2));
  const bytes = Buffer.concat([PREFACE, ...frames.map(bytesOf)]);
  return random.oneIn(12) ? mutateBytes(random, bytes) : bytes;
}
