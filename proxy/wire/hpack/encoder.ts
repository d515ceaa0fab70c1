/** Encodes flat field lists into HPACK header blocks (RFC 7541). */

import { HpackError } from './hpack-error.js';

/** One per connection and direction: the blocks of a connection share its dynamic table. */
export class HpackEncoder {
  /** The room beginBlock() may need. */
  static readonly maxBeginBytes = 12;

  maxTableBytes: number;

  /** @param maxTableBytes the most this side will use, whatever the peer allows. */
  constructor(maxTableBytes: number) {
    this.maxTableBytes = maxTableBytes;
  }

  /** The most octets encodeField() writes for this pair. */
  static maxEncodedBytes(name: string, value: string): number {
    return name.length + value.length + 16;
  }

  /** Takes the peer's SETTINGS_HEADER_TABLE_SIZE; the size updates go out with the next block. */
  setMaxTableBytes(maxTableBytes: number): void {
    this.maxTableBytes = maxTableBytes;
  }

  /** Starts a block: writes the size updates that are due (RFC 7541 §4.2). Returns the new offset. */
  beginBlock(out: Buffer, offset: number): number {
    throw new HpackError('too_large', `not encoded yet: ${out.length} ${offset}`);
  }

  /** Writes `:status`. Returns the new offset. */
  encodeStatus(status: number, out: Buffer, offset: number): number {
    throw new HpackError('too_large', `not encoded yet: ${status} ${out.length} ${offset}`);
  }

  /** Writes one field; the caller gives maxEncodedBytes() octets of room. Returns the new offset. */
  encodeField(name: string, value: string, out: Buffer, offset: number): number {
    throw new HpackError('too_large', `not encoded yet: ${name} ${value} ${out.length} ${offset}`);
  }
}
