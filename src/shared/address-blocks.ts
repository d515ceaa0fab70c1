/** Address blocks in CIDR notation. */
import { BlockList, isIP } from 'node:net';

/** One block in full form: a single address becomes /32 or /128; null for what is none. */
export function parseBlock(text: string): string | null {
  const [address = '', prefix, ...more] = text.split('/');
  const family = isIP(address);
  const bits = family === 6 ? 128 : 32;
  const length = prefix === undefined ? bits : /^\d{1,3}$/.test(prefix) ? Number(prefix) : Number.NaN;
  if (family === 0 || more.length > 0) return null;
  try {
    new BlockList().addSubnet(address, length, family === 6 ? 'ipv6' : 'ipv4');
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return null;
  }
  return `${address}/${length}`;
}
