/** Octets to Huffman code (RFC 7541 §5.2). */

import { CODE_BITS, CODES } from './huffman-code.js';

/**
 * Octets the Huffman code of `text` takes. A character above U+00FF counts as so long that plain octets win, and
 * makes the result Infinity, so that nothing is cut to its low eight bits.
 */
export function huffmanBytes(text: string): number {
  let bits = 0;
  let seen = 0;
  for (let i = 0; i < text.length; i++) {
    const octet = text.charCodeAt(i);
    seen |= octet;
    bits += CODE_BITS[octet] ?? 0;
  }
  return seen > 0xff ? Number.POSITIVE_INFINITY : (bits + 7) >>> 3;
}

/** Writes the Huffman code of `text`, padded with ones. Returns the new offset: `offset` + huffmanBytes(text). */
export function encodeHuffman(text: string, out: Buffer, offset: number): number {
  let position = offset;
  let pending = 0;
  let pendingBits = 0;
  for (let i = 0; i < text.length; i++) {
    const octet = text.charCodeAt(i);
    let bits = CODE_BITS[octet] ?? 0;
    let code = CODES[octet] ?? 0;
    if (bits > 24) {
      // Up to seven bits wait: only 24 more fit beside them into the 32 of an integer.
      pending = (pending << (bits - 24)) | (code >>> 24);
      pendingBits += bits - 24;
      code &= 0xffffff;
      bits = 24;
      if (pendingBits >= 8) {
        pendingBits -= 8;
        out[position++] = pending >>> pendingBits;
      }
    }
    pending = (pending << bits) | code;
    pendingBits += bits;
    while (pendingBits >= 8) {
      pendingBits -= 8;
      out[position++] = pending >>> pendingBits;
    }
  }
  if (pendingBits > 0) out[position++] = (pending << (8 - pendingBits)) | (0xff >>> pendingBits);
  return position;
}
