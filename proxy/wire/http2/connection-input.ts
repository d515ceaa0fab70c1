/** The inbound half of a connection: requests and their bodies out of HEADERS and DATA (RFC 9113 §5.1, §6.1, §6.2, §8.1). */
import { HpackDecoder } from '../hpack/decoder.js';
import { HpackError } from '../hpack/hpack-error.js';
import {
  COMPRESSION_ERROR,
  ENHANCE_YOUR_CALM,
  FLAG_END_HEADERS,
  FLAG_END_STREAM,
  FLAG_PADDED,
  FLAG_PRIORITY,
  FLOW_CONTROL_ERROR,
  FRAME_CONTINUATION,
  FRAME_HEADERS,
  FRAME_SETTINGS,
  FRAME_SIZE_ERROR,
  PROTOCOL_ERROR,
  REFUSED_STREAM,
  STREAM_CLOSED,
} from './codes.js';
import { Http2ConnectionError } from './connection-error.js';
import { ControlFrames, NO_EVENT } from './control-frames.js';
import * as events from './events.js';
import {
  READ_BAD_PADDING,
  READ_BAD_PREFACE,
  READ_DATA,
  READ_NOTHING,
  READ_TOO_LONG,
} from './frame-reader.js';
import { HeaderBlock } from './header-block.js';
import type { Http2Limits, Http2LocalSettings } from './limits.js';
import { ReceiveWindow } from './receive-window.js';
import {
  applyPriority,
  areTrailersWellFormed,
  emptyHead,
  readRequestHead,
  readTooLargeHead,
  takeFieldList,
} from './request-head.js';
import { Http2Stream } from './stream.js';

const NO_HEAD = emptyHead();
const NO_TRAILERS: string[] = [];

export abstract class ConnectionInput extends ControlFrames {
  head = NO_HEAD;
  trailers = NO_TRAILERS;
  endStream = false;

  private readonly decoder: HpackDecoder;
  private readonly block = new HeaderBlock();
  /** Whose body the DATA frame under way is; null when it is thrown away. */
  private bodyStream: Http2Stream | null = null;
  private bodyEnds = false;
  /** Since when a frame or a field block has been incomplete, and which frame it was. */
  private partialSinceMs = 0;
  private partialFrame = 0;

