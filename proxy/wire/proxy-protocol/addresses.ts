/** IP addresses as the bytes and the text of the PROXY protocol. */
import { isIPv4, isIPv6 } from 'node:net';

/** Text of 4 or 16 bytes; IPv6 in the form of RFC 5952, which `canonicalIpv6` gives. */
export function addressText(bytes: Buffer): string {
  if (bytes.length === 4) return bytes.join('.');
  const groups: string[] = [];
  for (let at = 0; at < 16; at += 2) groups.push(bytes.readUInt16BE(at).toString(16));
  return canonicalIpv6(groups.join(':'));
}

/** An IPv6 address that is known to be one, in its shortest form, as sockets give it. */
export function canonicalIpv6(text: string): string {
  return new URL(`http://[${text}]/`).hostname.slice(1, -1);
}

/** The 4 or 16 bytes of an address; null for what is none. A zone behind `%` is left out. */
export function addressBytes(text: string): Buffer | null {
  if (isIPv4(text)) return Buffer.from(text.split('.').map(Number));
  const [address = ''] = text.split('%');
  if (!isIPv6(address)) return null;
  const [before = '', after] = canonicalIpv6(address).split('::');
  const left = before === '' ? [] : before.split(':');
  const right = after === undefined || after === '' ? [] : after.split(':');
  const groups = [...left, ...Array<string>(8 - left.length - right.length).fill('0'), ...right];
  const bytes = Buffer.alloc(16);
  for (const [index, group] of groups.entries()) bytes.writeUInt16BE(Number.parseInt(group, 16), index * 2);
  return bytes;
}

/** An IPv4 address as IPv6 (RFC 4291 §2.5.5.2), where the other end has no IPv4. */
export function mapped(bytes: Buffer): Buffer {
  return bytes.length === 16 ? bytes : Buffer.concat([Buffer.alloc(10), Buffer.from([0xff, 0xff]), bytes]);
}
