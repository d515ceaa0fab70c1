/** What both directions of a connection share: its parts, the end of streams, and the end of itself. */
import { HpackEncoder } from '../hpack/encoder.js';
import { AbuseCounters } from './abuse-counters.js';
import { DEFAULT_WINDOW_BYTES, ENHANCE_YOUR_CALM, MAX_STREAM_ID, NO_ERROR } from './codes.js';
import { CLOSED } from './events.js';
import type { Http2Limits, Http2LocalSettings } from './limits.js';
import { OutputBuffer } from './output-buffer.js';
import { ReceiveWindow } from './receive-window.js';
import { type SendObserver, SendScheduler } from './send-scheduler.js';
import { announcedSettings, DEFAULT_TABLE_BYTES } from './settings.js';
import type { Http2Stream } from './stream.js';
import { StreamTable } from './stream-table.js';

export abstract class ConnectionCore implements SendObserver {
  closed = false;
  errorCode = NO_ERROR;
  closeReason = '';

  protected nowMs = 0;
  protected readonly output = new OutputBuffer();
  protected readonly streams = new StreamTable();
  protected readonly encoder = new HpackEncoder(DEFAULT_TABLE_BYTES);
  protected readonly scheduler: SendScheduler;
  protected readonly abuse: AbuseCounters;
  protected readonly inflow: ReceiveWindow;
  /** The first window of streams on our side: until the peer has acknowledged a smaller one it may use the default. */
  protected streamWindowBytes: number;
  /** Identifiers of streams that became writable and were not told yet. */
  protected writable: number[] | null = null;
  /** Streams above it are passed over: the last GOAWAY named it. */
  protected acceptedUpTo = MAX_STREAM_ID;
  private closedWith = NO_ERROR;

  constructor(
    protected readonly local: Readonly<Http2LocalSettings>,
    protected readonly limits: Readonly<Http2Limits>,
  ) {
    this.abuse = new AbuseCounters(limits);
    this.scheduler = new SendScheduler(this.output, this.encoder, this, limits.streamLowWaterBytes);
    this.streamWindowBytes = Math.max(local.initialWindowBytes, DEFAULT_WINDOW_BYTES);
    const connectionBytes = Math.max(local.connectionWindowBytes, DEFAULT_WINDOW_BYTES);
    this.inflow = new ReceiveWindow(connectionBytes, 0);
    this.output.writeSettings(announcedSettings(local));
    if (connectionBytes > DEFAULT_WINDOW_BYTES) {
      this.output.writeWindowUpdate(0, connectionBytes - DEFAULT_WINDOW_BYTES);
    }
  }

  dataWritten(): void {
    this.abuse.countUse();
  }

  streamWritable(stream: Http2Stream): void {
    this.writable ??= [];
    this.writable.push(stream.id);
  }

  responseWritten(stream: Http2Stream): void {
    stream.localEnded = true;
    if (stream.remoteEnded) {
      this.forget(stream);
    } else if (stream.requestDropped) {
      // RFC 9113 §8.1: the response is complete without the rest of the request.
      this.output.writeReset(stream.id, NO_ERROR);
      this.forget(stream);
    }
  }

  /** RST_STREAM for a stream that is open; it is counted until the engine releases it. */
  protected killStream(stream: Http2Stream, errorCode: number): void {
    this.output.writeReset(stream.id, errorCode);
    this.markDead(stream, false);
  }

  protected markDead(stream: Http2Stream, resetByPeer: boolean): void {
    stream.dead = true;
    stream.resetByPeer = resetByPeer;
    this.scheduler.drop(stream);
    // The engine has nothing under way for an exchange that is ended on both sides.
    if ((stream.responseEnded && stream.remoteEnded) || stream.requestDropped) this.forget(stream);
  }

  /** Takes a stream out of the table; what was told of its body and not consumed goes back to the connection's window. */
  protected forget(stream: Http2Stream): void {
    this.streams.close(stream.id, !stream.remoteEnded && !stream.resetByPeer);
    if (stream.unconsumedBytes > 0) this.creditConnection(stream.unconsumedBytes);
    stream.unconsumedBytes = 0;
  }

  protected creditConnection(bytes: number): void {
    const limits = this.limits;
    const increment = this.inflow.consume(
      bytes,
      this.nowMs,
      limits.maxConnectionWindowBytes,
      limits.windowGrowthMs,
    );
    if (increment > 0 && !this.closed) this.output.writeWindowUpdate(0, increment);
  }

  protected creditStream(stream: Http2Stream, bytes: number): void {
    if (stream.inflow === null || stream.remoteEnded || stream.dead) return;
    const limits = this.limits;
    const increment = stream.inflow.consume(
      bytes,
      this.nowMs,
      limits.maxStreamWindowBytes,
      limits.windowGrowthMs,
    );
    if (increment > 0 && !this.closed) this.output.writeWindowUpdate(stream.id, increment);
  }

  /** Ends the connection: GOAWAY, and no stream any more (RFC 9113 §5.4.1). */
  protected fail(errorCode: number, reason: string): void {
    if (this.closed) return;
    this.closed = true;
    this.closedWith = errorCode;
    this.closeReason = reason;
    this.scheduler.clear();
    this.streams.clear();
    this.output.writeGoaway(Math.min(this.streams.lastId, this.acceptedUpTo), errorCode);
    this.tellClosed();
  }

  /** The event of the end, told as often as asked. */
  protected tellClosed(): number {
    this.errorCode = this.closedWith;
    return CLOSED;
  }

  /** A peer that does not read makes us hold what no window bounds; that ends here. */
  protected boundOutput(): void {
    if (this.closed) return;
    const isFlood = this.output.controlFrames > this.limits.maxQueuedControlFrames;
    if (!isFlood && this.output.length <= this.limits.maxReadyBytes) return;
    this.output.discard();
    this.fail(ENHANCE_YOUR_CALM, isFlood ? 'unread control frames' : 'unread output');
  }
}
