/** Holds what the HTTP/2 codec wrote to RFC 9113, as a client would: frames, stream states, windows, header blocks. */
import { HpackDecoder } from '../../../proxy/wire/hpack/decoder.js';
import * as codes from '../../../proxy/wire/http2/codes.js';
import { DEFAULT_HTTP2_LIMITS } from '../../../proxy/wire/http2/limits.js';
import { decodeBlock } from '../hpack/blocks.js';
import { type Frame, framesIn, PREFACE } from './frames.js';
import type { Http2Account } from './http2-account.js';
import { holds, same } from './target.js';

/** What the client may have allowed at most, read from its bytes without judging them. */
interface Allowed {
  connectionBytes: number;
  readonly streamBytes: Map<number, number>;
  initialBytes: number;
  tableBytes: number;
}

function allowedBy(input: Buffer): Allowed {
  const allowed: Allowed = {
    connectionBytes: codes.DEFAULT_WINDOW_BYTES,
    streamBytes: new Map(),
    initialBytes: codes.DEFAULT_WINDOW_BYTES,
    tableBytes: 4096,
  };
  if (!input.subarray(0, PREFACE.length).equals(PREFACE)) return allowed;
  for (const { type, streamId, payload } of framesIn(input.subarray(PREFACE.length)).frames) {
    if (type === codes.FRAME_WINDOW_UPDATE && payload.length === 4) {
      const increment = payload.readUInt32BE(0) & 0x7fff_ffff;
      if (streamId === 0) allowed.connectionBytes += increment;
      else allowed.streamBytes.set(streamId, (allowed.streamBytes.get(streamId) ?? 0) + increment);
    }
    if (type !== codes.FRAME_SETTINGS) continue;
    for (let at = 0; at + 6 <= payload.length; at += 6) {
      const value = payload.readUInt32BE(at + 2);
      const id = payload.readUInt16BE(at);
      if (id === codes.SETTINGS_INITIAL_WINDOW_SIZE)
        allowed.initialBytes = Math.max(allowed.initialBytes, value);
      if (id === codes.SETTINGS_HEADER_TABLE_SIZE) allowed.tableBytes = Math.max(allowed.tableBytes, value);
    }
  }
  return allowed;
}

interface SentStream {
  /** The final head went out. */
  answered: boolean;
  ended: boolean;
  bytes: number;
}

class Client {
  private readonly streams = new Map<number, SentStream>();
  private readonly decoder: HpackDecoder;
  private connectionBytes = 0;
  private isGone = false;

  constructor(
    private readonly allowed: Allowed,
    private readonly told: ReadonlySet<number>,
  ) {
    this.decoder = new HpackDecoder(allowed.tableBytes);
  }

  read(sent: Frame): void {
    const { type, streamId, payload } = sent;
    holds(payload.length <= codes.DEFAULT_FRAME_BYTES, `a frame of ${payload.length} bytes`);
    holds(streamId % 2 === 0 ? streamId === 0 : true, `frame on stream ${streamId}`);
    holds(!this.isGone || type === codes.FRAME_GOAWAY, `frame ${type} after the last GOAWAY`);
    switch (type) {
      case codes.FRAME_DATA:
        this.data(sent);
        break;
      case codes.FRAME_HEADERS:
        this.headers(sent);
        break;
      case codes.FRAME_RST_STREAM:
        same(payload.length, 4, 'RST_STREAM');
        this.stream(streamId).ended = true;
        break;
      case codes.FRAME_WINDOW_UPDATE:
        holds(payload.length === 4 && payload.readUInt32BE(0) > 0, 'WINDOW_UPDATE');
        break;
      case codes.FRAME_SETTINGS:
      case codes.FRAME_PING:
        same(streamId, 0, 'stream');
        break;
      case codes.FRAME_GOAWAY:
        same(streamId, 0, 'stream');
        this.isGone = payload.readUInt32BE(4) !== codes.NO_ERROR;
        break;
      default:
        holds(false, `frame type ${type}`);
    }
  }

  private stream(streamId: number): SentStream {
    const known = this.streams.get(streamId) ?? { answered: false, ended: false, bytes: 0 };
    this.streams.set(streamId, known);
    return known;
  }

  private headers({ streamId, flags, payload }: Frame): void {
    const stream = this.stream(streamId);
    holds(this.told.has(streamId), `an answer to no request on ${streamId}`);
    holds(!stream.ended, `HEADERS after the end of ${streamId}`);
    holds((flags & codes.FLAG_END_HEADERS) !== 0, 'a block in several frames');
    const fields = decodeBlock(this.decoder, payload);
    if (stream.answered) {
      same([fields, flags & 1], [['x-sum', 'a'], 1], 'trailers');
    } else {
      same(fields[0], ':status', 'first field');
      stream.answered = Number(fields[1]) >= 200;
      const expected = stream.answered
        ? ['content-type', 'text/plain', 'x-stream', String(streamId)]
        : ['link', '</a>'];
      same(fields.slice(2), expected, 'fields');
    }
    stream.ended = (flags & codes.FLAG_END_STREAM) !== 0;
  }

  private data({ streamId, flags, payload }: Frame): void {
    const stream = this.stream(streamId);
    holds(stream.answered && !stream.ended, `DATA on ${streamId}`);
    stream.bytes += payload.length;
    this.connectionBytes += payload.length;
    stream.ended = (flags & codes.FLAG_END_STREAM) !== 0;
    const most = this.allowed.initialBytes + (this.allowed.streamBytes.get(streamId) ?? 0);
    holds(stream.bytes <= most, `${stream.bytes} bytes on stream ${streamId}`);
    holds(this.connectionBytes <= this.allowed.connectionBytes, `${this.connectionBytes} bytes in all`);
  }
}

/** Reads the whole output as the client that sent `input`. */
export function holdsOutput(input: Buffer, account: Http2Account): void {
  const { frames, rest } = framesIn(account.output);
  same(rest.length, 0, 'a torn frame');
  same(frames[0]?.type, codes.FRAME_SETTINGS, 'first frame');
  const client = new Client(allowedBy(input), new Set(account.messages.map(({ streamId }) => streamId)));
  for (const sent of frames) client.read(sent);
  // An ended connection says why, and whatever its peer sent, the output stays within bounds.
  if (account.closed !== '') same(frames.at(-1)?.type, codes.FRAME_GOAWAY, 'last frame');
  holds(account.output.length <= DEFAULT_HTTP2_LIMITS.maxReadyBytes, 'output');
}
