/** IP addresses as the bytes of records, and which network of ours somebody is in. */
import { isIPv4, isIPv6 } from 'node:net';
import type { LanNetwork } from '../../shared/config/lan.js';

/** The 4 or 16 bytes of an address. */
export function addressBytes(address: string): Buffer {
  if (isIPv4(address)) return Buffer.from(address.split('.').map(Number));
  const bare = address.split('%')[0] ?? '';
  if (!isIPv6(bare)) return Buffer.alloc(0);
  // The URL parser writes an IPv4 tail in hexadecimal, and all in one way.
  const [head = '', tail] = new URL(`http://[${bare}]/`).hostname.slice(1, -1).split('::');
  const groups = (part: string): string[] => part.split(':').filter((group) => group !== '');
  const [before, after] = [groups(head), groups(tail ?? '')];
  const zeros = Array<string>(8 - before.length - after.length).fill('0');
  const all = [...before, ...zeros, ...after];
  return Buffer.from(all.map((group) => group.padStart(4, '0')).join(''), 'hex');
}

/** Whether an address is of the same link as one of ours (RFC 6762 §11: others are not listened to). */
export function isOnLink(address: string, { address: own, netmask }: LanNetwork): boolean {
  const [theirs, ours, mask] = [addressBytes(address), addressBytes(own), addressBytes(netmask)];
  if (theirs.length !== ours.length || ours.length !== mask.length) return false;
  return theirs.every((byte, index) => ((byte ^ (ours[index] ?? 0)) & (mask[index] ?? 0)) === 0);
}
