/** HTTP/2 frames as plain values, written and read (RFC 9113 §4.1), right or wrong. */
import {
  FLAG_ACK,
  FRAME_HEADER_BYTES,
  FRAME_PING,
  FRAME_SETTINGS,
  FRAME_WINDOW_UPDATE,
} from '../../../proxy/wire/http2/codes.js';

export const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1');

export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
  readonly payload: Buffer;
  /** What the length field says when that is not the payload's length. */
  readonly declared?: number;
}

export function frame(
  type: number,
  flags: number,
  streamId: number,
  payload: Buffer = Buffer.alloc(0),
): Frame {
  return { type, flags, streamId, payload };
}

export function bytesOf({ type, flags, streamId, payload, declared }: Frame): Buffer {
  const bytes = Buffer.alloc(FRAME_HEADER_BYTES + payload.length);
  bytes.writeUIntBE((declared ?? payload.length) & 0xff_ffff, 0, 3);
  bytes[3] = type;
  bytes[4] = flags;
  bytes.writeUInt32BE(streamId >>> 0, 5);
  payload.copy(bytes, FRAME_HEADER_BYTES);
  return bytes;
}

export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value >>> 0);
  return bytes;
}

/** SETTINGS with identifier, value, …. */
export function settings(...pairs: number[]): Frame {
  const payload = Buffer.alloc(pairs.length * 3);
  for (let index = 0; index < pairs.length; index += 2) {
    payload.writeUInt16BE(pairs[index] ?? 0, index * 3);
    payload.writeUInt32BE((pairs[index + 1] ?? 0) >>> 0, index * 3 + 2);
  }
  return frame(FRAME_SETTINGS, 0, 0, payload);
}

export const settingsAck = (): Frame => frame(FRAME_SETTINGS, FLAG_ACK, 0);
export const ping = (text: string): Frame => frame(FRAME_PING, 0, 0, Buffer.from(text, 'latin1'));
export const windowUpdate = (streamId: number, increment: number): Frame =>
  frame(FRAME_WINDOW_UPDATE, 0, streamId, uint32(increment));

/** Cuts bytes into frames; what is left of a torn last one comes back as `rest`. */
export function framesIn(bytes: Buffer): { frames: Frame[]; rest: Buffer } {
  const frames: Frame[] = [];
  let at = 0;
  while (at + FRAME_HEADER_BYTES <= bytes.length) {
    const end = at + FRAME_HEADER_BYTES + bytes.readUIntBE(at, 3);
    if (end > bytes.length) break;
    const payload = bytes.subarray(at + FRAME_HEADER_BYTES, end);
    frames.push(
      frame(bytes[at + 3] ?? 0, bytes[at + 4] ?? 0, bytes.readUInt32BE(at + 5) & 0x7fff_ffff, payload),
    );
    at = end;
  }
  return { frames, rest: bytes.subarray(at) };
}
