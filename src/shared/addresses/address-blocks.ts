/** Address blocks in CIDR notation. */
import { BlockList } from 'node:net';
import { ipFamily } from './ip-family.js';

/** One block in full form: a single address becomes /32 or /128; null for what is none. */
export function parseBlock(text: string): string | null {
  const [address = '', prefix, ...more] = text.split('/');
  const family = ipFamily(address);
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

/** Whether a block of `parseBlock` holds the address; a name is in none. */
export function blockHolds(block: string, address: string): boolean {
  const [network = '', bits] = block.split('/');
  const family = ipFamily(address);
  if (family === 0) return false;
  const list = new BlockList();
  list.addSubnet(network, Number(bits), ipFamily(network) === 6 ? 'ipv6' : 'ipv4');
  return list.check(address, family === 6 ? 'ipv6' : 'ipv4');
}

/** The block that a ban means: an IPv6 address alone stands for its network of 64 bits, which is what one customer gets. Null for what is none. */
export function blockOfBan(text: string): string | null {
  const block = parseBlock(text);
  if (block === null) return null;
  const [address = '', bits = ''] = block.split('/');
  if (ipFamily(address) !== 6) return block;
  const mapped = /^::ffff:([\d.]+)$/i.exec(address);
  if (mapped !== null && ipFamily(mapped[1] ?? '') === 4)
    return Number(bits) >= 96 ? `${mapped[1]}/${Number(bits) - 96}` : null;
  const shortest = new URL(`http://[${address.split('%')[0]}]/`).hostname.slice(1, -1);
  return `${shortest}/${text.includes('/') ? bits : 64}`;
}
