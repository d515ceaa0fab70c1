/** A server-side HTTP/2 connection without a socket, put together from its parts (RFC 9113, 8441, 9218). */
import { MAX_STREAM_ID, NO_ERROR } from './codes.js';
import { ConnectionInput } from './connection-input.js';
import { ConnectionContext } from './context.js';
import type { Http2Event, RequestHead } from './events.js';
import type { ConnectionFault } from './faults.js';
import type { Http2Limits, Http2LocalSettings } from './limits.js';
import { ResponseSender } from './response-sender.js';
import type { Http2Server } from './server.js';

/** Members are described in server.ts. */
export class Http2ServerConnection implements Http2Server {
  stalledSinceMs = 0;
  private readonly context: ConnectionContext;
  private readonly input: ConnectionInput;
  private readonly responses: ResponseSender;
  private settingsSentMs = 0;
  private isShutdownFinal = false;

  constructor(local: Readonly<Http2LocalSettings>, limits: Readonly<Http2Limits>) {
    this.context = new ConnectionContext(local, limits);
    this.input = new ConnectionInput(this.context);
    this.responses = new ResponseSender(this.context);
  }

  // Events.

  receive(chunk: Buffer, nowMs: number): void {
    this.input.receive(chunk, nowMs);
  }

  next(): Http2Event {
    return this.input.next();
  }

  get streamId(): number {
    return this.context.event.streamId;
  }

  get head(): RequestHead {
    return this.context.event.head;
  }

  get data(): Buffer {
    const { payload, start, end } = this.context.frame;
    return payload.subarray(start, end);
  }

  get endStream(): boolean {
    return this.context.event.endStream;
  }

  get trailers(): string[] {
    return this.context.event.trailers;
  }

  get errorCode(): number {
    return this.context.event.errorCode;
  }

  get resetByPeer(): boolean {
    return this.context.event.resetByPeer;
  }

  get closed(): boolean {
    return this.context.closed;
  }

  get isUnused(): boolean {
    return this.context.frame.isUnused;
  }

  get closeReason(): ConnectionFault | '' {
    return this.context.fault ?? '';
  }

  get refusedStreams(): number {
    return this.context.refusedStreams;
  }

  // Responses.

  sendInformational(streamId: number, status: number, headers: readonly string[]): void {
    this.responses.sendInformational(streamId, status, headers);
  }

  sendHeaders(
    streamId: number,
    status: number,
    headers: readonly string[],
    endStream: boolean,
    repeated?: readonly string[],
  ): void {
    this.responses.sendHeaders(streamId, status, headers, endStream, repeated);
  }

  sendData(streamId: number, chunk: Buffer, start: number, end: number, endStream: boolean): boolean {
    return this.responses.sendData(streamId, chunk, start, end, endStream);
  }

  sendLatin1(streamId: number, text: string, endStream: boolean): boolean {
    return this.responses.sendLatin1(streamId, text, endStream);
  }

  sendTrailers(streamId: number, headers: readonly string[]): void {
    this.responses.sendTrailers(streamId, headers);
  }

  resetStream(streamId: number, errorCode: number): void {
    this.responses.resetStream(streamId, errorCode);
  }

  releaseStream(streamId: number): void {
    const stream = this.context.streams.get(streamId);
    if (stream?.isDead) this.context.forget(stream);
  }

  consume(streamId: number, bytes: number): void {
    const { context } = this;
    const stream = context.streams.get(streamId);
    if (stream === undefined) return;
    const taken = Math.min(bytes, stream.unconsumedBytes);
    if (taken <= 0) return;
    stream.unconsumedBytes -= taken;
    context.creditConnection(taken);
    context.creditStream(stream, taken);
  }

  // Output.

  takeOutput(maxBytes: number): Buffer | null {
    const { scheduler, output } = this.context;
    scheduler.fill(maxBytes);
    return output.length === 0 ? null : output.take();
  }

  get hasOutput(): boolean {
    const { scheduler, output } = this.context;
    return output.length > 0 || scheduler.hasSendable;
  }

  get outputBytes(): number {
    const { scheduler, output } = this.context;
    return output.length + scheduler.queuedBytes;
  }

  get openStreams(): number {
    return this.context.streams.size;
  }

  queuedBytesOf(streamId: number): number {
    return this.context.streams.get(streamId)?.queuedBytes ?? 0;
  }

  streamsStalledBefore(timeMs: number): number[] {
    return this.context.scheduler.stalledBefore(timeMs);
  }

  // The end, and the clock.

  beginShutdown(): void {
    if (!this.context.closed) this.context.output.writeGoaway(MAX_STREAM_ID, NO_ERROR);
  }

  finishShutdown(): void {
    const { context } = this;
    if (context.closed || this.isShutdownFinal) return;
    this.isShutdownFinal = true;
    context.acceptedUpTo = context.streams.lastId;
    context.output.writeGoaway(context.acceptedUpTo, NO_ERROR);
  }

  get drained(): boolean {
    const { streams, output } = this.context;
    return this.isShutdownFinal && streams.size === 0 && output.length === 0;
  }

  ageFields(): void {
    this.input.requests.lastFields.age();
    this.context.encoder.forgetList();
  }

  checkTimers(nowMs: number): boolean {
    const { context } = this;
    if (context.closed) return true;
    const { limits } = context;
    context.nowMs = nowMs;
    if (this.settingsSentMs === 0) this.settingsSentMs = nowMs;
    if (!context.settingsAcknowledged && nowMs - this.settingsSentMs > limits.settingsTimeoutMs) {
      context.fail('SETTINGS not acknowledged');
    } else if (this.input.isPartialTooOld(nowMs)) {
      context.fail('frame not completed in time');
    }
    this.stalledSinceMs = context.scheduler.markStalls(nowMs, limits.minProgressBytes);
    return context.closed;
  }
}
