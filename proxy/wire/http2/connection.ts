/** A server-side HTTP/2 connection without a socket: the outbound half, and the whole (RFC 9113, 8441, 9218). */
import { DEFAULT_FRAME_BYTES, MAX_STREAM_ID, NO_ERROR, PROTOCOL_ERROR, SETTINGS_TIMEOUT } from './codes.js';
import { ConnectionInput } from './connection-input.js';
import { writeFieldBlock } from './field-block.js';
import type { Http2Server } from './server.js';
import type { Http2Stream } from './stream.js';

/** Response bytes of several streams that may stand in the output unsorted: about one congestion window. */
const DIRECT_SHARED_BYTES = 16_384;
/** With one stream there is nothing to sort. */
const DIRECT_ALONE_BYTES = 131_072;

/** Members are described in server.ts. */
export class Http2ServerConnection extends ConnectionInput implements Http2Server {
  stalledSinceMs = 0;
  private settingsSentMs = 0;
  private isShutdownFinal = false;

  get data(): Buffer {
    return this.reader.payload.subarray(this.reader.start, this.reader.end);
  }

  get dataBuffer(): Buffer {
    return this.reader.payload;
  }

  get dataStart(): number {
    return this.reader.start;
  }

  get dataEnd(): number {
    return this.reader.end;
  }

  get openStreams(): number {
    return this.streams.size;
  }

  get lastStreamId(): number {
    return this.streams.lastId;
  }

  get hasOutput(): boolean {
    return this.output.length > 0 || this.scheduler.hasSendable;
  }

  get outputBytes(): number {
    return this.output.length + this.scheduler.queuedBytes;
  }

  get drained(): boolean {
    return this.isShutdownFinal && this.streams.size === 0 && this.output.length === 0;
  }

  streamStalledSinceMs(streamId: number): number {
    return this.streams.get(streamId)?.stalledSinceMs ?? 0;
  }

  streamsStalledBefore(timeMs: number): number[] {
    return this.scheduler.stalledBefore(timeMs);
  }

  sendInformational(streamId: number, status: number, headers: readonly string[]): void {
    const stream = this.answerable(streamId);
    if (stream === null || stream.headersSent) return;
    writeFieldBlock(this.output, this.encoder, streamId, status, headers, false);
    this.boundOutput();
  }

  sendHeaders(
    streamId: number,
    status: number,
    headers: readonly string[],
    endStream: boolean,
    repeated?: readonly string[],
  ): void {
    const stream = this.answerable(streamId);
    if (stream === null || stream.headersSent) return;
    stream.headersSent = true;
    writeFieldBlock(this.output, this.encoder, streamId, status, headers, endStream, repeated);
    if (endStream) {
      stream.responseEnded = true;
      this.responseWritten(stream);
    }
    this.boundOutput();
  }

  sendData(streamId: number, chunk: Buffer, start: number, end: number, endStream: boolean): boolean {
    const stream = this.answerable(streamId);
    if (stream === null || !stream.headersSent) return true;
    if (endStream) stream.responseEnded = true;
    const bytes = end - start;
    if (bytes === 0 && !endStream) return this.isBelowHighWater(stream);
    const direct = this.directBytes(stream, bytes);
    if (direct === bytes && !stream.isWaiting) {
      this.scheduler.writeDirect(stream, chunk, start, end, endStream);
      return true;
    }
    if (direct > 0) this.scheduler.writeDirect(stream, chunk, start, start + direct, false);
    stream.enqueue(chunk, start + direct, end);
    this.scheduler.queuedBytes += bytes - direct;
    this.scheduler.add(stream);
    return this.isBelowHighWater(stream);
  }

  sendLatin1(streamId: number, text: string, endStream: boolean): boolean {
    const stream = this.answerable(streamId);
    if (stream === null || !stream.headersSent) return true;
    const length = text.length;
    if (length > DEFAULT_FRAME_BYTES || stream.isWaiting || this.directBytes(stream, length) < length) {
      return this.sendData(streamId, Buffer.from(text, 'latin1'), 0, length, endStream);
    }
    if (endStream) stream.responseEnded = true;
    if (length > 0 || endStream) this.scheduler.writeDirectText(stream, text, endStream);
    return true;
  }

  sendTrailers(streamId: number, headers: readonly string[]): void {
    const stream = this.answerable(streamId);
    if (stream === null || !stream.headersSent) return;
    stream.responseEnded = true;
    if (stream.isWaiting) {
      stream.trailers = headers;
      return;
    }
    writeFieldBlock(this.output, this.encoder, streamId, 0, headers, true);
    this.responseWritten(stream);
    this.boundOutput();
  }

