/** Request bodies out of DATA, held to windows and content-length (RFC 9113 §5.2, §6.1, §8.1.1). */
import { FLAG_END_STREAM, FLOW_CONTROL_ERROR, PROTOCOL_ERROR, STREAM_CLOSED } from './codes.js';
import { Http2ConnectionError } from './connection-error.js';
import { NO_EVENT } from './control-frames.js';
import * as events from './events.js';
import { HeaderFrames } from './header-frames.js';
import { ReceiveWindow } from './receive-window.js';
import type { Http2Stream } from './stream.js';

/** DATA for a stream that is cut costs its sender something from this size on, and a window bounds it. */
const CHEAP_BYTES = 256;

export abstract class DataFrames extends HeaderFrames {
  /** Whose body the DATA frame under way is; null when it is thrown away. */
  private bodyStream: Http2Stream | null = null;
  private bodyEnds = false;

  /** Handles the head of a DATA frame. */
  protected beginData(): number {
    const reader = this.reader;
    const bytes = reader.payloadBytes;
    const id = reader.streamId;
    this.bodyStream = null;
    this.bodyEnds = (reader.flags & FLAG_END_STREAM) !== 0;
    const stream = this.streams.get(id);
    if (stream === undefined && (id === 0 || this.streams.isIdle(id))) {
      throw new Http2ConnectionError(PROTOCOL_ERROR, 'DATA on an idle stream');
    }
    if (!this.inflow.receive(bytes))
      throw new Http2ConnectionError(FLOW_CONTROL_ERROR, 'connection window overrun');
    if (stream === undefined || stream.dead) {
      if (stream === undefined ? !this.isPassedOver(id) : stream.resetByPeer) {
        throw new Http2ConnectionError(STREAM_CLOSED, 'DATA on a closed stream');
      }
      if (bytes < CHEAP_BYTES) this.abuse.countOverhead();
      this.creditConnection(bytes);
      return NO_EVENT;
    }
    const fault = this.faultOfData(stream, bytes, reader.bodyLeft);
    if (fault !== 0) {
      this.creditConnection(bytes);
      return this.streamError(stream, fault);
    }
    if (reader.paddingBytes > 0) {
      this.creditConnection(reader.paddingBytes);
      this.creditStream(stream, reader.paddingBytes);
    }
    this.bodyStream = stream;
    if (reader.bodyLeft > 0) return NO_EVENT;
    if (!this.bodyEnds) {
      this.abuse.countEmptyData();
      return NO_EVENT;
    }
    // The reader still stands on what it read last, which is no part of this body.
    reader.start = reader.end;
    return this.tellData(stream);
  }

  /** The code of the stream error that this DATA frame is, or 0. */
  private faultOfData(stream: Http2Stream, frameBytes: number, bodyBytes: number): number {
    if (stream.remoteEnded) return STREAM_CLOSED;
    stream.inflow ??= new ReceiveWindow(this.streamWindowBytes, this.nowMs);
    if (!stream.inflow.receive(frameBytes)) return FLOW_CONTROL_ERROR;
    if (stream.promisedBytes < 0) return 0;
    // RFC 9113 §8.1.1: DATA adds up to content-length.
    stream.promisedBytes -= bodyBytes;
    return stream.promisedBytes < 0 || (this.bodyEnds && stream.promisedBytes > 0) ? PROTOCOL_ERROR : 0;
  }

  /** Tells the piece of body that the reader stands on. */
  protected bodyPiece(): number {
    const reader = this.reader;
    const stream = this.bodyStream;
    if (stream === null) return NO_EVENT;
    if (stream.dead) {
      this.creditConnection(reader.end - reader.start);
      return NO_EVENT;
    }
    stream.unconsumedBytes += reader.end - reader.start;
    return this.tellData(stream);
  }

  private tellData(stream: Http2Stream): number {
    const reader = this.reader;
    this.streamId = stream.id;
    this.endStream = this.bodyEnds && reader.bodyLeft === 0;
    if (stream.requestDropped) {
      const bytes = stream.unconsumedBytes;
      stream.unconsumedBytes = 0;
      if (bytes > 0) this.creditConnection(bytes);
      if (this.endStream) this.endRequest(stream);
      return NO_EVENT;
    }
    if (this.endStream) this.endRequest(stream);
    return events.DATA;
  }
}
