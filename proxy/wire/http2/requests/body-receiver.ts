/** Request bodies out of DATA, held to windows and content-length (RFC 9113 §5.2, §6.1, §8.1.1). */
import { FLAG_END_STREAM, FLOW_CONTROL_ERROR, NO_ERROR, PROTOCOL_ERROR, STREAM_CLOSED } from '../codes.js';
import type { ConnectionContext } from '../context.js';
import { DATA, type FrameEvent, NO_EVENT } from '../events.js';
import { Http2ConnectionError } from '../faults.js';
import { ReceiveWindow } from '../streams/receive-window.js';
import type { Http2Stream } from '../streams/stream.js';

/** DATA for a stream that is cut costs its sender something from this size on, and a window bounds it. */
const CHEAP_BYTES = 256;

export class BodyReceiver {
  /** Whose body the DATA frame under way is; null when it is thrown away. */
  private stream: Http2Stream | null = null;
  private endsRequest = false;

  constructor(private readonly context: ConnectionContext) {}

  /** Handles the head of a DATA frame. */
  begin(): FrameEvent {
    const { context } = this;
    const { frame, streams, abuse } = context;
    const { payloadBytes, streamId } = frame;
    this.stream = null;
    this.endsRequest = (frame.flags & FLAG_END_STREAM) !== 0;
    const stream = streams.get(streamId);
    if (stream === undefined && (streamId === 0 || streams.isIdle(streamId))) {
      throw new Http2ConnectionError('DATA on an idle stream');
    }
    if (!context.inflow.receive(payloadBytes)) throw new Http2ConnectionError('connection window overrun');
    if (stream === undefined || stream.isDead) {
      const isLate = stream === undefined ? context.isPassedOver(streamId) : stream.state !== 'reset-by-peer';
      if (!isLate) throw new Http2ConnectionError('DATA on a closed stream');
      if (payloadBytes < CHEAP_BYTES) abuse.countOverhead();
      context.creditConnection(payloadBytes);
      return NO_EVENT;
    }
    const errorCode = this.findFault(stream, payloadBytes, frame.bodyLeft);
    if (errorCode !== NO_ERROR) {
      context.creditConnection(payloadBytes);
      return context.streamError(stream, errorCode);
    }
    if (frame.paddingBytes > 0) {
      context.creditConnection(frame.paddingBytes);
      context.creditStream(stream, frame.paddingBytes);
    }
    this.stream = stream;
    if (frame.bodyLeft > 0) return NO_EVENT;
    if (!this.endsRequest) {
      abuse.countEmptyData();
      return NO_EVENT;
    }
    // The reader still stands on what it read last, which is no part of this body.
    frame.start = frame.end;
    return this.tell(stream);
  }

  /** The code of the stream error that this DATA frame is, or NO_ERROR. */
  private findFault(stream: Http2Stream, frameBytes: number, bodyBytes: number): number {
    if (!stream.isRemoteOpen) return STREAM_CLOSED;
    stream.inflow ??= new ReceiveWindow(this.context.streamWindowBytes, this.context.nowMs);
    if (!stream.inflow.receive(frameBytes)) return FLOW_CONTROL_ERROR;
    if (stream.promisedBytes < 0) return NO_ERROR;
    // RFC 9113 §8.1.1: DATA adds up to content-length.
    stream.promisedBytes -= bodyBytes;
    const isWrong = stream.promisedBytes < 0 || (this.endsRequest && stream.promisedBytes > 0);
    return isWrong ? PROTOCOL_ERROR : NO_ERROR;
  }

  /** Tells the piece of body that the reader stands on. */
  readPiece(): FrameEvent {
    const { stream, context } = this;
    if (stream === null) return NO_EVENT;
    const bytes = context.frame.end - context.frame.start;
    if (stream.isDead) {
      context.creditConnection(bytes);
      return NO_EVENT;
    }
    stream.unconsumedBytes += bytes;
    return this.tell(stream);
  }

  private tell(stream: Http2Stream): FrameEvent {
    const { context } = this;
    const endStream = this.endsRequest && context.frame.bodyLeft === 0;
    const isWanted = stream.body !== 'unwanted';
    if (!isWanted) context.returnUnconsumed(stream);
    if (endStream) context.endRequest(stream);
    if (!isWanted) return NO_EVENT;
    context.event.streamId = stream.id;
    context.event.endStream = endStream;
    return DATA;
  }
}
