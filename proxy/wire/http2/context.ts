/** What the parts of one connection share: its streams, windows, counters and output, how streams end, and how the connection does. */
import { HpackEncoder } from '../hpack/encoder.js';
import { AbuseCounters } from './abuse-counters.js';
import { DEFAULT_WINDOW_BYTES, MAX_STREAM_ID, NO_ERROR } from './codes.js';
import { CLOSED, RESET } from './events.js';
import { type ConnectionFault, errorCodeOf } from './faults.js';
import { EarlyPriorities } from './frames/early-priorities.js';
import { FrameReader } from './frames/frame-reader.js';
import { OutputBuffer } from './frames/output-buffer.js';
import { announcedSettings, DEFAULT_TABLE_BYTES, PeerSettings } from './frames/settings.js';
import { LastEvent } from './last-event.js';
import type { Http2Limits, Http2LocalSettings } from './limits.js';
import { ReceiveWindow } from './streams/receive-window.js';
import { type SendObserver, SendScheduler } from './streams/send-scheduler.js';
import type { Http2Stream } from './streams/stream.js';
import { StreamTable } from './streams/stream-table.js';

/** Owned by the connection and handed to its parts; what may change a stream's state by the rules of both sides is here. */
export class ConnectionContext implements SendObserver {
  /** By the clock of the last `receive()` or `checkTimers()`. */
  nowMs = 0;
  closed = false;
  /** Why the connection is closed; null while it is not. */
  fault: ConnectionFault | null = null;
  readonly event = new LastEvent();

  /** Where the bytes of the peer are, and the frame that is being read. */
  readonly frame: FrameReader;
  readonly output = new OutputBuffer();
  readonly encoder = new HpackEncoder(DEFAULT_TABLE_BYTES);
  readonly scheduler: SendScheduler;
  readonly streams = new StreamTable();
  readonly abuse: AbuseCounters;
  /** The connection's window on our side. */
  readonly inflow: ReceiveWindow;
  readonly peer = new PeerSettings();
  readonly earlyPriorities: EarlyPriorities;
  settingsAcknowledged = false;
  /** Requests above what our SETTINGS allow, from a peer that knows them. */
  refusedStreams = 0;
  /** The first window of streams on our side: until the peer has acknowledged a smaller one it may use the default. */
  streamWindowBytes: number;
  /** Streams above it are passed over: the last GOAWAY named it. */
  acceptedUpTo = MAX_STREAM_ID;
  /** Identifiers of streams that became writable and were not told yet. */
  private writable: number[] | null = null;

  constructor(
    readonly local: Readonly<Http2LocalSettings>,
    readonly limits: Readonly<Http2Limits>,
  ) {
    this.frame = new FrameReader(local.maxFrameBytes);
    this.abuse = new AbuseCounters(limits);
    this.scheduler = new SendScheduler(this.output, this.encoder, this, limits.streamLowWaterBytes);
    this.earlyPriorities = new EarlyPriorities(this.streams, local.maxConcurrentStreams);
    this.streamWindowBytes = Math.max(local.initialWindowBytes, DEFAULT_WINDOW_BYTES);
    this.inflow = new ReceiveWindow(Math.max(local.connectionWindowBytes, DEFAULT_WINDOW_BYTES), 0);
    this.writePreface();
  }

  /** What the peer must hear first (RFC 9113 §3.4). */
  private writePreface(): void {
    const { connectionWindowBytes } = this.local;
    this.output.writeSettings(announcedSettings(this.local));
    if (connectionWindowBytes > DEFAULT_WINDOW_BYTES) {
      this.output.writeWindowUpdate(0, connectionWindowBytes - DEFAULT_WINDOW_BYTES);
    }
  }

  // From the scheduler.

  dataWritten(): void {
    this.abuse.countUse();
  }

  streamWritable(stream: Http2Stream): void {
    this.writable ??= [];
    this.writable.push(stream.id);
  }

  responseWritten(stream: Http2Stream): void {
    stream.endLocal();
    if (stream.state === 'closed') {
      this.forget(stream);
    } else if (stream.body === 'unwanted') {
      // RFC 9113 §8.1: the response is complete without the rest of the request.
      this.output.writeReset(stream.id, NO_ERROR);
      stream.resetByUs();
      this.forget(stream);
    }
  }

