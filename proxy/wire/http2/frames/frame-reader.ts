/** Cuts received chunks into frames (RFC 9113 §3.4, §4.1), without copying what came whole. */
import {
  FLAG_PADDED,
  FRAME_CONTINUATION,
  FRAME_DATA,
  FRAME_HEADER_BYTES,
  FRAME_PRIORITY_UPDATE,
} from '../codes.js';

/** What `read()` returns. */
export const READ_NOTHING = 0;
/** A frame with its payload in `payload[start,end)`. */
export const READ_FRAME = 1;
/** The head of a DATA frame: `bodyLeft` and `paddingBytes` tell what follows; take the body by `readBody()`. */
export const READ_DATA = 2;
export const READ_BAD_PREFACE = 3;
/** `payloadBytes` is over the limit. */
export const READ_TOO_LONG = 4;
/** The padding leaves no room for itself (RFC 9113 §6.1). */
export const READ_BAD_PADDING = 5;

export type ReadResult =
  | typeof READ_NOTHING
  | typeof READ_FRAME
  | typeof READ_DATA
  | typeof READ_BAD_PREFACE
  | typeof READ_TOO_LONG
  | typeof READ_BAD_PADDING;

const NOTHING: Buffer = Buffer.alloc(0);
const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1');
const FIRST_PARTIAL_BYTES = 64;

/** Keeps a view of the chunk that is being read, and a copy of a frame that came in part; nothing between frames. */
export class FrameReader {
  payloadBytes = 0;
  type = 0;
  flags = 0;
  streamId = 0;
  payload = NOTHING;
  start = 0;
  end = 0;
  /** Body bytes of the DATA frame under way that have not been read. */
  bodyLeft = 0;
  /** Octets of padding, with the pad length. */
  paddingBytes = 0;
  /** Frames begun. */
  frames = 0;

  private chunk = NOTHING;
  private position = 0;
  private prefaceRead = 0;
  /** Octets to pass over: padding, and payloads nobody needs. */
  private discard = 0;
  private partial: Buffer | null = null;
  private partialBytes = 0;

  constructor(private readonly maxFrameBytes: number) {}

  receive(chunk: Buffer): void {
    const unread = this.chunk.length - this.position;
    this.chunk = unread === 0 ? chunk : Buffer.concat([this.chunk.subarray(this.position), chunk]);
    this.position = 0;
  }

  /** Not one octet has come. */
  get isUnused(): boolean {
    return this.prefaceRead === 0;
  }

  /** A frame, or the preface, has begun and not ended. DATA under way does not count. */
  get isMidFrame(): boolean {
    return this.partial !== null || this.prefaceRead < PREFACE.length;
  }

  /** The next frame. Call it again only when `bodyLeft` is 0. */
  read(): ReadResult {
    if (this.prefaceRead < PREFACE.length && !this.readPreface()) {
      return this.prefaceRead < 0 ? READ_BAD_PREFACE : this.release();
    }
    if (this.discard > 0) {
      const passed = Math.min(this.discard, this.chunk.length - this.position);
      this.discard -= passed;
      this.position += passed;
    }
    if (this.position === this.chunk.length) return this.release();
    return this.partial === null ? this.readFromChunk() : this.readFromPartial(this.partial);
  }

  /** A piece of the body of the DATA frame under way: [start, end) of `payload`. False when the chunk has no more. */
  readBody(): boolean {
    const bytes = Math.min(this.bodyLeft, this.chunk.length - this.position);
    if (bytes === 0) {
      this.release();
      return false;
    }
    this.payload = this.chunk;
    this.start = this.position;
    this.position += bytes;
    this.end = this.position;
    this.bodyLeft -= bytes;
    return true;
  }

  /** Passes over the rest of the body under way and forgets everything else: the connection is over. */
  stop(): void {
    this.bodyLeft = 0;
    this.position = this.chunk.length;
    this.partial = null;
    this.release();
  }

  /** An idle connection holds on to no chunk. */
  private release(): typeof READ_NOTHING {
    this.chunk = NOTHING;
    this.payload = NOTHING;
    this.position = 0;
    return READ_NOTHING;
  }

  /** True when the preface is complete; `prefaceRead` turns negative when it is none. */
  private readPreface(): boolean {
    while (this.position < this.chunk.length && this.prefaceRead < PREFACE.length) {
      if (this.chunk[this.position] !== PREFACE[this.prefaceRead]) {
        this.prefaceRead = -1;
        return false;
      }
      this.position += 1;
      this.prefaceRead += 1;
    }
    return this.prefaceRead === PREFACE.length;
  }

