/** Requests and trailers out of HEADERS and CONTINUATION (RFC 9113 §5.1, §6.2, §8.1). */
import { HpackDecoder } from '../../hpack/decoder.js';
import { HpackError } from '../../hpack/hpack-error.js';
import {
  ENHANCE_YOUR_CALM,
  FLAG_END_HEADERS,
  FLAG_END_STREAM,
  FLAG_PADDED,
  FLAG_PRIORITY,
  PROTOCOL_ERROR,
  REFUSED_STREAM,
  STREAM_CLOSED,
} from '../codes.js';
import type { ConnectionContext } from '../context.js';
import { type FrameEvent, NO_EVENT, REQUEST, TRAILERS } from '../events.js';
import { Http2ConnectionError } from '../faults.js';
import { DEFAULT_TABLE_BYTES } from '../frames/settings.js';
import { Http2Stream } from '../streams/stream.js';
import { HeaderBlock } from './header-block.js';
import { LastFields } from './last-fields.js';
import {
  applyPriority,
  areTrailersWellFormed,
  readRequestHead,
  readTooLargeHead,
  takeFieldList,
} from './request-head.js';

/** Streams that a peer may open beyond the bound without blame, until it acknowledges our SETTINGS: one long flight. */
const MAX_EARLY_REFUSALS = 1_000;

export class RequestReader {
  /** The field block under way. */
  readonly block = new HeaderBlock();
  readonly lastFields = new LastFields();
  private readonly decoder: HpackDecoder;
  /** Streams over the bound. */
  private refusedEarly = 0;

  constructor(private readonly context: ConnectionContext) {
    this.decoder = new HpackDecoder(Math.max(context.local.headerTableBytes, DEFAULT_TABLE_BYTES));
  }

  /** Handles HEADERS. */
  readHeaders(): FrameEvent {
    const { frame, limits } = this.context;
    const { streamId, flags, payload } = frame;
    const padded = (flags & FLAG_PADDED) !== 0;
    const prioritized = (flags & FLAG_PRIORITY) !== 0;
    let { start, end } = frame;
    if (end - start < (padded ? 1 : 0) + (prioritized ? 5 : 0)) {
      throw new Http2ConnectionError('HEADERS too short');
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
    if (start > end) throw new Http2ConnectionError('padding longer than its frame');
    this.block.begin(streamId, (flags & FLAG_END_STREAM) !== 0, dependsOnItself);
    if ((flags & FLAG_END_HEADERS) !== 0) return this.endBlock(payload, start, end);
    this.block.append(payload, start, end, limits, false);
    return NO_EVENT;
  }

  /** Handles CONTINUATION of the block under way. */
  readContinuation(): FrameEvent {
    const { frame, limits } = this.context;
    this.block.append(frame.payload, frame.start, frame.end, limits, true);
    if ((frame.flags & FLAG_END_HEADERS) === 0) return NO_EVENT;
    return this.endBlock(this.block.bytes, 0, this.block.length);
  }

  /** Which streams HEADERS may come on at all (RFC 9113 §5.1, §5.1.1). */
  private admitHeaders(streamId: number): void {
    const { streams } = this.context;
    if ((streamId & 1) === 0) throw new Http2ConnectionError('HEADERS on a stream that no client opens');
    if (streamId > streams.lastId) return;
    const stream = streams.get(streamId);
    if (stream === undefined) {
      if (this.context.isPassedOver(streamId)) return;
      throw new Http2ConnectionError(
        streams.wasClosed(streamId) ? 'HEADERS on a closed stream' : 'HEADERS on a skipped stream',
      );
    }
    if (stream.state === 'reset-by-peer') throw new Http2ConnectionError('HEADERS on a closed stream');
  }

  /** Every block is decoded, wanted or not: it changes the HPACK table (RFC 9113 §4.3). */
  private endBlock(bytes: Buffer, start: number, end: number): FrameEvent {
    const { context, block } = this;
    const { streamId, endStream, dependsOnItself } = block;
    const fields = takeFieldList();
    let isWithinLimit: boolean;
    try {
      isWithinLimit = this.decoder.decode(
        bytes,
        start,
        end,
        fields,
        context.local.maxHeaderListBytes,
        context.limits.maxFields,
      );
    } catch (error) {
      if (!(error instanceof HpackError)) throw error;
      throw new Http2ConnectionError('field block does not decode');
    }
    block.finish();
    context.event.streamId = streamId;
    if (streamId > context.streams.lastId) {
      return this.openStream(streamId, fields, endStream, isWithinLimit, dependsOnItself);
    }
    const stream = context.streams.get(streamId);
    if (stream === undefined || stream.isDead) {
      context.abuse.countOverhead();
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
  ): FrameEvent {
    const { context } = this;
    const { streams, abuse, event } = context;
    streams.lastId = id;
    const earlyPriority = context.earlyPriorities.take(id);
    if (id > context.acceptedUpTo) {
      abuse.countOverhead();
      return NO_EVENT;
    }
    if (streams.size >= context.local.maxConcurrentStreams) {
      // RFC 9113 §5.1.2; a peer that has not seen our SETTINGS is not to blame for a flight of requests.
      this.refusedEarly += 1;
      const isWarned = context.settingsAcknowledged || this.refusedEarly > MAX_EARLY_REFUSALS;
      if (isWarned) context.refusedStreams += 1;
      return this.refuse(id, endStream, REFUSED_STREAM, isWarned);
    }
    const head = isWithinLimit
      ? readRequestHead(fields, endStream, this.lastFields)
      : readTooLargeHead(fields, endStream, context.limits.maxFields);
    if (head === null || dependsOnItself) return this.refuse(id, endStream, PROTOCOL_ERROR, true);
    if (earlyPriority >= 0) applyPriority(head, earlyPriority);
    const isTunnel = head.method === 'CONNECT';
    const state = endStream ? 'half-closed-remote' : 'open';
    const stream = new Http2Stream(id, context.peer.initialWindowBytes, state, isTunnel);
    stream.urgency = head.urgency;
    stream.incremental = head.incremental;
    stream.promisedBytes = head.contentLength;
    streams.add(stream);
    abuse.countUse();
    event.head = head;
    event.endStream = endStream;
    return REQUEST;
  }

  /** RST_STREAM for a request that the engine never hears of. */
  private refuse(id: number, endStream: boolean, errorCode: number, isTheirFault: boolean): typeof NO_EVENT {
    const { output, streams, abuse } = this.context;
    output.writeReset(id, errorCode);
    streams.close(id, !endStream);
    if (isTheirFault) abuse.countReset();
    return NO_EVENT;
  }

  /** RFC 9113 §8.1: the second field block ends the request. */
  private endWithTrailers(
    stream: Http2Stream,
    fields: string[],
    isAcceptable: boolean,
    endStream: boolean,
  ): FrameEvent {
    const { context } = this;
    if (!stream.isRemoteOpen) return context.streamError(stream, STREAM_CLOSED);
    if (!endStream || stream.body === 'tunnel' || stream.promisedBytes > 0) {
      return context.streamError(stream, PROTOCOL_ERROR);
    }
    if (!isAcceptable) return context.streamError(stream, ENHANCE_YOUR_CALM);
    if (!areTrailersWellFormed(fields)) return context.streamError(stream, PROTOCOL_ERROR);
    context.endRequest(stream);
    if (stream.body === 'unwanted') return NO_EVENT;
    context.event.trailers = fields.slice();
    context.event.endStream = true;
    return TRAILERS;
  }
}
