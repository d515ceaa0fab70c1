/** Prefixed integers of RFC 7541 §5.1, the writing side. */

/** The most octets writeInteger() takes for a value below 2^32. */
export const MAX_INTEGER_BYTES = 6;

/**
 * Writes `value` with a prefix whose largest value is `prefixMax` (2^N - 1); `pattern` fills the bits above it.
 * Returns the new offset.
 */
export function writeInteger(
  value: number,
  pattern: number,
  prefixMax: number,
  out: Buffer,
  offset: number,
): number {
  if (value < prefixMax) {
    out[offset] = pattern | value;
    return offset + 1;
  }
  let position = offset;
  out[position++] = pattern | prefixMax;
  let rest = value - prefixMax;
  while (rest >= 0x80) {
    out[position++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  out[position++] = rest;
  return position;
}
