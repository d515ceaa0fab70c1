/** The little of RFC 7541 that a test client needs: writes literals only, reads everything but dynamic entries. */

/** RFC 7541 Appendix A, entries 1 to 61, flat. */
const STATIC =
  ':authority||:method|GET|:method|POST|:path|/|:path|/index.html|:scheme|http|:scheme|https|:status|200|:status|204|:status|206|:status|304|:status|400|:status|404|:status|500|accept-charset||accept-encoding|gzip, deflate|accept-language||accept-ranges||accept||access-control-allow-origin||age||allow||authorization||cache-control||content-disposition||content-encoding||content-language||content-length||content-location||content-range||content-type||cookie||date||etag||expect||expires||from||host||if-match||if-modified-since||if-none-match||if-range||if-unmodified-since||last-modified||link||location||max-forwards||proxy-authenticate||proxy-authorization||range||referer||refresh||retry-after||server||set-cookie||strict-transport-security||transfer-encoding||user-agent||vary||via||www-authenticate|'.split(
    '|',
  );

/** Code lengths of RFC 7541 Appendix B for symbols 0 to 256; the code is canonical, so lengths say all. */
export const HUFFMAN_LENGTHS = [
  13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28,
  28, 28, 28, 28, 28, 6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7,
  8, 15, 6, 12, 10, 13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19,
  13, 14, 6, 15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13,
  28, 20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21,
  22, 23, 22, 23, 23, 24, 22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23,
  22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23, 26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25,
  19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27, 20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25,
  25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26, 30,
];

/** `length:code` → symbol. */
function huffmanTable(): Map<string, number> {
  const order = HUFFMAN_LENGTHS.map((length, symbol) => ({ length, symbol }));
  order.sort((one, other) => one.length - other.length || one.symbol - other.symbol);
  const table = new Map<string, number>();
  let code = 0;
  let width = 0;
  for (const { length, symbol } of order) {
    code *= 2 ** (length - width);
    width = length;
    table.set(`${length}:${code}`, symbol);
    code += 1;
  }
  return table;
}

const HUFFMAN = huffmanTable();

function readHuffman(bytes: Buffer): string {
  let text = '';
  let code = 0;
  let length = 0;
  for (const byte of bytes) {
    for (let bit = 7; bit >= 0; bit -= 1) {
      code = code * 2 + ((byte >> bit) & 1);
      length += 1;
      const symbol = HUFFMAN.get(`${length}:${code}`);
      if (symbol === undefined) continue;
      text += String.fromCharCode(symbol);
      code = 0;
      length = 0;
    }
  }
  return text;
}

class BlockReader {
  offset = 0;
  constructor(readonly block: Buffer) {}

  /** RFC 7541 §5.1 */
  integer(prefixBits: number): number {
    const mask = 2 ** prefixBits - 1;
    let value = this.byte() & mask;
    if (value < mask) return value;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.byte();
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  }

  /** RFC 7541 §5.2 */
  text(): string {
    const coded = (this.peek() & 128) !== 0;
    const length = this.integer(7);
    const bytes = this.block.subarray(this.offset, this.offset + length);
    this.offset += length;
    return coded ? readHuffman(bytes) : bytes.toString('latin1');
  }

  peek(): number {
    return this.block[this.offset] ?? 0;
  }

  byte(): number {
    const value = this.block[this.offset];
    if (value === undefined) throw new Error('header block ends too early');
    this.offset += 1;
    return value;
  }
}

function staticText(index: number, part: 0 | 1): string {
  const text = STATIC[(index - 1) * 2 + part];
  if (index < 1 || text === undefined) throw new Error(`header index ${index} though the table size is 0`);
  return text;
}

/**
 * Reads one block of a peer that was told SETTINGS_HEADER_TABLE_SIZE 0.
 * @throws Error on a block that cannot be read
 */
export function readHeaderBlock(block: Buffer): string[] {
  const reader = new BlockReader(block);
  const fields: string[] = [];
  while (reader.offset < block.length) {
    const first = reader.peek();
    if (first >= 128) {
      const index = reader.integer(7);
      fields.push(staticText(index, 0), staticText(index, 1));
    } else if (first >= 32 && first < 64) reader.integer(5);
    else {
      const index = reader.integer(first >= 64 ? 6 : 4);
      const name = index === 0 ? reader.text() : staticText(index, 0);
      fields.push(name, reader.text());
    }
  }
  return fields;
}

/** RFC 7541 §5.1 with no bits before the prefix. */
function writeInteger(value: number, prefixBits: number): number[] {
  const mask = 2 ** prefixBits - 1;
  if (value < mask) return [value];
  const bytes = [mask];
  let left = value - mask;
  for (; left >= 128; left = Math.floor(left / 128)) bytes.push((left % 128) + 128);
  bytes.push(left);
  return bytes;
}

/** Literals without indexing, names and values exactly as given (latin1), however wrong they are. */
export function writeHeaderBlock(fields: readonly string[]): Buffer {
  const parts: Buffer[] = [];
  for (let index = 0; index < fields.length; index += 2) {
    parts.push(Buffer.from([0]));
    for (const text of [fields[index] ?? '', fields[index + 1] ?? '']) {
      parts.push(Buffer.from(writeInteger(text.length, 7)), Buffer.from(text, 'latin1'));
    }
  }
  return Buffer.concat(parts);
}
