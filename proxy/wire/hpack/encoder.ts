/** Encodes flat field lists into HPACK header blocks (RFC 7541). */

import { INITIAL_TABLE_BYTES } from './dynamic-table.js';
import { indexingOf, ruleOf } from './field-rules.js';
import { HpackError } from './hpack-error.js';
import { encodeHuffman, huffmanBytes } from './huffman-encode.js';
import { MAX_INTEGER_BYTES, writeInteger } from './integer.js';
import { entryBytes, SentName, SentTable } from './sent-table.js';

/** Representations and their prefixes, RFC 7541 §6. */
const INDEXED = 0x80;
const LITERAL_INDEXED = 0x40;
const SIZE_UPDATE = 0x20;
const LITERAL_NEVER = 0x10;
const LITERAL_PLAIN = 0x00;

/** Three integers frame a literal: name index or name length, value length. */
const LITERAL_OVERHEAD_BYTES = 3 * MAX_INTEGER_BYTES;

/** Up to here a loop over the characters is cheaper than a call into the runtime. */
const SHORT_STRING = 32;

/** A longer block of indexes is not kept. */
const MAX_KEPT_BYTES = 64;
const NO_FIELDS: readonly string[] = [];
const NO_BYTES = new Uint8Array(0);

/** One per connection and direction: the blocks of a connection share its dynamic table. */
export class HpackEncoder {
  /** The most octets beginBlock() writes. */
  static readonly maxBeginBytes = 2 * MAX_INTEGER_BYTES;

  private readonly table: SentTable;
  private readonly ownMaxBytes: number;
  /** Smallest size since the last block, and -1 when no update is due (RFC 7541 §4.2). */
  private smallestBytes = -1;
  /** The list of indexed fields that was written last, and what it became after so many changes of the table. */
  private lastList: readonly string[] = NO_FIELDS;
  private lastChanges = 0;
  private lastBytes = NO_BYTES;

  /**
   * @param maxTableBytes the most this side uses, whatever the peer allows. The peer's side begins with 4096.
   */
  constructor(maxTableBytes: number) {
    this.ownMaxBytes = maxTableBytes;
    this.table = new SentTable(INITIAL_TABLE_BYTES);
    this.setMaxTableBytes(INITIAL_TABLE_BYTES);
  }

  /** The most octets encodeField() writes for this pair. */
  static maxEncodedBytes(name: string, value: string): number {
    return name.length + value.length + LITERAL_OVERHEAD_BYTES;
  }

  /** RFC 7541 §4.1 size of the dynamic table now. */
  get tableBytes(): number {
    return this.table.bytes;
  }

  /** Field names this connection keeps track of; bounded, whatever an upstream sends. */
  get trackedNames(): number {
    return this.table.names.size;
  }

  /**
   * Takes the peer's SETTINGS_HEADER_TABLE_SIZE, between two blocks; the size updates go out with the next block.
   */
  setMaxTableBytes(maxTableBytes: number): void {
    const size = Math.min(maxTableBytes, this.ownMaxBytes);
    if (size === this.table.capacityBytes) return;
    this.smallestBytes = this.smallestBytes < 0 ? size : Math.min(size, this.smallestBytes);
    this.table.resize(size);
  }

  /** Starts a block: writes the size updates that are due (RFC 7541 §4.2). Returns the new offset. */
  beginBlock(out: Buffer, offset: number): number {
    const smallest = this.smallestBytes;
    if (smallest < 0) return offset;
    needRoom(out, offset, HpackEncoder.maxBeginBytes);
    this.smallestBytes = -1;
    const size = this.table.capacityBytes;
    let position = offset;
    if (smallest < size) position = writeInteger(smallest, SIZE_UPDATE, 0x1f, out, position);
    return writeInteger(size, SIZE_UPDATE, 0x1f, out, position);
  }

  /** Writes `:status`, which takes up to maxEncodedBytes(':status', '200'). Returns the new offset. */
  encodeStatus(status: number, out: Buffer, offset: number): number {
    if (status === 200 && offset < out.length) {
      out[offset] = INDEXED | 8;
      return offset + 1;
    }
    return this.encodeField(':status', String(status), out, offset);
  }

