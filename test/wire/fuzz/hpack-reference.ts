/** A second, slow reading of RFC 7541 to hold the decoder against: one step a bit, one object an entry. Shares only the two appendices. */
import { CODE_BITS, CODES, END_OF_STRING } from '../../../proxy/wire/hpack/huffman-code.js';
import { STATIC_COUNT, STATIC_FIELDS } from '../../../proxy/wire/hpack/static-table.js';

/** How a field was written (RFC 7541 §6). */
export type Representation = 'indexed' | 'incremental' | 'plain' | 'never';

export interface ReferenceField {
  readonly name: string;
  readonly value: string;
  readonly representation: Representation;
}

/** Why a block is no header block. */
export class ReferenceError7541 extends Error {}

const symbols = new Map<number, number>();
for (const [symbol, bits] of CODE_BITS.entries()) symbols.set(bits * 2 ** 32 + (CODES[symbol] ?? 0), symbol);

/** RFC 7541 §5.2: the longest padding is seven bits, all of them ones. */
function huffmanText(bytes: Buffer): string {
  let text = '';
  let code = 0;
  let bits = 0;
  for (const byte of bytes) {
    for (let shift = 7; shift >= 0; shift -= 1) {
      code = code * 2 + ((byte >> shift) & 1);
      bits += 1;
      const symbol = symbols.get(bits * 2 ** 32 + code);
      if (symbol === undefined) continue;
      if (symbol === END_OF_STRING) throw new ReferenceError7541('end of string');
      text += String.fromCharCode(symbol);
      code = 0;
      bits = 0;
    }
  }
  if (bits > 7 || code !== 2 ** bits - 1) throw new ReferenceError7541('padding');
  return text;
}

/** Decodes the blocks of one connection. */
export class ReferenceHpack {
  /** The longest tail of an integer seen so far; a decoder may refuse more than four octets. */
  longestTail = 0;
  private entries: { readonly name: string; readonly value: string }[] = [];
  private sizeBytes: number;
  private block: Buffer = Buffer.alloc(0);
  private at = 0;
  private smallestBytes = -1;

  constructor(private maxBytes: number) {
    this.sizeBytes = Math.min(maxBytes, 4096);
  }

  /** Another SETTINGS_HEADER_TABLE_SIZE is in force. */
  setMaxBytes(maxBytes: number): void {
    if (maxBytes < this.sizeBytes) {
      this.smallestBytes = this.smallestBytes < 0 ? maxBytes : Math.min(this.smallestBytes, maxBytes);
    }
    this.maxBytes = maxBytes;
  }

  /** @throws ReferenceError7541 */
  decode(block: Buffer): ReferenceField[] {
    this.block = block;
    this.at = 0;
    this.sizeUpdates();
    const fields: ReferenceField[] = [];
    while (this.at < block.length) fields.push(this.field());
    return fields;
  }

  private sizeUpdates(): void {
    for (
      let seen = 1;
      this.at < this.block.length && ((this.block[this.at] ?? 0) & 0xe0) === 0x20;
      seen += 1
    ) {
      // RFC 7541 §4.2: the smallest size and the final one, "resulting in at most two".
      if (seen > 2) throw new ReferenceError7541('size updates');
      const size = this.integer(5);
      if (size > this.maxBytes) throw new ReferenceError7541('size');
      if (this.smallestBytes >= 0 && size <= this.smallestBytes) this.smallestBytes = -1;
      this.sizeBytes = size;
      this.evict();
    }
    if (this.smallestBytes >= 0) throw new ReferenceError7541('size update missing');
  }

  private field(): ReferenceField {
    const first = this.block[this.at] ?? 0;
    if (first >= 0x80) return { ...this.entry(this.integer(7)), representation: 'indexed' };
    if (first >= 0x40) {
      const field = this.literal(6, 'incremental');
      this.entries.unshift({ name: field.name, value: field.value });
      this.evict();
      return field;
    }
    if (first >= 0x20) throw new ReferenceError7541('late size update');
    return this.literal(4, first >= 0x10 ? 'never' : 'plain');
  }

  private literal(prefixBits: number, representation: Representation): ReferenceField {
    const index = this.integer(prefixBits);
    const name = index === 0 ? this.string() : this.entry(index).name;
    return { name, value: this.string(), representation };
  }

  private entry(index: number): { readonly name: string; readonly value: string } {
    if (index >= 1 && index <= STATIC_COUNT) {
      return { name: STATIC_FIELDS[index * 2] ?? '', value: STATIC_FIELDS[index * 2 + 1] ?? '' };
    }
    const entry = this.entries[index - STATIC_COUNT - 1];
    if (entry === undefined) throw new ReferenceError7541('index');
    return entry;
  }

  private string(): string {
    const isHuffman = ((this.block[this.at] ?? 0) & 0x80) !== 0;
    const length = this.integer(7);
    const end = this.at + length;
    if (end > this.block.length) throw new ReferenceError7541('string');
    const bytes = this.block.subarray(this.at, end);
    this.at = end;
    return isHuffman ? huffmanText(bytes) : bytes.toString('latin1');
  }

  private integer(prefixBits: number): number {
    if (this.at >= this.block.length) throw new ReferenceError7541('end');
    const mask = 2 ** prefixBits - 1;
    let value = (this.block[this.at] ?? 0) & mask;
    this.at += 1;
    if (value < mask) return value;
    for (let tail = 0; ; tail += 1) {
      if (this.at >= this.block.length) throw new ReferenceError7541('integer');
      const octet = this.block[this.at] ?? 0;
      this.at += 1;
      value += (octet & 0x7f) * 2 ** (7 * tail);
      this.longestTail = Math.max(this.longestTail, tail + 1);
      if (octet < 0x80) return value;
    }
  }

  private evict(): void {
    const sizeOf = (): number =>
      this.entries.reduce((sum, { name, value }) => sum + name.length + value.length + 32, 0);
    while (sizeOf() > this.sizeBytes) this.entries.pop();
  }
}