  constructor(local: Readonly<Http2LocalSettings>, limits: Readonly<Http2Limits>) {
    super(local, limits);
    this.decoder = new HpackDecoder(local.headerTableBytes);
  }

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
      const event = this.reader.bodyLeft > 0 ? this.readBodyPiece() : this.readFrame();
      if (event !== NO_EVENT) return event;
      if (this.output.controlFrames > this.limits.maxQueuedControlFrames) return events.NEED_DATA;
    }
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
    this.head = NO_HEAD;
    this.trailers = NO_TRAILERS;
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
    if (reader.type !== FRAME_CONTINUATION) return this.control();
    this.block.append(reader.payload, reader.start, reader.end, this.limits, true);
    if ((reader.flags & FLAG_END_HEADERS) === 0) return NO_EVENT;
    return this.endBlock(this.block.bytes, 0, this.block.length);
  }

  private headers(): number {
    const reader = this.reader;
    const { streamId, flags, payload } = reader;
    const padded = (flags & FLAG_PADDED) !== 0;
    const prioritized = (flags & FLAG_PRIORITY) !== 0;
    let { start, end } = reader;
    if (end - start < (padded ? 1 : 0) + (prioritized ? 5 : 0)) {
      throw new Http2ConnectionError(FRAME_SIZE_ERROR, 'HEADERS too short');
    }
    this.admitHeaders(streamId);
    if (padded) {
      end -= payload[start] ?? 0;
      start += 1;
    }
    let dependsOnItself = false;
    if (prioritized) {
      dependsOnItself = (payload.readInt32BE(start) & 0x7fff_ffff) === streamId;
      start += 5;
    }
    if (start > end) throw new Http2ConnectionError(PROTOCOL_ERROR, 'padding longer than its frame');
    this.block.begin(streamId, (flags & FLAG_END_STREAM) !== 0, dependsOnItself);
    if ((flags & FLAG_END_HEADERS) !== 0) return this.endBlock(payload, start, end);
    this.block.append(payload, start, end, this.limits, false);
    return NO_EVENT;
  }

  /** Which streams HEADERS may come on at all (RFC 9113 §5.1, §5.1.1). */
  private admitHeaders(streamId: number): void {
    const streams = this.streams;
    if ((streamId & 1) === 0)
      throw new Http2ConnectionError(PROTOCOL_ERROR, 'HEADERS on a stream that no client opens');
    if (streamId > streams.lastId) return;
    const stream = streams.get(streamId);
    if (stream !== undefined ? !stream.resetByPeer : this.isPassedOver(streamId)) return;
    const isKnown = stream !== undefined || streams.wasClosed(streamId);
    throw new Http2ConnectionError(isKnown ? STREAM_CLOSED : PROTOCOL_ERROR, 'HEADERS on a closed stream');
  }

  /** Every block is decoded, wanted or not: it changes the HPACK table (RFC 9113 §4.3). */
  private endBlock(bytes: Buffer, start: number, end: number): number {
    const { streamId, endStream, dependsOnItself } = this.block;
    const fields = takeFieldList();
    let isWithinLimit: boolean;
    try {
      isWithinLimit = this.decoder.decode(
        bytes,
        start,
        end,
        fields,
        this.local.maxHeaderListBytes,
        this.limits.maxFields,
      );
    } catch (error) {
      if (!(error instanceof HpackError)) throw error;
      throw new Http2ConnectionError(COMPRESSION_ERROR, 'field block does not decode');
    }
    this.block.finish();
    this.streamId = streamId;
    if (streamId > this.streams.lastId) {
      return this.openStream(streamId, fields, endStream, isWithinLimit, dependsOnItself);
    }
    const stream = this.streams.get(streamId);
    if (stream === undefined || stream.dead) {
      this.abuse.countOverhead();
      return NO_EVENT;
    }
    return this.endWithTrailers(stream, fields, isWithinLimit && !dependsOnItself, endStream);
  }

  private openStream(
    id: number,
    fields: string[],
    endStream: boolean,
    isWithinLimit: boolean,
    dependsOnItself: boolean,
  ): number {
    this.streams.lastId = id;
    const earlyPriority = this.takeEarlyPriority(id);
    if (id > this.acceptedUpTo) {
      this.abuse.countOverhead();
      return NO_EVENT;
    }
    if (this.streams.size >= this.local.maxConcurrentStreams) {
      // RFC 9113 §5.1.2; a peer that has not seen our SETTINGS is not to blame.
      return this.refuse(id, endStream, REFUSED_STREAM, this.settingsAcknowledged);
    }
    const head = isWithinLimit ? readRequestHead(fields, endStream) : readTooLargeHead(fields, endStream);
    if (head === null || dependsOnItself) return this.refuse(id, endStream, PROTOCOL_ERROR, true);
    if (earlyPriority >= 0) applyPriority(head, earlyPriority);
    const stream = new Http2Stream(id, this.peer.initialWindowBytes);
    stream.urgency = head.urgency;
    stream.incremental = head.incremental;
    stream.promisedBytes = head.contentLength;
    stream.remoteEnded = endStream;
    stream.isTunnel = head.method === 'CONNECT';
    this.streams.add(stream);
    this.abuse.countUse();
    this.head = head;
    this.endStream = endStream;
    return events.REQUEST;
  }

  /** RST_STREAM for a request that the engine never hears of. */
  private refuse(id: number, endStream: boolean, errorCode: number, isTheirFault: boolean): number {
    this.output.writeReset(id, errorCode);
    this.streams.close(id, !endStream);
    if (isTheirFault) this.abuse.countReset();
    return NO_EVENT;
  }

  /** RFC 9113 §8.1: the second field block ends the request. */
  private endWithTrailers(
    stream: Http2Stream,
    fields: string[],
    isAcceptable: boolean,
    endStream: boolean,
  ): number {
    if (stream.remoteEnded) return this.streamError(stream, STREAM_CLOSED);
    if (!endStream || stream.isTunnel || stream.promisedBytes > 0) {
      return this.streamError(stream, PROTOCOL_ERROR);
    }
    if (!isAcceptable) return this.streamError(stream, ENHANCE_YOUR_CALM);
    if (!areTrailersWellFormed(fields)) return this.streamError(stream, PROTOCOL_ERROR);
    this.endRequest(stream);
    if (stream.requestDropped) return NO_EVENT;
    this.trailers = fields.slice();
    this.endStream = true;
    return events.TRAILERS;
  }

  private endRequest(stream: Http2Stream): void {
    stream.remoteEnded = true;
    if (stream.localEnded) this.forget(stream);
  }

  private beginData(): number {
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
      this.abuse.countOverhead();
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

  private readBodyPiece(): number {
    const reader = this.reader;
    if (!reader.readBody()) return this.wait();
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
