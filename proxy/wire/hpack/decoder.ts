/** Decodes HPACK header blocks (RFC 7541) into flat field lists. */

import { DynamicTable, ENTRY_OVERHEAD_BYTES, INITIAL_TABLE_BYTES } from './dynamic-table.js';
import { HpackError } from './hpack-error.js';
import { decodeHuffman, maxDecodedBytes, prepareHuffman } from './huffman-decode.js';
import { STATIC_COUNT, STATIC_FIELDS } from './static-table.js';

/** Four continuation octets: values below 2^28, far above any block this front takes. */
const LAST_INTEGER_SHIFT = 21;

/** The smallest and the final size between two blocks (RFC 7541 §4.2). */
const MAX_SIZE_UPDATES = 2;

/** Huffman output of the whole process; a string is taken out of it before the next is decoded. */
const SCRATCH = Buffer.allocUnsafeSlow(32768);

/** One per connection and direction: the blocks of a connection share its dynamic table. */
export class HpackDecoder {
  private readonly table: DynamicTable;
  private maxTableBytes: number;
  /** The next block must begin with a size update to at most this; -1 when none is due (RFC 7541 §4.2). */
  private updateDueBytes = -1;
  /** Where the last integer, string or literal ended. */
  private position = 0;
  /** Decoded octets of the last string, kept or not. */
  private stringBytes = 0;
  private name = '';
  private value = '';

  /**
   * @param maxTableBytes our SETTINGS_HEADER_TABLE_SIZE in force: 4096 until the peer acknowledges another.
   */
  constructor(maxTableBytes: number) {
    prepareHuffman();
    this.maxTableBytes = maxTableBytes;
    this.table = new DynamicTable(Math.min(maxTableBytes, INITIAL_TABLE_BYTES));
  }

  /** RFC 7541 §4.1 size of the dynamic table now. */
  get tableBytes(): number {
    return this.table.bytes;
  }

  /**
   * Call when the peer has acknowledged another SETTINGS_HEADER_TABLE_SIZE. When it is below the size in use, the
   * next block must begin with a size update (RFC 7541 §4.2).
   */
  setMaxTableBytes(maxTableBytes: number): void {
    this.maxTableBytes = maxTableBytes;
    if (maxTableBytes >= this.table.capacityBytes) return;
    const due = this.updateDueBytes;
    this.updateDueBytes = due < 0 ? maxTableBytes : Math.min(due, maxTableBytes);
  }

  /**
   * Decodes the complete block buffer[start, end) and appends name, value pairs (latin1) to `fields`.
   * Returns false when the list is larger than `listLimitBytes` (RFC 9113 §10.5.1: 32 octets a field are added) or
   * has more than `maxFields` fields: the pairs that went over are not kept, the dynamic table is right all the same.
   * @throws HpackError `compression`: the connection must end, this decoder cannot be used again.
   */
  decode(
    buffer: Buffer,
    start: number,
    end: number,
    fields: string[],
    listLimitBytes: number,
    maxFields: number,
  ): boolean {
    const table = this.table;
    let position = this.applySizeUpdates(buffer, start, end);
    let roomBytes = listLimitBytes;
    let roomFields = maxFields;
    while (position < end) {
      const first = buffer[position++] ?? 0;
      let name: string;
      let value: string;
      let cost = ENTRY_OVERHEAD_BYTES;
      if (first >= 0x80) {
        let index = first & 0x7f;
        if (index === 0x7f) {
          index = this.readInteger(buffer, position, end, 0x7f);
          position = this.position;
        }
        if (index > STATIC_COUNT) {
          const age = index - STATIC_COUNT - 1;
          if (age >= table.count) throw new HpackError('compression', 'an index is beyond the tables');
          name = table.nameAt(age);
          value = table.valueAt(age);
        } else {
          if (index === 0) throw new HpackError('compression', 'index 0 is used');
          name = STATIC_FIELDS[index << 1] ?? '';
          value = STATIC_FIELDS[(index << 1) + 1] ?? '';
        }
        cost += name.length + value.length;
      } else {
        cost += this.readLiteral(first, buffer, position, end, roomBytes);
        position = this.position;
        name = this.name;
        value = this.value;
      }
      if (cost > roomBytes || roomFields === 0) {
        // A field costs more than nothing: no later one is kept either.
        roomBytes = -1;
      } else {
        roomBytes -= cost;
        roomFields--;
        fields.push(name, value);
      }
    }
    return roomBytes >= 0;
  }

