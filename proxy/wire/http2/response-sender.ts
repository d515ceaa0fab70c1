/** The outbound half of a connection: responses in, frames into the output or the queue of their stream. */
import { DEFAULT_FRAME_BYTES, NO_ERROR } from './codes.js';
import type { ConnectionContext } from './context.js';
import { writeFieldBlock } from './frames/field-block.js';
import type { Http2Stream } from './streams/stream.js';

/** Response bytes of several streams that may stand in the output unsorted: about one congestion window. */
const DIRECT_SHARED_BYTES = 16_384;
/** With one stream there is nothing to sort. */
const DIRECT_ALONE_BYTES = 131_072;

/** Members are described in server.ts. */
export class ResponseSender {
  constructor(private readonly context: ConnectionContext) {}

  sendInformational(streamId: number, status: number, headers: readonly string[]): void {
    if (this.streamAt(streamId, 'none') === null) return;
    const { context } = this;
    writeFieldBlock(context.output, context.encoder, streamId, status, headers, false);
    context.boundOutput();
  }

  sendHeaders(
    streamId: number,
    status: number,
    headers: readonly string[],
    endStream: boolean,
    repeated?: readonly string[],
  ): void {
    const stream = this.streamAt(streamId, 'none');
    if (stream === null) return;
    const { context } = this;
    stream.response = endStream ? 'ended' : 'head';
    writeFieldBlock(context.output, context.encoder, streamId, status, headers, endStream, repeated);
    if (endStream) context.responseWritten(stream);
    context.boundOutput();
  }

  sendData(streamId: number, chunk: Buffer, start: number, end: number, endStream: boolean): boolean {
    const stream = this.streamAt(streamId, 'head');
    if (stream === null) return true;
    if (endStream) stream.response = 'ended';
    const bytes = end - start;
    if (bytes === 0 && !endStream) return this.isBelowHighWater(stream);
    const { scheduler } = this.context;
    const direct = this.directBytes(stream, bytes);
    if (direct === bytes && !stream.isWaiting) {
      scheduler.writeDirect(stream, chunk, start, end, endStream);
      return true;
    }
    if (direct > 0) scheduler.writeDirect(stream, chunk, start, start + direct, false);
    stream.enqueue(chunk, start + direct, end);
    scheduler.queuedBytes += bytes - direct;
    scheduler.add(stream);
    return this.isBelowHighWater(stream);
  }

  sendLatin1(streamId: number, text: string, endStream: boolean): boolean {
    const stream = this.streamAt(streamId, 'head');
    if (stream === null) return true;
    const length = text.length;
    if (length > DEFAULT_FRAME_BYTES || stream.isWaiting || this.directBytes(stream, length) < length) {
      return this.sendData(streamId, Buffer.from(text, 'latin1'), 0, length, endStream);
    }
    if (endStream) stream.response = 'ended';
    if (length > 0 || endStream) this.context.scheduler.writeDirectText(stream, text, endStream);
    return true;
  }

  sendTrailers(streamId: number, headers: readonly string[]): void {
    const stream = this.streamAt(streamId, 'head');
    if (stream === null) return;
    stream.response = 'ended';
    if (stream.isWaiting) {
      stream.trailers = headers;
      return;
    }
    const { context } = this;
    writeFieldBlock(context.output, context.encoder, streamId, 0, headers, true);
    context.responseWritten(stream);
    context.boundOutput();
  }

  resetStream(streamId: number, errorCode: number): void {
    const { context } = this;
    const stream = context.streams.get(streamId);
    if (stream === undefined) return;
    if (!stream.isDead) {
      const isQueued = stream.response === 'ended' && stream.state !== 'half-closed-local';
      if (errorCode === NO_ERROR && isQueued) {
        // The response stands; the rest of the request is thrown away until RST_STREAM can follow it.
        stream.body = 'unwanted';
        context.returnUnconsumed(stream);
        return;
      }
      context.scheduler.drop(stream);
      context.output.writeReset(streamId, errorCode);
      stream.resetByUs();
    }
    context.forget(stream);
    context.boundOutput();
  }

  /** The stream, when a response that is so far may go on. */
  private streamAt(streamId: number, response: 'none' | 'head'): Http2Stream | null {
    const stream = this.context.streams.get(streamId);
    return stream === undefined || stream.response !== response || stream.isDead ? null : stream;
  }

  /** How much may go straight to the output, past the queue, without harm to order, windows or priorities. */
  private directBytes(stream: Http2Stream, bytes: number): number {
    const { scheduler, streams, output } = this.context;
    if (bytes === 0 || !scheduler.isIdle) return 0;
    const bound = streams.size === 1 ? DIRECT_ALONE_BYTES : DIRECT_SHARED_BYTES;
    const room = Math.min(bound - output.length, stream.sendWindow, scheduler.window);
    if (room >= bytes) return bytes;
    // A part is worth a frame of its own only when it is long.
    return room >= DEFAULT_FRAME_BYTES ? room - (room % DEFAULT_FRAME_BYTES) : 0;
  }

  private isBelowHighWater(stream: Http2Stream): boolean {
    // A connection that holds much already gives each stream the least.
    const { scheduler, limits } = this.context;
    const isFull = scheduler.queuedBytes > limits.connectionHighWaterBytes;
    const mostBytes = isFull ? limits.streamLowWaterBytes : limits.streamHighWaterBytes;
    if (stream.queuedBytes <= mostBytes) return true;
    stream.wantsWritable = stream.response !== 'ended';
    return false;
  }
}
