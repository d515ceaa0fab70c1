/** Just enough HTTP/2 framing to exchange header blocks with node:http2 in memory, without our own HTTP/2 codec. */

import { Duplex } from 'node:stream';
import { HpackDecoder } from '../../../proxy/wire/hpack/decoder.js';
import { HpackEncoder } from '../../../proxy/wire/hpack/encoder.js';
import { encodeBlock } from './blocks.js';

const HEADERS = 1;
const SETTINGS = 4;
const PING = 6;
const CONTINUATION = 9;
const SETTINGS_HEADER_TABLE_SIZE = 1;
const PREFACE_BYTES = 24;
const MAX_FRAME_BYTES = 16_384;

/** Two connected ends: what is written to one is read from the other. */
export function duplexPair(): [Duplex, Duplex] {
  const left: Duplex = end(() => right);
  const right: Duplex = end(() => left);
  return [left, right];
}

function end(other: () => Duplex): Duplex {
  return new Duplex({
    read() {},
    write(chunk: Buffer, _encoding, done) {
      other().push(chunk);
      done();
    },
    final(done) {
      other().push(null);
      done();
    },
  });
}

/** One end of a connection whose HPACK is ours and whose peer is node:http2. */
export class HeaderPeer {
  readonly encoder: HpackEncoder;
  readonly decoder = new HpackDecoder(4096);
  /** Called with each decoded list. */
  onFields: (streamId: number, fields: string[]) => void = () => {};
  /** Size settings that the peer has yet to acknowledge, oldest first. */
  private readonly unacknowledged: (number | null)[] = [];
  private readonly socket: Duplex;
  private received: Buffer = Buffer.alloc(0);
  private block: Buffer[] = [];

  /** @param role which side of the connection this end plays; a server skips the client's preface. */
  constructor(socket: Duplex, role: 'client' | 'server', maxTableBytes: number) {
    this.socket = socket;
    this.encoder = new HpackEncoder(maxTableBytes);
    let skip = role === 'server' ? PREFACE_BYTES : 0;
    if (role === 'client') socket.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
    this.sendSettings(null);
    socket.on('data', (chunk: Buffer) => {
      this.received = Buffer.concat([this.received, chunk]);
      if (this.received.length < skip) return;
      this.received = this.received.subarray(skip);
      skip = 0;
      this.takeFrames();
    });
  }

  /** Sends SETTINGS_HEADER_TABLE_SIZE; our decoder follows when the peer acknowledges it. */
  setTableBytes(size: number): void {
    this.sendSettings(size);
  }

  /** Sends one list as HEADERS and CONTINUATION. */
  sendFields(streamId: number, fields: readonly string[], endStream: boolean): void {
    const block = encodeBlock(this.encoder, fields);
    for (let start = 0; start === 0 || start < block.length; start += MAX_FRAME_BYTES) {
      const stop = Math.min(start + MAX_FRAME_BYTES, block.length);
      const flags = (start === 0 && endStream ? 1 : 0) | (stop === block.length ? 4 : 0);
      this.send(start === 0 ? HEADERS : CONTINUATION, flags, streamId, block.subarray(start, stop));
    }
  }

  private sendSettings(size: number | null): void {
    const payload = Buffer.alloc(size === null ? 0 : 6);
    if (size !== null) {
      payload.writeUInt16BE(SETTINGS_HEADER_TABLE_SIZE, 0);
      payload.writeUInt32BE(size, 2);
    }
    this.unacknowledged.push(size);
    this.send(SETTINGS, 0, 0, payload);
  }

  private send(type: number, flags: number, streamId: number, payload: Buffer): void {
    const frame = Buffer.alloc(9 + payload.length);
    frame.writeUIntBE(payload.length, 0, 3);
    frame[3] = type;
    frame[4] = flags;
    frame.writeUInt32BE(streamId, 5);
    payload.copy(frame, 9);
    this.socket.write(frame);
  }

  private takeFrames(): void {
    while (this.received.length >= 9) {
      const length = 9 + this.received.readUIntBE(0, 3);
      if (this.received.length < length) return;
      const frame = this.received.subarray(0, length);
      this.received = this.received.subarray(length);
      this.takeFrame(frame[3] ?? 0, frame[4] ?? 0, frame.readUInt32BE(5), frame.subarray(9));
    }
  }

  private takeFrame(type: number, flags: number, streamId: number, payload: Buffer): void {
    if (type === SETTINGS) this.takeSettings((flags & 1) === 1, payload);
    if (type === PING && (flags & 1) === 0) this.send(PING, 1, 0, payload);
    if (type === HEADERS || type === CONTINUATION) {
      let start = 0;
      let stop = payload.length;
      if (type === HEADERS && (flags & 0x08) !== 0) stop -= payload[start++] ?? 0;
      if (type === HEADERS && (flags & 0x20) !== 0) start += 5;
      this.block.push(payload.subarray(start, stop));
      if ((flags & 4) !== 0) this.takeBlock(streamId);
    }
  }

  private takeBlock(streamId: number): void {
    const block = Buffer.concat(this.block);
    this.block = [];
    const fields: string[] = [];
    this.decoder.decode(block, 0, block.length, fields, 1 << 20, 10_000);
    this.onFields(streamId, fields);
  }

  private takeSettings(acknowledged: boolean, payload: Buffer): void {
    if (acknowledged) {
      const size = this.unacknowledged.shift() ?? null;
      if (size !== null) this.decoder.setMaxTableBytes(size);
      return;
    }
    for (let at = 0; at < payload.length; at += 6) {
      if (payload.readUInt16BE(at) === SETTINGS_HEADER_TABLE_SIZE) {
        this.encoder.setMaxTableBytes(payload.readUInt32BE(at + 2));
      }
    }
    this.send(SETTINGS, 1, 0, Buffer.alloc(0));
  }
}