  /** Dynamic table size updates stand at the start of a block and nowhere else (RFC 7541 §4.2, §6.3). */
  private applySizeUpdates(buffer: Buffer, start: number, end: number): number {
    let position = start;
    for (let updates = 0; position < end && ((buffer[position] ?? 0) & 0xe0) === 0x20; updates++) {
      if (updates === MAX_SIZE_UPDATES) throw new HpackError('compression', 'too many table size updates');
      const first = (buffer[position] ?? 0) & 0x1f;
      const size = first === 0x1f ? this.readInteger(buffer, position + 1, end, 0x1f) : first;
      position = first === 0x1f ? this.position : position + 1;
      if (size > this.maxTableBytes) throw new HpackError('compression', 'a table size is over our limit');
      if (this.updateDueBytes >= 0) {
        if (size > this.updateDueBytes)
          throw new HpackError('compression', 'a table size ignores our setting');
        this.updateDueBytes = -1;
      }
      this.table.resize(size);
    }
    if (this.updateDueBytes >= 0) throw new HpackError('compression', 'a table size update is missing');
    return position;
  }

  /**
   * Reads a literal field after its first octet (RFC 7541 §6.2) and indexes it if so told. Returns the octets of name
   * and value. Strings that neither the list (`roomBytes`) nor the table can hold are checked but not built.
   */
  private readLiteral(first: number, buffer: Buffer, start: number, end: number, roomBytes: number): number {
    const indexed = first >= 0x40;
    if (!indexed && first >= 0x20) {
      throw new HpackError('compression', 'a table size update stands after a field');
    }
    const table = this.table;
    const prefixMax = indexed ? 0x3f : 0x0f;
    const keepBytes = indexed ? Math.max(roomBytes, table.capacityBytes) : roomBytes;
    let index = first & prefixMax;
    let position = start;
    if (index === prefixMax) {
      index = this.readInteger(buffer, position, end, prefixMax);
      position = this.position;
    }
    let name: string;
    let nameBytes: number;
    if (index === 0) {
      name = this.readString(buffer, position, end, keepBytes);
      nameBytes = this.stringBytes;
      position = this.position;
    } else {
      name = this.nameOf(index);
      nameBytes = name.length;
    }
    const value = this.readString(buffer, position, end, keepBytes);
    const bytes = nameBytes + this.stringBytes;
    if (indexed) {
      if (bytes + ENTRY_OVERHEAD_BYTES > table.capacityBytes) table.clear();
      else table.insert(name, value);
    }
    this.name = name;
    this.value = value;
    return bytes;
  }

  private nameOf(index: number): string {
    if (index <= STATIC_COUNT) return STATIC_FIELDS[index << 1] ?? '';
    const age = index - STATIC_COUNT - 1;
    if (age >= this.table.count) throw new HpackError('compression', 'an index is beyond the tables');
    return this.table.nameAt(age);
  }

  /** Reads a string literal (RFC 7541 §5.2); one of more than `keepBytes` decoded octets comes back empty. */
  private readString(buffer: Buffer, start: number, end: number, keepBytes: number): string {
    if (start >= end) throw new HpackError('compression', 'a field is cut short');
    const first = buffer[start] ?? 0;
    let length = first & 0x7f;
    let position = start + 1;
    if (length === 0x7f) {
      length = this.readInteger(buffer, position, end, 0x7f);
      position = this.position;
    }
    const stop = position + length;
    if (stop > end) throw new HpackError('compression', 'a string is longer than its block');
    this.position = stop;
    if (first < 0x80) {
      this.stringBytes = length;
      return length > keepBytes ? '' : latin1(buffer, position, stop);
    }
    const room = maxDecodedBytes(length) + 2;
    const out = room > SCRATCH.length ? Buffer.allocUnsafe(room) : SCRATCH;
    const decoded = decodeHuffman(buffer, position, stop, out);
    if (decoded < 0) throw new HpackError('compression', 'a Huffman code is not valid');
    this.stringBytes = decoded;
    return decoded > keepBytes ? '' : latin1(out, 0, decoded);
  }

  /** Reads the octets after a full prefix of `prefixMax` (RFC 7541 §5.1); their number is bounded. */
  private readInteger(buffer: Buffer, start: number, end: number, prefixMax: number): number {
    let value = prefixMax;
    let position = start;
    for (let shift = 0; shift <= LAST_INTEGER_SHIFT; shift += 7) {
      if (position >= end) throw new HpackError('compression', 'an integer is cut short');
      const octet = buffer[position++] ?? 0;
      value += (octet & 0x7f) << shift;
      if (octet < 0x80) {
        this.position = position;
        return value;
      }
    }
    throw new HpackError('compression', 'an integer is too long');
  }
}

/** Strings below two octets exist already; a peer that sends thousands of them shall not make us build them. */
function latin1(source: Buffer, start: number, end: number): string {
  if (end - start > 1) return source.toString('latin1', start, end);
  return end === start ? '' : String.fromCharCode(source[start] ?? 0);
}
