/** Names that nobody can own on the internet. */

/**
 * Domains that are reserved (RFC 2606, 6761, 6762, 8375, ICANN's `internal`), or never delegated because private networks use them;
 * each with all names beneath it.
 */
export const PRIVATE_DOMAINS: readonly string[] = [
  ...['localhost', 'test', 'internal', 'local', 'home.arpa', 'lan', 'home', 'corp', 'intranet', 'private'],
  ...['localdomain', 'example', 'invalid'],
];

/** Names beneath these exist in no public DNS: those of private networks, and special ones (RFC 7686, RFC 9476, reverse look-ups). */
export const UNISSUED_DOMAINS: readonly string[] = [...PRIVATE_DOMAINS, 'onion', 'alt', 'arpa'];

/** Whether a lower-case name is the domain or stands beneath it. */
export function isWithin(name: string, domain: string): boolean {
  return name === domain || name.endsWith(`.${domain}`);
}

/** Names that browsers and most systems lead to this machine without a hosts file (RFC 6761 §6.3). */
export function isLocalhost(name: string): boolean {
  return isWithin(name, 'localhost');
}
