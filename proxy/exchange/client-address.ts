/** Whose request it is: who connected, or whom a trusted proxy names. */
import { isIP } from 'node:net';
import { fieldList } from '../wire/syntax/field-list.js';
import type { ConnectionFacts, RequestHead, SitePolicy } from './types.js';

const MAPPED = '::ffff:';

/**
 * The client's address. Behind `--trusted-proxies` the last of X-Forwarded-For that is none of theirs: what stands before it
 * the client may have written itself.
 */
export function clientAddressOf(head: RequestHead, facts: ConnectionFacts, policy: SitePolicy): string {
  if (!facts.trusted) return facts.remoteAddress;
  const list = fieldList(head.headers, 'x-forwarded-for');
  let address = facts.remoteAddress;
  for (let end = list.length; end > 0; ) {
    const comma = list.lastIndexOf(',', end - 1);
    const member = ownForm(list.slice(comma + 1, end).trim());
    // What is no address was written by nobody whom we trust.
    if (isIP(member) === 0) break;
    address = member;
    if (!policy.isTrusted(address)) break;
    end = comma;
  }
  return address;
}

/** An IPv4 address as such: a proxy whose listener takes both families may write it within IPv6 (RFC 4291 §2.5.5.2). */
function ownForm(address: string): string {
  const isMapped = address.length > MAPPED.length && address.slice(0, MAPPED.length).toLowerCase() === MAPPED;
  return isMapped && address.indexOf('.') !== -1 ? address.slice(MAPPED.length) : address;
}

/** Groups of an IPv6 address that tell subscribers apart: a /64 (RFC 6177). */
const NETWORK_GROUPS = 4;

/** What counts as one client, for whatever clients share: an IPv4 address, or the IPv6 network of 64 bits that a subscriber gets. */
export function clientKeyOf(address: string): string {
  if (address.indexOf(':') === -1) return address;
  const own = ownForm(address);
  if (isIP(own) !== 6) return own;
  const [start = '', end] = own.split('::');
  const first = start === '' ? [] : start.split(':');
  const last = end === undefined || end === '' ? [] : end.split(':');
  // An IPv4 tail counts as two.
  const missing = 8 - first.length - last.length - (own.includes('.') ? 1 : 0);
  const zeros = end === undefined ? [] : new Array<string>(Math.max(0, missing)).fill('0');
  const groups = [...first, ...zeros, ...last].slice(0, NETWORK_GROUPS);
  return `${groups.map((group) => Number.parseInt(group, 16).toString(16)).join(':')}::/64`;
}