  private readFromChunk(): ReadResult {
    const chunk = this.chunk;
    const at = this.position;
    const present = chunk.length - at;
    if (present < FRAME_HEADER_BYTES) return this.keepPartial();
    this.readHeader(chunk, at);
    if (this.payloadBytes > this.maxFrameBytes) return READ_TOO_LONG;
    const needed = this.neededBytes();
    if (present < needed) return this.keepPartial();
    this.position = at + needed;
    return this.finishFrame(chunk, at);
  }

  /** How much of the frame must be here before it can be told. */
  private neededBytes(): number {
    if (this.type === FRAME_DATA) {
      const padded = (this.flags & FLAG_PADDED) !== 0 && this.payloadBytes > 0;
      return FRAME_HEADER_BYTES + (padded ? 1 : 0);
    }
    return this.isUnknown() ? FRAME_HEADER_BYTES : FRAME_HEADER_BYTES + this.payloadBytes;
  }

  private isUnknown(): boolean {
    return this.type > FRAME_CONTINUATION && this.type !== FRAME_PRIORITY_UPDATE;
  }

  private readHeader(from: Buffer, at: number): void {
    this.payloadBytes = ((from[at] ?? 0) << 16) | ((from[at + 1] ?? 0) << 8) | (from[at + 2] ?? 0);
    this.type = from[at + 3] ?? 0;
    this.flags = from[at + 4] ?? 0;
    this.streamId = from.readInt32BE(at + 5) & 0x7fff_ffff;
  }

  private finishFrame(from: Buffer, at: number): ReadResult {
    this.frames += 1;
    if (this.type === FRAME_DATA) return this.beginBody(from[at + FRAME_HEADER_BYTES] ?? 0);
    this.payload = from;
    this.start = at + FRAME_HEADER_BYTES;
    this.end = this.start;
    if (this.isUnknown()) this.discard = this.payloadBytes;
    else this.end += this.payloadBytes;
    return READ_FRAME;
  }

  private beginBody(padLength: number): ReadResult {
    this.paddingBytes = (this.flags & FLAG_PADDED) === 0 ? 0 : 1 + padLength;
    if (this.paddingBytes > this.payloadBytes) return READ_BAD_PADDING;
    this.bodyLeft = this.payloadBytes - this.paddingBytes;
    this.payload = NOTHING;
    this.start = 0;
    this.end = 0;
    // Padding follows the body, and the next read() comes only when the body is read.
    this.discard = Math.max(this.paddingBytes - 1, 0);
    return READ_DATA;
  }

  /** Copies the rest of the chunk until more comes; room grows with what really came, not with what the header promises. */
  private keepPartial(): typeof READ_NOTHING {
    const present = this.chunk.length - this.position;
    this.partial = Buffer.allocUnsafeSlow(Math.max(present, FIRST_PARTIAL_BYTES));
    this.partialBytes = this.chunk.copy(this.partial, 0, this.position);
    return this.release();
  }

  private readFromPartial(partial: Buffer): ReadResult {
    if (!this.fillPartial(partial, FRAME_HEADER_BYTES)) return this.release();
    this.readHeader(partial, 0);
    if (this.payloadBytes > this.maxFrameBytes) return READ_TOO_LONG;
    const needed = this.neededBytes();
    let roomy = partial;
    if (needed > partial.length) {
      const wanted = Math.min(needed, this.partialBytes + this.chunk.length - this.position);
      if (wanted > partial.length) {
        roomy = Buffer.allocUnsafeSlow(Math.min(needed, Math.max(wanted, partial.length * 2)));
        partial.copy(roomy, 0, 0, this.partialBytes);
        this.partial = roomy;
      }
    }
    if (!this.fillPartial(roomy, needed)) return this.release();
    this.partial = null;
    this.partialBytes = 0;
    return this.finishFrame(roomy, 0);
  }

  /** Moves octets from the chunk until `wanted` are there; false when they are not. */
  private fillPartial(partial: Buffer, wanted: number): boolean {
    if (this.partialBytes < wanted) {
      const bytes = Math.min(wanted - this.partialBytes, this.chunk.length - this.position);
      this.chunk.copy(partial, this.partialBytes, this.position, this.position + bytes);
      this.position += bytes;
      this.partialBytes += bytes;
    }
    return this.partialBytes >= wanted;
  }
}
