/** Turns BER (X.690 §8) into DER where they differ in bundles: indefinite lengths and strings in pieces. */
import { der } from './der-write.js';

const MAX_DEPTH = 32;
const OCTET_STRING = 0x04;

interface Read {
  readonly value: Buffer;
  readonly end: number;
}

/** The first value of the bytes in definite lengths; undefined when they end too early. */
export function normalizeBer(bytes: Buffer): Buffer | undefined {
  return readValue(bytes, 0, 0)?.value;
}

function readValue(bytes: Buffer, offset: number, depth: number): Read | undefined {
  const tag = bytes[offset];
  const first = bytes[offset + 1];
  if (tag === undefined || first === undefined || (tag & 0x1f) === 0x1f || depth > MAX_DEPTH)
    return undefined;
  const constructed = (tag & 0x20) !== 0;
  if (first === 0x80) {
    return constructed ? readParts(bytes, tag, offset + 2, undefined, depth) : undefined;
  }
  const size = first < 0x80 ? 0 : first & 0x7f;
  if (size > 4 || offset + 2 + size > bytes.length) return undefined;
  const length = size === 0 ? first : bytes.readUIntBE(offset + 2, size);
  const start = offset + 2 + size;
  const end = start + length;
  if (end > bytes.length) return undefined;
  if (constructed) return readParts(bytes, tag, start, end, depth);
  return { value: der(tag, bytes.subarray(start, end)), end };
}

/** @param end where a definite length ends; undefined: at the end-of-contents octets */
function readParts(
  bytes: Buffer,
  tag: number,
  start: number,
  end: number | undefined,
  depth: number,
): Read | undefined {
  const parts: Buffer[] = [];
  let offset = start;
  for (;;) {
    if (end !== undefined && offset >= end) break;
    if (end === undefined && bytes[offset] === 0 && bytes[offset + 1] === 0) break;
    const part = readValue(bytes, offset, depth + 1);
    if (part === undefined) return undefined;
    parts.push(part.value);
    offset = part.end;
  }
  return { value: join(tag, parts), end: end ?? offset + 2 };
}

/** A string in pieces becomes one; [0] IMPLICIT OCTET STRING (RFC 2315 §9.1) likewise. */
function join(tag: number, parts: readonly Buffer[]): Buffer {
  const pieces = parts.length > 0 && parts.every((part) => part[0] === OCTET_STRING);
  if (tag === 0x24 || (tag === 0xa0 && pieces && parts.length > 1)) {
    return der(tag === 0x24 ? OCTET_STRING : 0x80, ...parts.map(contentOf));
  }
  return der(tag, ...parts);
}

function contentOf(value: Buffer): Buffer {
  const first = value[1] ?? 0;
  return value.subarray(first < 0x80 ? 2 : 2 + (first & 0x7f));
}