  resetStream(streamId: number, errorCode: number): void {
    const stream = this.streams.get(streamId);
    if (stream === undefined) return;
    if (!stream.dead) {
      if (errorCode === NO_ERROR && stream.responseEnded && !stream.localEnded) {
        this.dropRequest(stream);
        return;
      }
      this.scheduler.drop(stream);
      this.output.writeReset(streamId, errorCode);
      stream.dead = true;
    }
    this.forget(stream);
    this.boundOutput();
  }

  releaseStream(streamId: number): void {
    const stream = this.streams.get(streamId);
    if (stream?.dead) this.forget(stream);
  }

  consume(streamId: number, bytes: number): void {
    const stream = this.streams.get(streamId);
    if (stream === undefined) return;
    const taken = Math.min(bytes, stream.unconsumedBytes);
    if (taken <= 0) return;
    stream.unconsumedBytes -= taken;
    this.creditConnection(taken);
    this.creditStream(stream, taken);
  }

  ping(nowMs: number): void {
    if (this.closed || this.pingSentMs > 0) return;
    this.pingSentMs = nowMs;
    this.pingMark += 1;
    this.output.writePing(this.pingMark);
  }

  beginShutdown(): void {
    if (!this.closed) this.output.writeGoaway(MAX_STREAM_ID, NO_ERROR);
  }

  finishShutdown(): void {
    if (this.closed || this.isShutdownFinal) return;
    this.isShutdownFinal = true;
    this.acceptedUpTo = this.streams.lastId;
    this.output.writeGoaway(this.acceptedUpTo, NO_ERROR);
  }

  closeWithError(errorCode: number, reason: string): void {
    this.fail(errorCode, reason);
  }

  takeOutput(maxBytes: number): Buffer | null {
    this.scheduler.fill(maxBytes);
    return this.output.length === 0 ? null : this.output.take();
  }

  checkTimers(nowMs: number): boolean {
    if (this.closed) return true;
    this.nowMs = nowMs;
    if (this.settingsSentMs === 0) this.settingsSentMs = nowMs;
    if (!this.settingsAcknowledged && nowMs - this.settingsSentMs > this.limits.settingsTimeoutMs) {
      this.fail(SETTINGS_TIMEOUT, 'SETTINGS not acknowledged');
    } else if (this.pingSentMs > 0 && nowMs - this.pingSentMs > this.limits.pingTimeoutMs) {
      this.fail(NO_ERROR, 'PING not answered');
    } else if (this.isPartialTooOld(nowMs)) {
      this.fail(PROTOCOL_ERROR, 'frame not completed in time');
    }
    this.stalledSinceMs = this.scheduler.markStalls(nowMs, this.limits.minProgressBytes);
    return this.closed;
  }

  /** The stream, when a response may still be sent on it. */
  private answerable(streamId: number): Http2Stream | null {
    const stream = this.streams.get(streamId);
    return stream === undefined || stream.dead || stream.responseEnded ? null : stream;
  }

  /** How much may go straight to the output, past the queue, without harm to order, windows or priorities. */
  private directBytes(stream: Http2Stream, bytes: number): number {
    if (bytes === 0 || !this.scheduler.isIdle) return 0;
    const bound = this.streams.size === 1 ? DIRECT_ALONE_BYTES : DIRECT_SHARED_BYTES;
    const room = Math.min(bound - this.output.length, stream.sendWindow, this.scheduler.window);
    if (room >= bytes) return bytes;
    // A part is worth a frame of its own only when it is long.
    return room >= DEFAULT_FRAME_BYTES ? room - (room % DEFAULT_FRAME_BYTES) : 0;
  }

  private isBelowHighWater(stream: Http2Stream): boolean {
    // A connection that holds much already gives each stream the least.
    const isFull = this.scheduler.queuedBytes > this.limits.connectionHighWaterBytes;
    const most = isFull ? this.limits.streamLowWaterBytes : this.limits.streamHighWaterBytes;
    if (stream.queuedBytes <= most) return true;
    stream.wantsWritable = !stream.responseEnded;
    return false;
  }

  /** The response stands; the rest of the request is thrown away until RST_STREAM can follow it. */
  private dropRequest(stream: Http2Stream): void {
    stream.requestDropped = true;
    if (stream.unconsumedBytes > 0) this.creditConnection(stream.unconsumedBytes);
    stream.unconsumedBytes = 0;
  }
}
