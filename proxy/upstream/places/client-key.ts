/** Names the client of a request for the sharing of places: its address, of IPv6 the network that one subscriber gets. */
import { isIP, isIPv6 } from 'node:net';
import type { Exchange } from '../../exchange/exchange.js';
import { fieldList } from '../../wire/syntax/field-list.js';

/** Hextets of an IPv6 address that tell subscribers apart: a /64 (RFC 6177). */
const NETWORK_HEXTETS = 4;

/** The key of the client that sent the request; behind trusted proxies the last address that is none of theirs. */
export function clientKeyOf({ head, facts, services }: Exchange): string {
  if (!facts.trusted) return addressKey(facts.remoteAddress);
  const addresses = fieldList(head.headers, 'x-forwarded-for')
    .split(',')
    .map((address) => address.trim());
  const client = addresses.findLast((address) => isIP(address) === 0 || !services.policy.isTrusted(address));
  return addressKey(client === undefined || client === '' ? facts.remoteAddress : client);
}

/** IPv4 as it is, also where it is written within IPv6; IPv6 as its first 64 bits. */
export function addressKey(address: string): string {
  if (!address.includes(':') || !isIPv6(address)) return address;
  if (address.startsWith('::ffff:') && address.includes('.')) return address.slice('::ffff:'.length);
  const [start = '', end = ''] = address.toLowerCase().split('::');
  const first = start === '' ? [] : start.split(':');
  const last = end === '' ? [] : end.split(':');
  // An IPv4 tail counts as two.
  const missing = 8 - first.length - last.length - (address.includes('.') ? 1 : 0);
  const zeros = address.includes('::') ? new Array<string>(Math.max(0, missing)).fill('0') : [];
  const hextets = [...first, ...zeros, ...last].slice(0, NETWORK_HEXTETS);
  return hextets.map((hextet) => Number.parseInt(hextet, 16).toString(16)).join(':');
}
