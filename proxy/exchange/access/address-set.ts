/** Many address blocks, asked by halving: a list of a country's networks costs no more than one block. */
import { isIPv4 } from 'node:net';
import { addressBytes } from '../../wire/proxy-protocol/addresses.js';

/** The first and the last address of a block, as hexadecimal digits, which sort as the addresses do. */
interface Range {
  readonly first: string;
  readonly last: string;
}

/** Blocks of both families; an IPv4 address is in no IPv6 block. */
export class AddressSet {
  private readonly ipv4: readonly Range[];
  private readonly ipv6: readonly Range[];

  /** @param blocks in CIDR notation, as src/shared/addresses/address-blocks.ts gives them */
  constructor(blocks: readonly string[]) {
    const ranges = blocks.flatMap((block) => rangeOf(block) ?? []);
    this.ipv4 = merge(ranges.filter(({ first }) => first.length === IPV4_DIGITS));
    this.ipv6 = merge(ranges.filter(({ first }) => first.length > IPV4_DIGITS));
  }

  get isEmpty(): boolean {
    return this.ipv4.length + this.ipv6.length === 0;
  }

  /** False for what is no address, such as that of a socket that has gone. */
  has(address: string): boolean {
    const ranges = address.indexOf(':') === -1 ? this.ipv4 : this.ipv6;
    if (ranges.length === 0) return false;
    const digits = digitsOf(address);
    if (digits === null) return false;
    let low = 0;
    let high = ranges.length - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      const range = ranges[middle];
      if (range === undefined) return false;
      if (digits < range.first) high = middle - 1;
      else if (digits > range.last) low = middle + 1;
      else return true;
    }
    return false;
  }
}

const IPV4_DIGITS = 8;

function digitsOf(address: string): string | null {
  return addressBytes(address)?.toString('hex') ?? null;
}

function rangeOf(block: string): Range | null {
  const [address = '', text] = block.split('/');
  const bytes = addressBytes(address);
  if (bytes === null) return null;
  const bits = text === undefined ? (isIPv4(address) ? 32 : 128) : Number(text);
  const last = Buffer.from(bytes);
  for (const [index, byte] of bytes.entries()) {
    const kept = Math.min(8, Math.max(0, bits - index * 8));
    const mask = (0xff << (8 - kept)) & 0xff;
    bytes[index] = byte & mask;
    last[index] = byte | (~mask & 0xff);
  }
  return { first: bytes.toString('hex'), last: last.toString('hex') };
}

/** Sorted, and none within another. Blocks never overlap in part. */
function merge(ranges: readonly Range[]): readonly Range[] {
  const sorted = ranges.toSorted((one, other) =>
    one.first < other.first ? -1 : one.first > other.first ? 1 : one.last > other.last ? -1 : 1,
  );
  const merged: Range[] = [];
  for (const range of sorted) {
    const before = merged.at(-1);
    if (before === undefined || range.first > before.last) merged.push(range);
  }
  return merged;
}
