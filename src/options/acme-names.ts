/** Which names an ACME authority gives certificates for. */
import { isIP } from 'node:net';
import type { ChallengeKind } from '../shared/acme.js';
import { isLocalhost, isWithin, PRIVATE_DOMAINS } from '../shared/private-names.js';
import { misused } from './read-setting.js';
import type { Settings } from './settings.js';

/** Names beneath these exist in no public DNS: those of private networks, and special ones (RFC 7686, RFC 9476, reverse look-ups). */
const UNISSUED_DOMAINS: readonly string[] = [...PRIVATE_DOMAINS, 'onion', 'alt', 'arpa'];

/**
 * The names to order, each once.
 * @param isPrivateAuthority it may issue for names that are in no public DNS
 * @throws FrontError config_usage for the first that no authority would give a certificate for
 */
export function requireAcmeNames(
  settings: Settings,
  hosts: readonly string[],
  challenges: readonly ChallengeKind[],
  isPrivateAuthority: boolean,
): readonly string[] {
  const { label } = settings.get('acme');
  const host = settings.get('host').label;
  if (hosts.length === 0) {
    throw misused(
      `${label} is given without --host`,
      'name what certificates are for: --host example.com --host www.example.com',
    );
  }
  for (const name of hosts) {
    const reason = whyNotIssued(name, isPrivateAuthority);
    if (reason !== null) throw misused(`${host} ${name} with ${label}: ${reason}`, nameHint(name));
    if (name.startsWith('*.') && !challenges.includes('dns-01')) {
      throw misused(
        `${host} ${name} with ${label}: a wildcard is proven by dns-01 alone`,
        'add --acme-dns-hook with a program that writes TXT records, or name each host',
      );
    }
  }
  return [...new Set(hosts)];
}

function nameHint(name: string): string {
  if (isIP(name) !== 0) return 'give the DNS name that points at this address';
  if (isLocalhost(name)) return 'leave --acme out: localhost gets a development certificate';
  return 'leave --acme out for a development certificate; a private authority that issues for such names is given with --acme-directory and --acme-ca';
}

/** Why no authority gives a certificate for the name; null when one may. */
function whyNotIssued(name: string, isPrivateAuthority: boolean): string | null {
  if (isIP(name) !== 0) return 'addresses get no certificate this way';
  const bare = name.replace(/^\*\./, '');
  if (isLocalhost(bare)) return 'localhost is every machine, no authority can tell whose';
  if (isPrivateAuthority) return null;
  if (UNISSUED_DOMAINS.some((domain) => isWithin(bare, domain)))
    return 'the name does not exist in the public DNS, so public authorities cannot check it';
  if (!bare.includes('.')) return 'a name without a dot does not exist in the public DNS';
  if (bare.includes('_')) return 'public authorities issue for no name with an underscore';
  return null;
}
