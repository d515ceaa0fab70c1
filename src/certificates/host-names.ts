/** Server names as certificates know them: DNS names, wildcards and IP addresses, in one spelling each. */
import { domainToASCII } from 'node:url';
import { ipFamily } from '../shared/addresses/ip-family.js';
import { FrontError } from '../shared/errors.js';

/** RFC 1035 §2.3.4 with the underscore that internal names use; a wildcard stands alone in the leftmost label (RFC 6125 §6.4.3). */
const DNS_NAME =
  /^(?:\*\.)?(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/;

/**
 * The one spelling under which a host name or address is stored and compared: lower case, punycode, no trailing dot,
 * IPv6 compressed and without brackets.
 * @returns undefined when the text is neither a DNS name, a wildcard nor an IP address.
 */
export function canonicalName(text: string): string | undefined {
  const bare = text.trim().replace(/^\[(.*)\]$/, '$1');
  const family = ipFamily(bare);
  if (family === 4) return bare;
  if (family === 6) return canonicalIpv6(bare);
  const wildcard = bare.startsWith('*.');
  const labels = (wildcard ? bare.slice(2) : bare).replace(/\.$/, '');
  const ascii = /^[\w.-]+$/.test(labels) ? labels.toLowerCase() : domainToASCII(labels);
  const name = wildcard ? `*.${ascii}` : ascii;
  if (ascii === '' || name.length > 253 || !DNS_NAME.test(name)) return undefined;
  // A name whose last label is a number is an IPv4 address written wrongly (WHATWG URL §3.5), e.g. 127.0.0.256.
  return /^\d+$/.test(ascii.slice(ascii.lastIndexOf('.') + 1)) ? undefined : name;
}

function canonicalIpv6(address: string): string | undefined {
  const url = `http://[${address}]/`;
  return URL.canParse(url) ? new URL(url).hostname.slice(1, -1) : undefined;
}

/**
 * Canonical spelling of every name, without duplicates, in the order given.
 * @throws FrontError config_invalid naming the first text that is no host name.
 */
export function requireNames(names: readonly string[]): string[] {
  const canonical = names.map((text) => {
    const name = canonicalName(text);
    if (name === undefined) {
      throw new FrontError('config_invalid', `${JSON.stringify(text)} is not a host name or IP address`, {
        hint: 'give a plain name such as app.test, *.app.test or 192.168.1.20, without scheme, port or path',
      });
    }
    return name;
  });
  return [...new Set(canonical)];
}

/**
 * Whether a certificate's name covers a host, both canonical: equal, or a wildcard in place of exactly the leftmost
 * label (RFC 6125 §6.4.3), and not right below a top-level name, which clients refuse. IP addresses match only themselves.
 */
export function nameCovers(certificateName: string, host: string): boolean {
  if (certificateName === host) return true;
  if (!certificateName.startsWith('*.') || ipFamily(host) !== 0) return false;
  if (!certificateName.includes('.', 2)) return false;
  const dot = host.indexOf('.');
  return dot > 0 && host.slice(dot) === certificateName.slice(1);
}