  /** The next stream that takes data again; null when no more do. */
  takeWritable(): Http2Stream | null {
    for (;;) {
      const id = this.writable?.shift();
      if (id === undefined) {
        this.writable = null;
        return null;
      }
      const stream = this.streams.get(id);
      if (stream !== undefined && !stream.isDead) return stream;
    }
  }

  // The end of a stream.

  /** The request is complete. */
  endRequest(stream: Http2Stream): void {
    stream.endRemote();
    if (stream.state === 'closed') this.forget(stream);
  }

  /** RST_STREAM for what the peer did on an open stream; counted (CVE-2025-8671). */
  streamError(stream: Http2Stream, errorCode: number): typeof RESET {
    this.output.writeReset(stream.id, errorCode);
    return this.endByReset(stream, errorCode, false);
  }

  /** The peer sent RST_STREAM (CVE-2023-44487). */
  resetByPeer(stream: Http2Stream, errorCode: number): typeof RESET {
    return this.endByReset(stream, errorCode, true);
  }

  /** The stream is counted until the engine releases it. */
  private endByReset(stream: Http2Stream, errorCode: number, byPeer: boolean): typeof RESET {
    // The engine has nothing under way for an exchange that is ended on both sides.
    const isOver = (stream.response === 'ended' && !stream.isRemoteOpen) || stream.body === 'unwanted';
    if (byPeer) stream.resetByPeer();
    else stream.resetByUs();
    this.scheduler.drop(stream);
    if (isOver) this.forget(stream);
    this.abuse.countReset();
    const { event } = this;
    event.streamId = stream.id;
    event.errorCode = errorCode;
    event.resetByPeer = byPeer;
    return RESET;
  }

  /** Takes a stream out of the table; what was told of its body and not consumed goes back to the connection's window. */
  forget(stream: Http2Stream): void {
    this.streams.close(stream.id, stream.mayBeSentOn);
    this.returnUnconsumed(stream);
  }

  /** Nobody will take what was told of this body. */
  returnUnconsumed(stream: Http2Stream): void {
    if (stream.unconsumedBytes > 0) this.creditConnection(stream.unconsumedBytes);
    stream.unconsumedBytes = 0;
  }

  /** Frames on it are the tail of something we cut or refused. */
  isPassedOver(streamId: number): boolean {
    return streamId > this.acceptedUpTo || this.streams.wasCut(streamId);
  }

  // Windows on our side.

  creditConnection(bytes: number): void {
    const { maxConnectionWindowBytes, windowGrowthMs } = this.limits;
    const increment = this.inflow.consume(bytes, this.nowMs, maxConnectionWindowBytes, windowGrowthMs);
    if (increment > 0 && !this.closed) this.output.writeWindowUpdate(0, increment);
  }

  creditStream(stream: Http2Stream, bytes: number): void {
    if (stream.inflow === null || !stream.isRemoteOpen) return;
    const { maxStreamWindowBytes, windowGrowthMs } = this.limits;
    const increment = stream.inflow.consume(bytes, this.nowMs, maxStreamWindowBytes, windowGrowthMs);
    if (increment > 0 && !this.closed) this.output.writeWindowUpdate(stream.id, increment);
  }

  // The end of the connection.

  /** Ends the connection: GOAWAY, and no stream any more (RFC 9113 §5.4.1). */
  fail(fault: ConnectionFault): void {
    if (this.closed) return;
    this.closed = true;
    this.fault = fault;
    this.scheduler.clear();
    this.streams.clear();
    this.output.writeGoaway(Math.min(this.streams.lastId, this.acceptedUpTo), errorCodeOf(fault));
    this.tellClosed();
    this.frame.stop();
  }

  /** The event of the end, told as often as asked. */
  tellClosed(): typeof CLOSED {
    this.event.errorCode = errorCodeOf(this.fault);
    return CLOSED;
  }

  /** A peer that does not read makes us hold what no window bounds; that ends here. */
  boundOutput(): void {
    if (this.closed) return;
    const isFlood = this.output.controlFrames > this.limits.maxQueuedControlFrames;
    if (!isFlood && this.output.length <= this.limits.maxReadyBytes) return;
    this.output.discard();
    if (!this.output.wasTaken) this.writePreface();
    this.fail(isFlood ? 'unread control frames' : 'unread output');
  }
}
