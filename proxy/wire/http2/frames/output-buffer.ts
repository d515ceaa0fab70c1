/** Finished frames of one connection, in the order in which they go out. */

import {
  FLAG_ACK,
  FRAME_GOAWAY,
  FRAME_HEADER_BYTES,
  FRAME_PING,
  FRAME_RST_STREAM,
  FRAME_SETTINGS,
  FRAME_WINDOW_UPDATE,
} from '../codes.js';
import { acquireBlock, lendBlock, releaseBlock } from './block-pool.js';

const NOTHING: Buffer = Buffer.alloc(0);
const USUAL_BLOCK_BYTES = 20_480;

/** Writes `value` as four octets, most significant first. */
export function writeUint32(block: Buffer, at: number, value: number): void {
  block[at] = value >>> 24;
  block[at + 1] = value >>> 16;
  block[at + 2] = value >>> 8;
  block[at + 3] = value;
}

/** Holds a block of the pool only while there is something in it. */
export class OutputBuffer {
  block: Buffer = NOTHING;
  /** Bytes ready in `block`. */
  length = 0;
  /** Acknowledgements, resets and window updates since the last `take()`. */
  controlFrames = 0;
  /** Something has gone out. */
  wasTaken = false;

  /** Makes room for so many more bytes. */
  reserve(bytes: number): void {
    const wanted = this.length + bytes;
    if (wanted <= this.block.length) return;
    const roomier = acquireBlock(
      this.length === 0 ? Math.max(wanted, USUAL_BLOCK_BYTES) : Math.max(wanted, this.block.length * 2),
    );
    this.block.copy(roomier, 0, 0, this.length);
    if (this.block.length > 0) releaseBlock(this.block);
    this.block = roomier;
  }

  /** RFC 9113 §4.1; the caller has reserved the room. */
  writeFrameHeader(at: number, payloadBytes: number, type: number, flags: number, streamId: number): void {
    const block = this.block;
    block[at] = payloadBytes >>> 16;
    block[at + 1] = payloadBytes >>> 8;
    block[at + 2] = payloadBytes;
    block[at + 3] = type;
    block[at + 4] = flags;
    writeUint32(block, at + 5, streamId);
  }

  /** Room for one frame, its header written; returns where the payload goes. */
  private openFrame(payloadBytes: number, type: number, flags: number, streamId: number): number {
    this.reserve(FRAME_HEADER_BYTES + payloadBytes);
    const at = this.length;
    this.writeFrameHeader(at, payloadBytes, type, flags, streamId);
    this.length = at + FRAME_HEADER_BYTES + payloadBytes;
    return at + FRAME_HEADER_BYTES;
  }

  writeReset(streamId: number, errorCode: number): void {
    this.controlFrames += 1;
    const at = this.openFrame(4, FRAME_RST_STREAM, 0, streamId);
    writeUint32(this.block, at, errorCode);
  }

  writeWindowUpdate(streamId: number, increment: number): void {
    this.controlFrames += 1;
    const at = this.openFrame(4, FRAME_WINDOW_UPDATE, 0, streamId);
    writeUint32(this.block, at, increment);
  }

  /** `pairs`: identifier, value, … */
  writeSettings(pairs: readonly number[]): void {
    let at = this.openFrame(pairs.length * 3, FRAME_SETTINGS, 0, 0);
    for (let i = 0; i < pairs.length; i += 2) {
      const identifier = pairs[i] ?? 0;
      this.block[at] = identifier >>> 8;
      this.block[at + 1] = identifier;
      writeUint32(this.block, at + 2, pairs[i + 1] ?? 0);
      at += 6;
    }
  }

  writeSettingsAck(): void {
    this.controlFrames += 1;
    this.openFrame(0, FRAME_SETTINGS, FLAG_ACK, 0);
  }

  /** Copies the eight octets of a PING at `from`. */
  writePingAck(payload: Buffer, from: number): void {
    this.controlFrames += 1;
    const at = this.openFrame(8, FRAME_PING, FLAG_ACK, 0);
    payload.copy(this.block, at, from, from + 8);
  }

  writeGoaway(lastStreamId: number, errorCode: number): void {
    const at = this.openFrame(8, FRAME_GOAWAY, 0, 0);
    writeUint32(this.block, at, lastStreamId);
    writeUint32(this.block, at + 4, errorCode);
  }

  /** Drops it all; whole frames only ever stand here. */
  discard(): void {
    if (this.block.length > 0) releaseBlock(this.block);
    this.block = NOTHING;
    this.length = 0;
    this.controlFrames = 0;
  }

  /** All of it. The block goes back to the pool at the next `take()` of any connection. */
  take(): Buffer {
    const block = this.block;
    const taken = block.subarray(0, this.length);
    this.block = NOTHING;
    this.length = 0;
    this.controlFrames = 0;
    this.wasTaken = true;
    lendBlock(block);
    return taken;
  }
}
