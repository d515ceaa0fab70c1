/** Decides which waiting response bytes go out next: peer windows (RFC 9113 §5.2) and priorities (RFC 9218 §10). */
import type { HpackEncoder } from '../../hpack/encoder.js';
import {
  DEFAULT_FRAME_BYTES,
  DEFAULT_WINDOW_BYTES,
  FLAG_END_STREAM,
  FRAME_DATA,
  FRAME_HEADER_BYTES,
} from '../codes.js';
import { writeFieldBlock } from '../frames/field-block.js';
import type { OutputBuffer } from '../frames/output-buffer.js';
import type { Http2Stream } from './stream.js';

/** What the connection does when the scheduler has moved a stream along. */
export interface SendObserver {
  /** A DATA frame was written. */
  dataWritten(): void;
  /** Less than the low-water mark waits, and the engine had been told to hold. */
  streamWritable(stream: Http2Stream): void;
  /** END_STREAM was written. */
  responseWritten(stream: Http2Stream): void;
}

export class SendScheduler {
  /** The connection's window on the peer's side. */
  window = DEFAULT_WINDOW_BYTES;
  /** Response bytes that wait, over all streams. */
  queuedBytes = 0;
  private readonly waiting: Http2Stream[] = [];
  private turn = 0;
  /** When the in-order streams of one urgency were last served; they take one turn together. */
  private sequentialServedAt = 0;

  constructor(
    private readonly output: OutputBuffer,
    private readonly encoder: HpackEncoder,
    private readonly observer: SendObserver,
    private readonly lowWaterBytes: number,
  ) {}

  /** No stream waits: a small response may go straight to the output. */
  get isIdle(): boolean {
    return this.waiting.length === 0;
  }

  add(stream: Http2Stream): void {
    if (stream.isWaiting) return;
    stream.isWaiting = true;
    this.waiting.push(stream);
  }

  /** Forgets what waits on a stream. */
  drop(stream: Http2Stream): void {
    this.queuedBytes -= stream.queuedBytes;
    stream.dropQueue();
    this.remove(stream);
  }

  get hasSendable(): boolean {
    return this.waiting.length > 0 && this.select() !== null;
  }

  /** Writes DATA (and trailers that follow it) until `maxBytes` are in the output or nothing may go. */
  fill(maxBytes: number): void {
    while (this.waiting.length > 0 && this.output.length < maxBytes) {
      const stream = this.select();
      if (stream === null) return;
      this.turn += 1;
      stream.servedAt = this.turn;
      if (!stream.incremental) this.sequentialServedAt = this.turn;
      this.writeNext(stream);
    }
  }

  /** Writes `bytes` as DATA frames around `place`, which puts the payload in; the caller has seen to the windows. */
  writeDirect(stream: Http2Stream, chunk: Buffer, start: number, end: number, endStream: boolean): void {
    const output = this.output;
    const bytes = end - start;
    output.reserve(bytes + FRAME_HEADER_BYTES * (Math.floor(bytes / DEFAULT_FRAME_BYTES) + 1));
    let from = start;
    do {
      const to = Math.min(end, from + DEFAULT_FRAME_BYTES);
      const at = this.openDataFrame(stream, to - from, endStream && to === end);
      chunk.copy(output.block, at, from, to);
      from = to;
    } while (from < end);
    if (endStream) this.observer.responseWritten(stream);
  }

  /** The same for latin1 text of at most one frame. */
  writeDirectText(stream: Http2Stream, text: string, endStream: boolean): void {
    this.output.reserve(FRAME_HEADER_BYTES + text.length);
    const at = this.openDataFrame(stream, text.length, endStream);
    this.output.block.write(text, at, text.length, 'latin1');
    if (endStream) this.observer.responseWritten(stream);
  }

  /** Notes since when streams are held back by a window, and returns the earliest; 0 when none is. */
  markStalls(nowMs: number, minProgressBytes: number): number {
    let earliest = 0;
    for (const stream of this.waiting) {
      const isBlocked = stream.queuedBytes > 0 && (stream.sendWindow <= 0 || this.window <= 0);
      if (stream.stalledSinceMs !== 0 && stream.bytesSinceStall >= minProgressBytes)
        stream.stalledSinceMs = 0;
      if (isBlocked && stream.stalledSinceMs === 0) {
        stream.stalledSinceMs = nowMs;
        stream.bytesSinceStall = 0;
      }
      const since = stream.stalledSinceMs;
      if (since !== 0 && (earliest === 0 || since < earliest)) earliest = since;
    }
    return earliest;
  }

