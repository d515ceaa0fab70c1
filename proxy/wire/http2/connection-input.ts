/** The inbound half of a connection: chunks in, events out. */
import {
  FRAME_CONTINUATION,
  FRAME_HEADERS,
  FRAME_SETTINGS,
  FRAME_SIZE_ERROR,
  PROTOCOL_ERROR,
} from './codes.js';
import { Http2ConnectionError } from './connection-error.js';
import { NO_EVENT } from './control-frames.js';
import { DataFrames } from './data-frames.js';
import * as events from './events.js';
import {
  READ_BAD_PADDING,
  READ_BAD_PREFACE,
  READ_DATA,
  READ_NOTHING,
  READ_TOO_LONG,
} from './frame-reader.js';

export abstract class ConnectionInput extends DataFrames {
  /** Since when a frame or a field block has been incomplete, and which frame it was. */
  private partialSinceMs = 0;
  private partialFrame = 0;

  receive(chunk: Buffer, nowMs: number): void {
    this.nowMs = nowMs;
    if (this.closed) return;
    this.abuse.tick(nowMs);
    this.reader.receive(chunk);
  }

  next(): number {
    if (this.closed) return this.tellClosed();
    try {
      const event = this.nextWritable() ? events.WRITABLE : this.readFrames();
      this.boundOutput();
      if (!this.closed) return event;
    } catch (error) {
      if (!(error instanceof Http2ConnectionError)) throw error;
      this.fail(error.errorCode, error.reason);
    }
    return this.tellClosed();
  }

  private nextWritable(): boolean {
    for (;;) {
      const id = this.writable?.shift();
      if (id === undefined) {
        this.writable = null;
        return false;
      }
      const stream = this.streams.get(id);
      if (stream === undefined || stream.dead) continue;
      this.streamId = id;
      return true;
    }
  }

  private readFrames(): number {
    for (;;) {
      const event = this.reader.bodyLeft > 0 ? this.readBody() : this.readFrame();
      if (event !== NO_EVENT) return event;
      if (this.output.controlFrames > this.limits.maxQueuedControlFrames) return events.NEED_DATA;
    }
  }

  private readBody(): number {
    return this.reader.readBody() ? this.bodyPiece() : this.wait();
  }

  private readFrame(): number {
    switch (this.reader.read()) {
      case READ_NOTHING:
        return this.wait();
      case READ_BAD_PREFACE:
        throw new Http2ConnectionError(PROTOCOL_ERROR, 'no connection preface');
      case READ_TOO_LONG:
        throw new Http2ConnectionError(FRAME_SIZE_ERROR, 'frame too long');
      case READ_BAD_PADDING:
        throw new Http2ConnectionError(PROTOCOL_ERROR, 'padding longer than its frame');
      case READ_DATA:
        this.checkOrder();
        return this.beginData();
      default:
        this.checkOrder();
        return this.dispatch();
    }
  }

  /** Lets go of what the last event referred to. */
  private wait(): number {
    this.letGo();
    if (!this.reader.isMidFrame && this.block.streamId === 0) {
      this.partialSinceMs = 0;
    } else if (
      this.partialSinceMs === 0 ||
      (this.block.streamId === 0 && this.partialFrame !== this.reader.frames)
    ) {
      this.partialSinceMs = this.nowMs;
      this.partialFrame = this.reader.frames;
    }
    return events.NEED_DATA;
  }

  /** A peer that takes its time over half a frame or half a field block. */
  protected isPartialTooOld(nowMs: number): boolean {
    return this.partialSinceMs > 0 && nowMs - this.partialSinceMs > this.limits.partialFrameTimeoutMs;
  }

  /** RFC 9113 §3.4: SETTINGS first; §4.3: a field block is not interrupted. */
  private checkOrder(): void {
    const reader = this.reader;
    if (reader.frames === 1 && (reader.type !== FRAME_SETTINGS || (reader.flags & 1) !== 0)) {
      throw new Http2ConnectionError(PROTOCOL_ERROR, 'first frame is not SETTINGS');
    }
    const isContinuation = reader.type === FRAME_CONTINUATION;
    if (
      isContinuation !== (this.block.streamId !== 0) ||
      (isContinuation && reader.streamId !== this.block.streamId)
    ) {
      throw new Http2ConnectionError(
        PROTOCOL_ERROR,
        isContinuation ? 'CONTINUATION out of place' : 'field block interrupted',
      );
    }
  }

  private dispatch(): number {
    const reader = this.reader;
    if (reader.type === FRAME_HEADERS) return this.headers();
    return reader.type === FRAME_CONTINUATION ? this.continuation() : this.control();
  }
}
