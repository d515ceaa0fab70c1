/** Bytes that say whose they are and where they stand: any other byte in their place is found, and its offset told. */

/** Of the letters a to p, so that a coding makes them smaller: byte `offset` of what belongs to `seed`. */
function markedByte(seed: number, offset: number): number {
  const mixed = Math.imul(offset ^ Math.imul(seed, 0x85ebca6b), 0x9e3779b1);
  return 97 + (Math.imul(mixed ^ (mixed >>> 15), 0x2c1b3c6d) >>> 28);
}

/** The `length` bytes of `seed` from `offset` on. */
export function markedBytes(seed: number, offset: number, length: number): Buffer {
  const bytes = Buffer.allocUnsafe(length);
  for (let index = 0; index < length; index += 1) bytes[index] = markedByte(seed, offset + index);
  return bytes;
}

/** Reads what should be the bytes of `seed`, in pieces of any size. */
export class MarkedReader {
  /** Bytes read so far. */
  length = 0;
  /** Offset of the first byte that is another's; -1: none. */
  firstWrong = -1;

  constructor(readonly seed: number) {}

  read(piece: Uint8Array): void {
    for (let index = 0; index < piece.length && this.firstWrong < 0; index += 1) {
      if (piece[index] !== markedByte(this.seed, this.length + index)) this.firstWrong = this.length + index;
    }
    this.length += piece.length;
  }
}
