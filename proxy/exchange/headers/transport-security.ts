/** Strict-Transport-Security (RFC 6797), where it is asked for and cannot lock a developer out. */
import { isLocalhost } from '../../../src/shared/addresses/private-names.js';
import { hostOf } from '../../wire/syntax/field-list.js';
import type { ConnectionFacts, RequestHead, SitePolicy } from '../types.js';

/**
 * The field's value for this exchange, or null. Not on plain connections (§7.2), not for addresses (browsers ignore it
 * there, §8.1.1), and never for localhost: it would force HTTPS on every other port of the machine for years.
 */
export function transportSecurityFor(
  head: RequestHead,
  facts: ConnectionFacts,
  policy: SitePolicy,
): string | null {
  const { hsts } = policy.config;
  if (hsts === null || facts.tlsVersion === '') return null;
  return isLocalOrAddress(hostOf(head.authority)) ? null : hsts;
}

function isLocalOrAddress(host: string): boolean {
  const name = host.endsWith('.') ? host.slice(0, -1) : host;
  if (name === '' || isLocalhost(name) || name.startsWith('[')) return true;
  const last = name.charCodeAt(name.length - 1);
  // No name ends in a digit-only label, so a name that ends in a digit is looked at closer.
  return last >= 0x30 && last <= 0x39 && /(?:^|\.)\d+$/.test(name);
}
