/** Decodes HPACK header blocks (RFC 7541) into flat field lists. */

import { HpackError } from './hpack-error.js';

/** One per connection and direction: the blocks of a connection share its dynamic table. */
export class HpackDecoder {
  maxTableBytes: number;

  /** @param maxTableBytes our SETTINGS_HEADER_TABLE_SIZE in force now: 4096 until the peer acknowledges another. */
  constructor(maxTableBytes: number) {
    this.maxTableBytes = maxTableBytes;
  }

  /** Call when the peer has acknowledged another SETTINGS_HEADER_TABLE_SIZE (RFC 7541 §4.2). */
  setMaxTableBytes(maxTableBytes: number): void {
    this.maxTableBytes = maxTableBytes;
  }

  /**
   * Decodes one complete block and appends name, value pairs (latin1) to `fields`. Returns false when the list went
   * over `listLimitBytes` (RFC 9113 §10.5.1) or `maxFields`: the table is right, later pairs are not kept.
   * @throws HpackError `compression`
   */
  decode(
    buffer: Buffer,
    start: number,
    end: number,
    fields: string[],
    listLimitBytes: number,
    maxFields: number,
  ): boolean {
    throw new HpackError(
      'compression',
      `not decoded yet: ${buffer.length} ${start} ${end} ${fields.length} ${listLimitBytes} ${maxFields}`,
    );
  }
}