  /**
   * Writes one field of latin1 strings; the caller gives maxEncodedBytes() octets of room. Returns the new offset.
   * @throws HpackError `too_large` without that room, `compression` for a character above U+00FF; the table is as before.
   */
  encodeField(name: string, value: string, out: Buffer, offset: number): number {
    needRoom(out, offset, name.length + value.length + LITERAL_OVERHEAD_BYTES);
    const known = this.table.names.get(name);
    if (known !== undefined) {
      const field = this.table.find(known, value);
      if (field !== null) {
        field.used = true;
        return writeInteger(this.table.indexOf(field), INDEXED, 0x7f, out, offset);
      }
    }
    return this.encodeLiteral(known, name, value, out, offset);
  }

  /**
   * Writes a list that may come again as the same object: while the tables stay as they are, it is not looked up again.
   * The caller gives maxEncodedBytes() octets of room for each of its fields. Returns the new offset.
   * @throws HpackError as encodeField() does
   */
  encodeList(list: readonly string[], out: Buffer, offset: number): number {
    if (list === this.lastList && this.lastChanges === this.table.changes) {
      out.set(this.lastBytes, offset);
      return offset + this.lastBytes.length;
    }
    let end = offset;
    // A literal may become an entry when it comes again.
    let isIndexed = true;
    for (let index = 0; index < list.length; index += 2) {
      const start = end;
      end = this.encodeField(list[index] ?? '', list[index + 1] ?? '', out, start);
      isIndexed &&= (out[start] ?? 0) >= INDEXED;
    }
    if (isIndexed && end - offset <= MAX_KEPT_BYTES) {
      this.lastList = list;
      this.lastChanges = this.table.changes;
      this.lastBytes = Uint8Array.prototype.slice.call(out, offset, end);
    }
    return end;
  }

  /** Lets go of the list that was written last. */
  forgetList(): void {
    this.lastList = NO_FIELDS;
    this.lastBytes = NO_BYTES;
  }

  /** Writes a field that the dynamic table does not hold; the static table may. */
  private encodeLiteral(
    known: SentName | undefined,
    name: string,
    value: string,
    out: Buffer,
    offset: number,
  ): number {
    const rule = known === undefined ? ruleOf(name) : known.rule;
    const exact = rule.staticValues.indexOf(value);
    if (exact >= 0) {
      out[offset] = INDEXED | (rule.staticIndex + exact);
      return offset + 1;
    }
    const table = this.table;
    const indexing = indexingOf(rule, name, value);
    const bytes = entryBytes(name, value);
    let sent = known;
    let indexed = false;
    // Half the table at most: a larger entry would push out all that small fields have gained.
    if ((indexing === 'index' || indexing === 'repeat') && bytes <= table.capacityBytes >> 1) {
      sent ??= new SentName(rule);
      indexed = sent.deservesEntry(value);
    }
    let nameIndex = rule.staticIndex;
    if (nameIndex === 0 && known !== undefined) nameIndex = table.nameIndexOf(known);
    const pattern = indexed ? LITERAL_INDEXED : indexing === 'never' ? LITERAL_NEVER : LITERAL_PLAIN;
    let position = writeInteger(nameIndex, pattern, indexed ? 0x3f : 0x0f, out, offset);
    if (nameIndex === 0) position = writeString(name, out, position);
    position = writeString(value, out, position);
    if (sent !== undefined) {
      if (known === undefined) table.track(name, sent);
      if (indexed) table.insert(sent, value, bytes);
    }
    return position;
  }
}

function needRoom(out: Buffer, offset: number, bytes: number): void {
  if (out.length - offset < bytes) throw new HpackError('too_large', 'the output has no room for the field');
}

/** Writes a string literal, Huffman-coded where that is shorter (RFC 7541 §5.2). */
function writeString(text: string, out: Buffer, offset: number): number {
  const length = text.length;
  const coded = huffmanBytes(text);
  if (coded < length) {
    return encodeHuffman(text, out, writeInteger(coded, 0x80, 0x7f, out, offset));
  }
  if (coded === Number.POSITIVE_INFINITY) {
    throw new HpackError('compression', 'a field has a character above U+00FF');
  }
  const position = writeInteger(length, 0, 0x7f, out, offset);
  if (length > SHORT_STRING) return position + out.write(text, position, 'latin1');
  for (let i = 0; i < length; i++) out[position + i] = text.charCodeAt(i);
  return position + length;
}
