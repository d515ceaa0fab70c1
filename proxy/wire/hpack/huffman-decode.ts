/** Huffman-coded strings to octets (RFC 7541 §5.2), one table step an octet. */

import { CODE_BITS, CODES, END_OF_STRING } from './huffman-code.js';

/** Inner nodes of the code tree: one less than its 257 leaves. */
const NODES = END_OF_STRING;
const FAILED = -1;

/**
 * Row = node << 8 | octet. A word holds the symbols that end inside the octet (at most two: no code is shorter than
 * five bits) and the node after it: second << 24 | first << 16 | node << 8 | how many.
 */
const STEPS = new Int32Array(NODES << 8);

/** 1 for a node where a string may end: fewer than eight bits, all ones, since the last symbol. */
const ENDS = new Uint8Array(NODES);

/** Builds the tables at the first call, milliseconds that a front without HTTP/2 clients never spends. Call it before `decodeHuffman`. */
export function prepareHuffman(): void {
  // An empty string ends at the root.
  if (ENDS[0] !== 1) buildTables();
}

/**
 * Decodes the octets [start, end) into `out`, which has room for two octets more than the longest outcome,
 * maxDecodedBytes(). Returns how many it wrote, or -1 for bad padding or an end-of-string symbol.
 */
export function decodeHuffman(source: Buffer, start: number, end: number, out: Buffer): number {
  let node = 0;
  let length = 0;
  for (let position = start; position < end; position++) {
    const step = STEPS[node | (source[position] ?? 0)] ?? FAILED;
    if (step === FAILED) return -1;
    out[length] = step >> 16;
    out[length + 1] = step >> 24;
    length += step & 3;
    node = step & 0xff00;
  }
  return ENDS[node >> 8] === 1 ? length : -1;
}

/** The most octets that `encodedBytes` of Huffman code can stand for: the shortest code has five bits. */
export function maxDecodedBytes(encodedBytes: number): number {
  return Math.floor((encodedBytes * 8) / 5);
}

/** Two children a node: a node number, or ~symbol for a leaf. */
function buildTree(): Int16Array {
  const children = new Int16Array(NODES * 2);
  let nodes = 1;
  for (let symbol = 0; symbol <= END_OF_STRING; symbol++) {
    const code = CODES[symbol] ?? 0;
    let node = 0;
    for (let bit = (CODE_BITS[symbol] ?? 0) - 1; bit > 0; bit--) {
      const edge = node * 2 + ((code >>> bit) & 1);
      if (children[edge] === 0) children[edge] = nodes++;
      node = children[edge] ?? 0;
    }
    children[node * 2 + (code & 1)] = ~symbol;
  }
  return children;
}

function buildTables(): void {
  const children = buildTree();
  const halves = new Int32Array(NODES << 4);
  for (let row = 0; row < halves.length; row++) halves[row] = stepHalf(children, row >> 4, row & 0x0f);
  for (let row = 0; row < STEPS.length; row++) {
    const high = halves[row >> 4] ?? FAILED;
    STEPS[row] =
      high === FAILED ? FAILED : join(high, halves[((high & 0xff00) >> 4) | (row & 0x0f)] ?? FAILED);
  }
  let node = 0;
  for (let ones = 0; ones < 8; ones++) {
    ENDS[node] = 1;
    node = children[node * 2 + 1] ?? 0;
  }
}

/** The word for four bits from `from`: no code is shorter than five, so at most one symbol ends. */
function stepHalf(children: Int16Array, from: number, bits: number): number {
  let node = from;
  let found = 0;
  for (let shift = 3; shift >= 0; shift--) {
    const child = children[node * 2 + ((bits >> shift) & 1)] ?? 0;
    if (child >= 0) {
      node = child;
    } else if (~child === END_OF_STRING) {
      return FAILED;
    } else {
      found = (~child << 16) | 1;
      node = 0;
    }
  }
  return found | (node << 8);
}

/** The word for two halves, one after the other. */
function join(high: number, low: number): number {
  if (low === FAILED || (high & 3) === 0) return low;
  if ((low & 3) === 0) return (high & 0xff0001) | low;
  return (high & 0xff0000) | ((low & 0xff0000) << 8) | (low & 0xff00) | 2;
}
