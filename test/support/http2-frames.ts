/** Writes and reads HTTP/2 frames by hand, and plays a client against the codec without a socket. */
import { HpackDecoder } from '../../proxy/wire/hpack/decoder.js';
import { HpackEncoder } from '../../proxy/wire/hpack/encoder.js';
import * as codes from '../../proxy/wire/http2/codes.js';
import { Http2ServerConnection } from '../../proxy/wire/http2/connection.js';
import * as events from '../../proxy/wire/http2/events.js';
import {
  DEFAULT_HTTP2_LIMITS,
  DEFAULT_HTTP2_SETTINGS,
  type Http2Limits,
  type Http2LocalSettings,
} from '../../proxy/wire/http2/limits.js';

export const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1');

/** RFC 9113 §4.1. `declared` lies about the length when given. */
export function frame(
  type: number,
  flags: number,
  streamId: number,
  payload: Buffer | readonly number[] = [],
  declared?: number,
): Buffer {
  const bytes = Buffer.from(payload);
  const header = Buffer.alloc(9);
  header.writeUIntBE(declared ?? bytes.length, 0, 3);
  header[3] = type;
  header[4] = flags;
  header.writeUInt32BE(streamId, 5);
  return Buffer.concat([header, bytes]);
}

/** A field block without the dynamic table and without Huffman code: literals without indexing (RFC 7541 §6.2.2). */
export function literalBlock(fields: readonly string[]): Buffer {
  const parts: Buffer[] = [];
  for (let i = 0; i < fields.length; i += 2) {
    parts.push(Buffer.from([0x00]), literal(fields[i] ?? ''), literal(fields[i + 1] ?? ''));
  }
  return Buffer.concat(parts);
}

function literal(text: string): Buffer {
  const bytes = Buffer.from(text, 'latin1');
  const length: number[] = [];
  if (bytes.length < 127) {
    length.push(bytes.length);
  } else {
    length.push(127);
    let rest = bytes.length - 127;
    for (; rest >= 128; rest >>>= 7) length.push((rest & 127) | 128);
    length.push(rest);
  }
  return Buffer.concat([Buffer.from(length), bytes]);
}

export const GET = [':method', 'GET', ':scheme', 'https', ':authority', 'example.test', ':path', '/'];
export const POST = [':method', 'POST', ':scheme', 'https', ':authority', 'example.test', ':path', '/'];

/** One HEADERS frame with END_HEADERS. */
export function headers(streamId: number, fields: readonly string[], endStream = true, more = 0): Buffer {
  return frame(codes.FRAME_HEADERS, (endStream ? 1 : 0) | 4 | more, streamId, literalBlock(fields));
}

export function data(streamId: number, payload: string | Buffer, endStream = false): Buffer {
  return frame(codes.FRAME_DATA, endStream ? 1 : 0, streamId, Buffer.from(payload));
}

export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

export function settings(...pairs: number[]): Buffer {
  const payload = Buffer.alloc(pairs.length * 3);
  for (let i = 0; i < pairs.length; i += 2) {
    payload.writeUInt16BE(pairs[i] ?? 0, i * 3);
    payload.writeUInt32BE(pairs[i + 1] ?? 0, i * 3 + 2);
  }
  return frame(codes.FRAME_SETTINGS, 0, 0, payload);
}

export const settingsAck = (): Buffer => frame(codes.FRAME_SETTINGS, 1, 0);
export const windowUpdate = (streamId: number, increment: number): Buffer =>
  frame(codes.FRAME_WINDOW_UPDATE, 0, streamId, uint32(increment));
export const rstStream = (streamId: number, code: number): Buffer =>
  frame(codes.FRAME_RST_STREAM, 0, streamId, uint32(code));
export const ping = (payload = 'pingpong'): Buffer => frame(codes.FRAME_PING, 0, 0, Buffer.from(payload));

/** A frame that the codec wrote. */
export interface SentFrame {
  type: number;
  flags: number;
  streamId: number;
  payload: Buffer;
}

