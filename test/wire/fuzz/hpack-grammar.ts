/** Writes header blocks in every representation of RFC 7541, right and a little wrong. */
import { CODE_BITS, CODES } from '../../../proxy/wire/hpack/huffman-code.js';
import type { SeededRandom } from '../../support/random.js';

const NAMES = [
  ':method',
  ':path',
  ':authority',
  'accept',
  'cookie',
  'x-a',
  'x-b',
  'authorization',
  'set-cookie',
  'te',
  'Host',
  '',
] as const;
const CHARACTERS = 'abcXYZ019 -_/:.%&=;,"\x00\r\n\x7f\x80\xe9\xff';
const SIZES = [0, 1, 31, 32, 33, 64, 100, 4095, 4096, 4097, 65536] as const;

/** RFC 7541 §5.1, with `tail` octets of zeroes more than needed. */
export function integer(value: number, prefixBits: number, flags: number, tail = 0): number[] {
  const mask = 2 ** prefixBits - 1;
  if (value < mask) return [flags | value];
  const octets = [flags | mask];
  let rest = value - mask;
  for (; rest >= 128; rest = Math.floor(rest / 128)) octets.push((rest % 128) | 0x80);
  octets.push(rest);
  for (let count = tail; count > 0; count -= 1) {
    octets[octets.length - 1] = (octets.at(-1) ?? 0) | 0x80;
    octets.push(0);
  }
  return octets;
}

/** RFC 7541 §5.2. */
export function huffman(text: string): number[] {
  let bits = '';
  for (const byte of Buffer.from(text, 'latin1')) {
    bits += (CODES[byte] ?? 0).toString(2).padStart(CODE_BITS[byte] ?? 0, '0');
  }
  const octets: number[] = [];
  for (let at = 0; at < bits.length; at += 8)
    octets.push(Number.parseInt(bits.slice(at, at + 8).padEnd(8, '1'), 2));
  return octets;
}

/** A string literal, Huffman-coded or not. */
export function string(text: string, isHuffman: boolean): number[] {
  const octets = isHuffman ? huffman(text) : [...Buffer.from(text, 'latin1')];
  return [...integer(octets.length, 7, isHuffman ? 0x80 : 0), ...octets];
}

function randomText(random: SeededRandom): string {
  const length = random.oneIn(20) ? random.of([127, 128, 300, 4064, 5000]) : random.below(12);
  return random.text(random.oneIn(2) ? 'abc019-/' : CHARACTERS, length);
}

/** Into the static table mostly, into the dynamic table, or beyond both. */
function randomIndex(random: SeededRandom): number {
  if (random.oneIn(6)) return 62 + random.below(3);
  return random.oneIn(40) ? random.of([0, 62 + random.below(200), 2 ** 28, 2 ** 31]) : 1 + random.below(61);
}

function randomField(random: SeededRandom): number[] {
  const tail = random.oneIn(100) ? random.below(6) : 0;
  switch (random.below(8)) {
    case 0:
    case 1:
    case 2:
      return integer(randomIndex(random), 7, 0x80, tail);
    default: {
      const [prefixBits, flags] = random.of<[number, number]>([
        [6, 0x40],
        [6, 0x40],
        [4, 0x00],
        [4, 0x10],
      ]);
      const isNamed = random.oneIn(2);
      const head = isNamed ? integer(randomIndex(random), prefixBits, flags, tail) : [flags];
      const name = isNamed
        ? []
        : string(random.oneIn(4) ? randomText(random) : random.of([...NAMES]), random.oneIn(2));
      return [...head, ...name, ...string(randomText(random), random.oneIn(2))];
    }
  }
}

/** One block. */
export function randomBlock(random: SeededRandom): Buffer {
  const octets: number[] = [];
  if (random.oneIn(8)) octets.push(...integer(random.of([...SIZES]), 5, 0x20));
  if (random.oneIn(16)) octets.push(...integer(random.of([...SIZES]), 5, 0x20));
  for (let count = random.below(7); count > 0; count -= 1) octets.push(...randomField(random));
  if (random.oneIn(60)) octets.push(...integer(random.of([...SIZES]), 5, 0x20));
  return Buffer.from(octets);
}
