/** Which names an ACME authority gives certificates for. */
import { BlockList } from 'node:net';
import { ipFamily } from '../../shared/addresses/ip-family.js';
import { isLocalhost, isWithin, UNISSUED_DOMAINS } from '../../shared/addresses/private-names.js';
import type { ChallengeKind } from '../../shared/config/acme.js';
import { misused } from '../read-setting.js';
import type { Settings } from '../settings.js';

/** Addresses that nobody reaches from the internet (RFC 6890, RFC 6598, RFC 4193). */
const PRIVATE_ADDRESSES = new BlockList();
for (const [network, bits] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
  ['224.0.0.0', 3],
] as const) {
  PRIVATE_ADDRESSES.addSubnet(network, bits, 'ipv4');
}
for (const [network, bits] of [
  ['::', 127],
  ['fc00::', 7],
  ['fe80::', 10],
  ['ff00::', 8],
] as const) {
  PRIVATE_ADDRESSES.addSubnet(network, bits, 'ipv6');
}

/**
 * The names to order, each once.
 * @param isPrivateAuthority it may issue for names that are in no public DNS
 * @param mayBeNone others get their certificates at their first handshake
 * @throws FrontError config_usage for the first that no authority would give a certificate for
 */
export function requireAcmeNames(
  settings: Settings,
  hosts: readonly string[],
  challenges: readonly ChallengeKind[],
  isPrivateAuthority: boolean,
  mayBeNone: boolean,
): readonly string[] {
  const { label } = settings.get('acme');
  const host = settings.get('host').label;
  if (hosts.length === 0 && !mayBeNone) {
    throw misused(
      `${label} is given without --host`,
      'name what certificates are for: --host example.com --host www.example.com',
    );
  }
  for (const name of hosts) {
    const reason = whyNotIssued(name, isPrivateAuthority);
    if (reason !== null) throw misused(`${host} ${name} with ${label}: ${reason}`, nameHint(name));
    if (ipFamily(name) !== 0 && !challenges.some((kind) => !isByDns(kind))) {
      throw misused(
        `${host} ${name} with ${label}: an address is proven by http-01 or tls-alpn-01, it has no place in the DNS`,
        'leave --acme-challenge and --acme-dns-hook out',
      );
    }
    if (name.startsWith('*.') && !challenges.some(isByDns)) {
      throw misused(
        `${host} ${name} with ${label}: a wildcard is proven by dns-01 alone`,
        'add --acme-dns-hook with a program that writes TXT records, or name each host',
      );
    }
  }
  return [...new Set(hosts)];
}

function isByDns(kind: ChallengeKind): boolean {
  return kind === 'dns-01' || kind === 'dns-persist-01';
}

function nameHint(name: string): string {
  if (ipFamily(name) !== 0)
    return 'leave --acme out for a development certificate, or give a public address or name';
  if (isLocalhost(name)) return 'leave --acme out: localhost gets a development certificate';
  return 'leave --acme out for a development certificate; a private authority that issues for such names is given with --acme-directory and --acme-ca';
}

/** Why no authority gives a certificate for the name; null when one may. */
function whyNotIssued(name: string, isPrivateAuthority: boolean): string | null {
  if (ipFamily(name) !== 0) {
    return isPrivateAuthority || !PRIVATE_ADDRESSES.check(name, ipFamily(name) === 6 ? 'ipv6' : 'ipv4')
      ? null
      : 'public authorities give no certificate for an address that is not reached from the internet';
  }
  const bare = name.replace(/^\*\./, '');
  if (isLocalhost(bare)) return 'localhost is every machine, no authority can tell whose';
  if (isPrivateAuthority) return null;
  if (UNISSUED_DOMAINS.some((domain) => isWithin(bare, domain)))
    return 'the name does not exist in the public DNS, so public authorities cannot check it';
  if (!bare.includes('.')) return 'a name without a dot does not exist in the public DNS';
  if (bare.includes('_')) return 'public authorities issue for no name with an underscore';
  return null;
}