/** Cuts what the codec wrote into frames; throws on a torn one. */
export function parseFrames(bytes: Buffer): SentFrame[] {
  const frames: SentFrame[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = bytes.readUIntBE(at, 3);
    if (at + 9 + length > bytes.length) throw new Error('torn frame');
    frames.push({
      type: bytes[at + 3] ?? 0,
      flags: bytes[at + 4] ?? 0,
      streamId: bytes.readUInt32BE(at + 5),
      payload: Buffer.from(bytes.subarray(at + 9, at + 9 + length)),
    });
    at += 9 + length;
  }
  return frames;
}

/** What an event was, with what it refers to copied. */
export interface ToldEvent {
  kind: number;
  streamId: number;
  errorCode: number;
  endStream: boolean;
  path: string;
  headers: readonly string[];
  text: string;
}

/** A connection past its preface, the frames it wrote, and the events it told. */
export class TestPeer {
  readonly connection: Http2ServerConnection;
  readonly decoder = new HpackDecoder(4096);
  readonly encoder = new HpackEncoder(4096);
  readonly told: ToldEvent[] = [];
  nowMs = 1_000;

  constructor(settingsOf: Partial<Http2LocalSettings> = {}, limits: Partial<Http2Limits> = {}) {
    this.connection = new Http2ServerConnection(
      { ...DEFAULT_HTTP2_SETTINGS, ...settingsOf },
      { ...DEFAULT_HTTP2_LIMITS, ...limits },
    );
  }

  /** Preface and SETTINGS exchanged; what was written and told so far is forgotten. */
  static established(
    settingsOf: Partial<Http2LocalSettings> = {},
    limits: Partial<Http2Limits> = {},
    ...pairs: number[]
  ): TestPeer {
    const peer = new TestPeer(settingsOf, limits);
    peer.send(PREFACE, settings(...pairs), settingsAck());
    peer.frames();
    peer.told.length = 0;
    return peer;
  }

  /** Gives the bytes in one chunk and takes every event. */
  send(...parts: Buffer[]): ToldEvent[] {
    this.connection.receive(Buffer.concat(parts), this.nowMs);
    return this.drain();
  }

  /** Takes every event that waits. */
  drain(): ToldEvent[] {
    const before = this.told.length;
    const connection = this.connection;
    for (;;) {
      const kind = connection.next();
      if (kind === events.NEED_DATA) break;
      const isRequest = kind === events.REQUEST;
      this.told.push({
        kind,
        streamId: connection.streamId,
        errorCode: connection.errorCode,
        endStream: connection.endStream,
        path: isRequest ? connection.head.path : '',
        headers: isRequest ? connection.head.headers : kind === events.TRAILERS ? connection.trailers : [],
        text: kind === events.DATA ? connection.data.toString('latin1') : '',
      });
      if (kind === events.CLOSED) break;
    }
    return this.told.slice(before);
  }

  /** Everything the codec would write now. */
  frames(maxBytes = 1 << 30): SentFrame[] {
    const output = this.connection.takeOutput(maxBytes);
    return output === null ? [] : parseFrames(output);
  }

  /** The fields of a HEADERS frame; to be called for each of them, in order. */
  fieldsOf(sent: SentFrame | undefined): string[] {
    const fields: string[] = [];
    if (sent !== undefined) {
      this.decoder.decode(sent.payload, 0, sent.payload.length, fields, 1 << 20, 10_000);
    }
    return fields;
  }
}

/** `GOAWAY 1`, `RST_STREAM 3 5`, … : the errors among frames, for comparison. */
export function errorsOf(frames: readonly SentFrame[]): string[] {
  const found: string[] = [];
  for (const sent of frames) {
    if (sent.type === codes.FRAME_GOAWAY) found.push(`GOAWAY ${sent.payload.readUInt32BE(4)}`);
    if (sent.type === codes.FRAME_RST_STREAM) {
      found.push(`RST_STREAM ${sent.streamId} ${sent.payload.readUInt32BE(0)}`);
    }
  }
  return found;
}
