/** A client that writes HTTP/2 frames exactly as given, however wrong, and reads what comes back. */
import type { Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { readHeaderBlock, writeHeaderBlock } from './minimal-hpack.js';
import { type ClientResponse, type FrontAddress, openSocket, type RawClient, Waiters } from './raw-client.js';

/** RFC 9113 §6 frame types. */
export const FRAME = {
  data: 0,
  headers: 1,
  priority: 2,
  reset: 3,
  settings: 4,
  push: 5,
  ping: 6,
  goaway: 7,
  window: 8,
  continuation: 9,
} as const;

export const END_STREAM = 1;
export const END_HEADERS = 4;
const PADDED = 8;

const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';

/** One frame (RFC 9113 §4.1). */
export function frame(type: number, flags: number, stream: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** SETTINGS with identifier, value pairs. */
export function settingsFrame(...pairs: ReadonlyArray<readonly [number, number]>): Buffer {
  const payload = Buffer.alloc(pairs.length * 6);
  for (const [index, [identifier, value]] of pairs.entries()) {
    payload.writeUInt16BE(identifier, index * 6);
    payload.writeUInt32BE(value, index * 6 + 2);
  }
  return frame(FRAME.settings, 0, 0, payload);
}

/** HTTP/2 over a raw socket; answers SETTINGS and PING and opens wide windows by itself. */
export class RawHttp2Client implements RawClient {
  readonly responses: ClientResponse[] = [];
  readonly informational: number[] = [];
  problem: string | undefined;
  resets = 0;
  closed = false;
  /** Error code of a GOAWAY, if one came. */
  goaway: number | undefined;
  /** Every GOAWAY in turn. */
  readonly goaways: { readonly lastStream: number; readonly code: number }[] = [];
  /** Error code of each stream that was reset. */
  readonly resetCodes = new Map<number, number>();
  /** The front's SETTINGS have come, and their acknowledgement was sent. */
  acknowledged = false;
  private readonly waiters = new Waiters();
  private readonly open = new Map<number, ClientResponse>();
  private readonly over = new Set<number>();
  private connectionWindow = 65_535;
  private initialWindow = 65_535;
  /** Credit of a stream beyond the initial window, less what was sent. */
  private readonly credit = new Map<number, number>();
  private pending: Buffer = Buffer.alloc(0);
  private block: Buffer[] = [];
  private blockFlags = 0;

  private constructor(readonly socket: Socket) {
    socket.on('data', (chunk: Buffer) => {
      this.pending = Buffer.concat([this.pending, chunk]);
      this.readFrames();
      this.waiters.notify();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.closed = true;
      this.waiters.notify();
    });
  }

  /** Connects and sends the preface with SETTINGS: table size 0 and, unless `pairs` say otherwise, windows of 1 GiB. */
  static async open(
    front: FrontAddress,
    pairs: ReadonlyArray<readonly [number, number]> = [[4, 2 ** 30]],
  ): Promise<RawHttp2Client> {
    const client = new RawHttp2Client(await openSocket(front, 'h2'));
    const window = Buffer.alloc(4);
    window.writeUInt32BE(2 ** 30, 0);
    client.write(
      Buffer.concat([
        Buffer.from(PREFACE, 'latin1'),
        settingsFrame([1, 0], [2, 0], ...pairs),
        frame(FRAME.window, 0, 0, window),
      ]),
    );
    return client;
  }

  /** Bytes that the front takes on this connection, whatever the stream. */
  get connectionRoom(): number {
    return this.connectionWindow;
  }

  /** Sends bytes as they are. */
  write(bytes: Buffer): void {
    if (!this.socket.destroyed) this.socket.write(bytes);
  }

  /** HEADERS in one frame, or cut into a HEADERS and CONTINUATION frames of `split` octets. */
  headers(stream: number, fields: readonly string[], endStream: boolean, split = 0): void {
    const block = writeHeaderBlock(fields);
    const end = endStream ? END_STREAM : 0;
    const size = split === 0 ? block.length : split;
    const frames: Buffer[] = [];
    for (let from = 0; from < block.length; from += size) {
      const last = from + size >= block.length ? END_HEADERS : 0;
      const type = from === 0 ? FRAME.headers : FRAME.continuation;
      frames.push(frame(type, last | (from === 0 ? end : 0), stream, block.subarray(from, from + size)));
    }
    this.write(Buffer.concat(frames));
  }

  /** DATA, with `padding` octets of padding when given. */
  data(stream: number, text: string, endStream: boolean, padding = -1): void {
    const end = endStream ? END_STREAM : 0;
    const body = Buffer.from(text, 'latin1');
    const padded = Buffer.concat([Buffer.from([padding & 255]), body, Buffer.alloc(Math.max(0, padding))]);
    const payload = padding < 0 ? body : padded;
    this.connectionWindow -= payload.length;
    this.credit.set(stream, (this.credit.get(stream) ?? 0) - payload.length);
    this.write(frame(FRAME.data, padding < 0 ? end : end | PADDED, stream, payload));
  }

  /** DATA as the windows allow (RFC 9113 §6.9); ends early when the stream or connection is over. */
  async body(stream: number, text: string, endStream: boolean): Promise<void> {
    let sent = 0;
    const room = (): number =>
      Math.min(this.connectionWindow, this.initialWindow + (this.credit.get(stream) ?? 0), 16_384);
    const over = (): boolean => this.closed || this.over.has(stream);
    while (sent < text.length) {
      if (!(await this.waiters.until(() => over() || room() > 0, 10_000)) || over()) return;
      const part = text.slice(sent, sent + room());
      sent += part.length;
      this.data(stream, part, endStream && sent === text.length);
      if (this.socket.writableNeedDrain) await pause(1);
    }
  }

  /** RST_STREAM */
  reset(stream: number, code: number): void {
    const payload = Buffer.alloc(4);
    payload.writeUInt32BE(code, 0);
    this.write(frame(FRAME.reset, 0, stream, payload));
  }

  /** The stream was answered whole, or reset by the front. */
  isOver(stream: number): boolean {
    return this.over.has(stream);
  }

  until(condition: () => boolean, ms: number): Promise<boolean> {
    return this.waiters.until(condition, ms);
  }

  settle(count: number, ms: number): Promise<boolean> {
    return this.waiters.until(
      () => this.closed || this.goaway !== undefined || this.problem !== undefined || this.over.size >= count,
      ms,
    );
  }

  async finish(ms: number): Promise<void> {
    this.socket.end();
    await this.waiters.until(() => this.closed, ms);
    this.socket.destroy();
  }

  private readFrames(): void {
    while (this.pending.length >= 9) {
      const length = this.pending.readUIntBE(0, 3);
      if (this.pending.length < 9 + length) return;
      const type = this.pending[3] ?? 0;
      const flags = this.pending[4] ?? 0;
      const stream = this.pending.readUInt32BE(5) & 0x7fffffff;
      const payload = this.pending.subarray(9, 9 + length);
      this.pending = this.pending.subarray(9 + length);
      this.readFrame(type, flags, stream, payload);
    }
  }

  private readFrame(type: number, flags: number, stream: number, payload: Buffer): void {
    if (type === FRAME.settings && (flags & 1) === 0) this.readSettings(payload);
    else if (type === FRAME.window) this.readWindow(stream, payload.readUInt32BE(0));
    else if (type === FRAME.ping && (flags & 1) === 0) this.write(frame(FRAME.ping, 1, 0, payload));
    else if (type === FRAME.goaway) {
      this.goaway = payload.readUInt32BE(4);
      this.goaways.push({ lastStream: payload.readUInt32BE(0) & 0x7fffffff, code: this.goaway });
    } else if (type === FRAME.reset) {
      this.resets += 1;
      this.resetCodes.set(stream, payload.readUInt32BE(0));
      this.over.add(stream);
    } else if (type === FRAME.data) this.readData(flags, stream, unpad(flags, payload));
    else if (type === FRAME.headers || type === FRAME.continuation) {
      if (type === FRAME.headers) this.blockFlags = flags;
      this.block.push(type === FRAME.headers ? unprioritise(flags, unpad(flags, payload)) : payload);
      if ((flags & END_HEADERS) !== 0) this.readBlock(stream);
    }
  }

  private readSettings(payload: Buffer): void {
    for (let at = 0; at + 6 <= payload.length; at += 6) {
      if (payload.readUInt16BE(at) === 4) this.initialWindow = payload.readUInt32BE(at + 2);
    }
    this.write(frame(FRAME.settings, 1, 0, Buffer.alloc(0)));
    this.acknowledged = true;
  }

  private readWindow(stream: number, increment: number): void {
    if (stream === 0) {
      this.connectionWindow += increment;
    } else this.credit.set(stream, (this.credit.get(stream) ?? 0) + increment);
  }

  private readBlock(stream: number): void {
    const fields = readHeaderBlock(Buffer.concat(this.block));
    this.block = [];
    const known = this.open.get(stream);
    const statuses = fields.filter((_, index) => index % 2 === 1 && fields[index - 1] === ':status');
    const status = Number(statuses[0] ?? Number.NaN);
    if (known !== undefined) {
      if (statuses.length > 0) this.problem = `second final response on stream ${stream}`;
      known.trailers = fields;
    } else if (status >= 100 && status < 200) this.informational.push(status);
    else if (statuses.length !== 1 || !(status >= 200)) this.problem = `no :status on stream ${stream}`;
    else {
      const response = { status, headers: fields, body: '', trailers: [], complete: false, stream };
      this.responses.push(response);
      this.open.set(stream, response);
    }
    this.end(this.blockFlags, stream);
  }

  private readData(flags: number, stream: number, body: Buffer): void {
    const response = this.open.get(stream);
    if (response === undefined || this.over.has(stream))
      this.problem = `DATA outside a response on stream ${stream}`;
    else response.body += body.toString('latin1');
    this.end(flags, stream);
  }

  private end(flags: number, stream: number): void {
    if ((flags & END_STREAM) === 0) return;
    const response = this.open.get(stream);
    if (response !== undefined) response.complete = true;
    this.over.add(stream);
  }
}

function unpad(flags: number, payload: Buffer): Buffer {
  if ((flags & PADDED) === 0) return payload;
  return payload.subarray(1, payload.length - (payload[0] ?? 0));
}

function unprioritise(flags: number, payload: Buffer): Buffer {
  return (flags & 32) === 0 ? payload : payload.subarray(5);
}
