/** CRC-32C (RFC 9260 Appendix A), with which version 2 of the PROXY protocol may guard its header. */

const REVERSED_POLYNOMIAL = 0x82f63b78;
const TABLE = new Uint32Array(256);

for (let byte = 0; byte < 256; byte += 1) {
  let value = byte;
  for (let bit = 0; bit < 8; bit += 1)
    value = (value & 1) === 0 ? value >>> 1 : (value >>> 1) ^ REVERSED_POLYNOMIAL;
  TABLE[byte] = value;
}

/** The checksum of the bytes, those in `[skipFrom, skipTo)` taken for zeros. */
export function crc32c(bytes: Uint8Array, skipFrom = 0, skipTo = 0): number {
  let value = 0xffffffff;
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = at >= skipFrom && at < skipTo ? 0 : (bytes[at] ?? 0);
    value = (TABLE[(value ^ byte) & 0xff] ?? 0) ^ (value >>> 8);
  }
  return (value ^ 0xffffffff) >>> 0;
}
