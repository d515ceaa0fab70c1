/** The inbound half of a connection: received chunks in, events out. */
import { FRAME_CONTINUATION, FRAME_HEADERS, FRAME_SETTINGS } from './codes.js';
import type { ConnectionContext } from './context.js';
import { type FrameEvent, type Http2Event, NEED_DATA, NO_EVENT, WRITABLE } from './events.js';
import { Http2ConnectionError } from './faults.js';
import { readControlFrame } from './frames/control-frames.js';
import {
  READ_BAD_PADDING,
  READ_BAD_PREFACE,
  READ_DATA,
  READ_FRAME,
  READ_NOTHING,
  READ_TOO_LONG,
} from './frames/frame-reader.js';
import { BodyReceiver } from './requests/body-receiver.js';
import { RequestReader } from './requests/request-reader.js';

export class ConnectionInput {
  readonly requests: RequestReader;
  private readonly bodies: BodyReceiver;
  /** Since when a frame or a field block has been incomplete, and which frame it was. */
  private partialSinceMs = 0;
  private partialFrame = 0;

  constructor(private readonly context: ConnectionContext) {
    this.requests = new RequestReader(context);
    this.bodies = new BodyReceiver(context);
  }

  receive(chunk: Buffer, nowMs: number): void {
    const { context } = this;
    context.nowMs = nowMs;
    if (context.closed) return;
    context.abuse.tick(nowMs);
    context.frame.receive(chunk);
  }

  next(): Http2Event {
    const { context } = this;
    if (context.closed) return context.tellClosed();
    try {
      const event = this.read();
      context.boundOutput();
      if (!context.closed) return event;
    } catch (error) {
      if (!(error instanceof Http2ConnectionError)) throw error;
      context.fail(error.fault);
    }
    return context.tellClosed();
  }

  /** A peer that takes its time over half a frame or half a field block. */
  isPartialTooOld(nowMs: number): boolean {
    return this.partialSinceMs > 0 && nowMs - this.partialSinceMs > this.context.limits.partialFrameTimeoutMs;
  }

  private read(): Http2Event {
    const { context } = this;
    const writable = context.takeWritable();
    if (writable !== null) {
      context.event.streamId = writable.id;
      return WRITABLE;
    }
    for (;;) {
      const event = context.frame.bodyLeft > 0 ? this.readBody() : this.readFrame();
      if (event !== NO_EVENT) return event;
      if (context.output.controlFrames > context.limits.maxQueuedControlFrames) return NEED_DATA;
    }
  }

  private readBody(): FrameEvent {
    return this.context.frame.readBody() ? this.bodies.readPiece() : this.wait();
  }

  private readFrame(): FrameEvent {
    const result = this.context.frame.read();
    switch (result) {
      case READ_FRAME:
        this.checkOrder();
        return this.readWholeFrame();
      case READ_DATA:
        this.checkOrder();
        return this.bodies.begin();
      case READ_NOTHING:
        return this.wait();
      case READ_BAD_PREFACE:
        throw new Http2ConnectionError('no connection preface');
      case READ_TOO_LONG:
        throw new Http2ConnectionError('frame too long');
      case READ_BAD_PADDING:
        throw new Http2ConnectionError('padding longer than its frame');
      default:
        return result satisfies never;
    }
  }

  private readWholeFrame(): FrameEvent {
    const { type } = this.context.frame;
    if (type === FRAME_HEADERS) return this.requests.readHeaders();
    return type === FRAME_CONTINUATION ? this.requests.readContinuation() : readControlFrame(this.context);
  }

  /** Lets go of what the last event referred to. */
  private wait(): typeof NEED_DATA {
    const { frame, event, nowMs } = this.context;
    const isInBlock = this.requests.block.streamId !== 0;
    event.letGo();
    if (!frame.isMidFrame && !isInBlock) {
      this.partialSinceMs = 0;
    } else if (this.partialSinceMs === 0 || (!isInBlock && this.partialFrame !== frame.frames)) {
      this.partialSinceMs = nowMs;
      this.partialFrame = frame.frames;
    }
    return NEED_DATA;
  }

  /** RFC 9113 §3.4: SETTINGS first; §4.3: a field block is not interrupted. */
  private checkOrder(): void {
    const { frame } = this.context;
    if (frame.frames === 1 && (frame.type !== FRAME_SETTINGS || (frame.flags & 1) !== 0)) {
      throw new Http2ConnectionError('first frame is not SETTINGS');
    }
    const blockStreamId = this.requests.block.streamId;
    if (frame.type === FRAME_CONTINUATION) {
      if (blockStreamId === 0 || frame.streamId !== blockStreamId) {
        throw new Http2ConnectionError('CONTINUATION out of place');
      }
    } else if (blockStreamId !== 0) throw new Http2ConnectionError('field block interrupted');
  }
}
