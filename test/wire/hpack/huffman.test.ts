/** The Huffman code both ways (RFC 7541 §5.2, Appendix B). */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CODE_BITS, CODES, END_OF_STRING } from '../../../proxy/wire/hpack/huffman-code.js';
import { decodeHuffman, maxDecodedBytes, prepareHuffman } from '../../../proxy/wire/hpack/huffman-decode.js';
import { encodeHuffman, huffmanBytes } from '../../../proxy/wire/hpack/huffman-encode.js';
import { SeededRandom } from '../../support/random.js';

prepareHuffman();

/** Every octet as a character. */
const OCTETS = Buffer.from(Array.from({ length: 256 }, (_, octet) => octet)).toString('latin1');

function encode(text: string): Buffer {
  const out = Buffer.alloc(text.length * 4 + 8, 0xaa);
  const end = encodeHuffman(text, out, 0);
  assert.equal(end, huffmanBytes(text));
  assert.equal(out[end], 0xaa);
  return out.subarray(0, end);
}

/** Null for a code that is not valid. */
function decode(code: Buffer): string | null {
  const out = Buffer.alloc(maxDecodedBytes(code.length) + 2);
  const length = decodeHuffman(code, 0, code.length, out);
  assert.ok(length <= maxDecodedBytes(code.length));
  return length < 0 ? null : out.toString('latin1', 0, length);
}

/** The same by the letter of the RFC: bit after bit, by comparison with every code. */
function decodeSlowly(code: Buffer): string | null {
  let text = '';
  let bits = 0;
  let value = 0;
  for (const octet of code) {
    for (let bit = 7; bit >= 0; bit--) {
      value = value * 2 + ((octet >> bit) & 1);
      bits++;
      for (let symbol = 0; symbol <= END_OF_STRING; symbol++) {
        if (CODE_BITS[symbol] !== bits || CODES[symbol] !== value) continue;
        if (symbol === END_OF_STRING) return null;
        text += OCTETS[symbol] ?? '';
        bits = 0;
        value = 0;
        break;
      }
    }
  }
  return bits < 8 && value === 2 ** bits - 1 ? text : null;
}

test('codes stand as in Appendix B', () => {
  for (const [symbol, code, bits] of [
    [0, 0x1ff8, 13],
    [1, 0x7fffd8, 23],
    [10, 0x3ffffffc, 30],
    [32, 0x14, 6],
    [48, 0x0, 5],
    [97, 0x3, 5],
    [90, 0xfd, 8],
    [92, 0x7fff0, 19],
    [122, 0x7b, 7],
    [127, 0xffffffc, 28],
    [128, 0xfffe6, 20],
    [249, 0xffffffe, 28],
    [255, 0x3ffffee, 26],
    [256, 0x3fffffff, 30],
  ] as const) {
    assert.equal(CODES[symbol], code, `code of ${symbol}`);
    assert.equal(CODE_BITS[symbol], bits, `bits of ${symbol}`);
  }
});

test('the code is complete: the lengths fill the tree exactly', () => {
  const filled = CODE_BITS.reduce((sum, bits) => sum + 2 ** -bits, 0);
  assert.equal(filled, 1);
});

test('every pair of octets survives both ways', () => {
  for (const first of OCTETS) {
    for (const second of OCTETS) assert.equal(decode(encode(first + second)), first + second);
  }
});

test('long strings of every octet survive both ways', () => {
  const random = new SeededRandom(7541);
  for (let round = 0; round < 200; round++) {
    const text = random.text(OCTETS, random.below(600));
    assert.equal(decode(encode(text)), text);
  }
});

test('the table reads arbitrary octets as the code list does', () => {
  const random = new SeededRandom(52);
  let valid = 0;
  for (let round = 0; round < 3000; round++) {
    const code = Buffer.from(
      Array.from({ length: random.below(7) }, () => random.below(256) | (random.below(3) === 0 ? 0xf0 : 0)),
    );
    const text = decodeSlowly(code);
    assert.equal(decode(code), text, code.toString('hex'));
    if (text !== null) valid++;
  }
  assert.ok(valid > 100, `${valid} of the codes were valid`);
});

test('a character above U+00FF has no code, and is not taken for its low octet', () => {
  assert.equal(huffmanBytes('\u010a'), Number.POSITIVE_INFINITY);
  assert.equal(huffmanBytes('aaaa\u0100'), Number.POSITIVE_INFINITY);
});
