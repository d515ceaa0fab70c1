/** WebSocket frames (RFC 6455 §5) by hand, for clients whose tunnel is not a socket. */

export const TEXT = 1;
export const BINARY = 2;
export const CLOSE = 8;

export interface WebSocketFrame {
  readonly opcode: number;
  readonly payload: Buffer;
}

/** A final frame as a client sends it, masked. */
export function clientFrame(opcode: number, payload: Buffer | string): Buffer {
  const bytes = Buffer.from(payload);
  const mask = Buffer.from([1, 2, 3, 4]);
  const long = bytes.length > 125;
  const head = Buffer.alloc(long ? 10 : 2);
  head[0] = 0x80 | opcode;
  head[1] = 0x80 | (long ? 127 : bytes.length);
  if (long) head.writeBigUInt64BE(BigInt(bytes.length), 2);
  const masked = Buffer.from(bytes.map((byte, index) => byte ^ (mask[index % 4] ?? 0)));
  return Buffer.concat([head, mask, masked]);
}

/** Cuts what a server sends into frames. */
export class WebSocketReader {
  readonly frames: WebSocketFrame[] = [];
  private rest: Buffer = Buffer.alloc(0);

  feed(chunk: Buffer): void {
    this.rest = Buffer.concat([this.rest, chunk]);
    while (this.rest.length >= 2) {
      const short = (this.rest[1] ?? 0) & 0x7f;
      const head = short === 126 ? 4 : short === 127 ? 10 : 2;
      if (this.rest.length < head) return;
      const length =
        short === 126
          ? this.rest.readUInt16BE(2)
          : short === 127
            ? Number(this.rest.readBigUInt64BE(2))
            : short;
      if (this.rest.length < head + length) return;
      this.frames.push({
        opcode: (this.rest[0] ?? 0) & 0x0f,
        payload: this.rest.subarray(head, head + length),
      });
      this.rest = this.rest.subarray(head + length);
    }
  }
}
