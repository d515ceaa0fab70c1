/** Requests and trailers out of HEADERS and CONTINUATION (RFC 9113 §5.1, §6.2, §8.1). */
import { HpackDecoder } from '../hpack/decoder.js';
import { HpackError } from '../hpack/hpack-error.js';
import {
  COMPRESSION_ERROR,
  ENHANCE_YOUR_CALM,
  FLAG_END_HEADERS,
  FLAG_END_STREAM,
  FLAG_PADDED,
  FLAG_PRIORITY,
  FRAME_SIZE_ERROR,
  PROTOCOL_ERROR,
  REFUSED_STREAM,
  STREAM_CLOSED,
} from './codes.js';
import { Http2ConnectionError } from './connection-error.js';
import { ControlFrames, NO_EVENT } from './control-frames.js';
import * as events from './events.js';
import { HeaderBlock } from './header-block.js';
import type { Http2Limits, Http2LocalSettings } from './limits.js';
import {
  applyPriority,
  areTrailersWellFormed,
  emptyHead,
  LastFields,
  readRequestHead,
  readTooLargeHead,
  takeFieldList,
} from './request-head.js';
import { DEFAULT_TABLE_BYTES } from './settings.js';
import { Http2Stream } from './stream.js';

/** Streams that a peer may open beyond the bound without blame, until it acknowledges our SETTINGS: one long flight. */
const MAX_EARLY_REFUSALS = 1_000;

const NO_HEAD = emptyHead();
const NO_TRAILERS: string[] = [];

export abstract class HeaderFrames extends ControlFrames {
  head = NO_HEAD;
  trailers = NO_TRAILERS;
  endStream = false;

  protected readonly block = new HeaderBlock();
  private readonly decoder: HpackDecoder;
  private readonly lastFields = new LastFields();
  /** Streams over the bound. */
  private refusedEarly = 0;

  constructor(local: Readonly<Http2LocalSettings>, limits: Readonly<Http2Limits>) {
    super(local, limits);
    this.decoder = new HpackDecoder(Math.max(local.headerTableBytes, DEFAULT_TABLE_BYTES));
  }

  ageFields(): void {
    this.lastFields.age();
    this.encoder.forgetList();
  }

  /** Forgets what the last event referred to. */
  protected letGo(): void {
    this.head = NO_HEAD;
    this.trailers = NO_TRAILERS;
  }

  /** Handles HEADERS. */
  protected headers(): number {
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

  /** Handles CONTINUATION of the block under way. */
  protected continuation(): number {
    const reader = this.reader;
    this.block.append(reader.payload, reader.start, reader.end, this.limits, true);
    if ((reader.flags & FLAG_END_HEADERS) === 0) return NO_EVENT;
    return this.endBlock(this.block.bytes, 0, this.block.length);
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
      // RFC 9113 §5.1.2; a peer that has not seen our SETTINGS is not to blame for a flight of requests.
      this.refusedEarly += 1;
      const isWarned = this.settingsAcknowledged || this.refusedEarly > MAX_EARLY_REFUSALS;
      return this.refuse(id, endStream, REFUSED_STREAM, isWarned);
    }
    const head = isWithinLimit
      ? readRequestHead(fields, endStream, this.lastFields)
      : readTooLargeHead(fields, endStream);
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

  /** The request is complete. */
  protected endRequest(stream: Http2Stream): void {
    stream.remoteEnded = true;
    if (stream.localEnded) this.forget(stream);
  }
}