  /** Identifiers of the streams that have been stalled since before that time. */
  stalledBefore(timeMs: number): number[] {
    const ids: number[] = [];
    for (const { id, stalledSinceMs } of this.waiting) {
      if (stalledSinceMs !== 0 && stalledSinceMs < timeMs) ids.push(id);
    }
    return ids;
  }

  clear(): void {
    for (const stream of this.waiting) {
      stream.isWaiting = false;
      stream.dropQueue();
    }
    this.waiting.length = 0;
    this.queuedBytes = 0;
  }

  /**
   * Lowest urgency first; within it the streams that want their turn take it round, where those that are not incremental
   * count as one and go in the order of their identifiers.
   */
  private select(): Http2Stream | null {
    let sequential: Http2Stream | null = null;
    let incremental: Http2Stream | null = null;
    let urgency = 8;
    for (const stream of this.waiting) {
      if (stream.urgency > urgency || !this.isSendable(stream)) continue;
      if (stream.urgency < urgency) {
        urgency = stream.urgency;
        sequential = null;
        incremental = null;
      }
      if (!stream.incremental) {
        if (sequential === null || stream.id < sequential.id) sequential = stream;
      } else if (incremental === null || isServedEarlier(stream, incremental)) {
        incremental = stream;
      }
    }
    if (sequential === null) return incremental;
    if (incremental === null) return sequential;
    return this.sequentialServedAt <= incremental.servedAt ? sequential : incremental;
  }

  private isSendable(stream: Http2Stream): boolean {
    if (stream.queuedBytes === 0) return stream.response === 'ended';
    return stream.sendWindow > 0 && this.window > 0;
  }

  private writeNext(stream: Http2Stream): void {
    if (stream.queuedBytes === 0 && stream.trailers !== null) {
      writeFieldBlock(this.output, this.encoder, stream.id, 0, stream.trailers, true);
      this.finish(stream);
      return;
    }
    const bytes = Math.min(stream.queuedBytes, stream.sendWindow, this.window, DEFAULT_FRAME_BYTES);
    const isLast = stream.response === 'ended' && stream.trailers === null && stream.queuedBytes <= bytes;
    // An empty DATA frame needs no window, and a window may be negative.
    const size = Math.max(bytes, 0);
    this.output.reserve(FRAME_HEADER_BYTES + size);
    const at = this.openDataFrame(stream, size, isLast);
    stream.dequeue(this.output.block, at, size);
    this.queuedBytes -= size;
    if (stream.wantsWritable && stream.queuedBytes <= this.lowWaterBytes) {
      stream.wantsWritable = false;
      this.observer.streamWritable(stream);
    }
    if (isLast) this.finish(stream);
    else if (stream.queuedBytes === 0 && stream.response !== 'ended') this.remove(stream);
  }

  /** Frame header written and windows counted down; returns where the payload goes. */
  private openDataFrame(stream: Http2Stream, bytes: number, endStream: boolean): number {
    const output = this.output;
    const at = output.length;
    output.writeFrameHeader(at, bytes, FRAME_DATA, endStream ? FLAG_END_STREAM : 0, stream.id);
    output.length = at + FRAME_HEADER_BYTES + bytes;
    stream.sendWindow -= bytes;
    this.window -= bytes;
    stream.bytesSinceStall += bytes;
    this.observer.dataWritten();
    return at + FRAME_HEADER_BYTES;
  }

  private finish(stream: Http2Stream): void {
    this.remove(stream);
    this.observer.responseWritten(stream);
  }

  private remove(stream: Http2Stream): void {
    if (!stream.isWaiting) return;
    stream.isWaiting = false;
    stream.stalledSinceMs = 0;
    const last = this.waiting.pop();
    if (last === undefined || last === stream) return;
    this.waiting[this.waiting.indexOf(stream)] = last;
  }
}

/** Earlier turn; the identifier settles it between streams that had none yet. */
function isServedEarlier(a: Http2Stream, b: Http2Stream): boolean {
  return a.servedAt < b.servedAt || (a.servedAt === b.servedAt && a.id < b.id);
}
