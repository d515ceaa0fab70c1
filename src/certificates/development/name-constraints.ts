/** Name constraints of an authority (RFC 5280 §4.2.1.10): the names and addresses it may vouch for. */

import { BlockList, isIPv6 } from 'node:net';
import { ipFamily } from '../../shared/addresses/ip-family.js';
import { isWithin, PRIVATE_DOMAINS } from '../../shared/addresses/private-names.js';
import { type DerValue, readDer, readDerChildren, readOid } from '../formats/der.js';
import { der, derSequence } from '../formats/der-write.js';
import { NAME_CONSTRAINTS } from '../formats/extension-oids.js';

/** What an authority may vouch for. E-mail addresses are not constrained. */
export interface PermittedNames {
  /** Domains, each with all names beneath it. */
  readonly domains: readonly string[];
  /** Networks as `192.168.0.0/16`. */
  readonly networks: readonly string[];
}

const PERMITTED = 0xa0;
const DNS_NAME = 0x82;
const IP_ADDRESS = 0x87;
const EXTENSIONS = 0xa3;

/** Names that nobody can own, or that only documentation uses; and the addresses of private networks, of this machine, of links and of carriers' NAT (Tailscale). */
export const DEVELOPMENT_NAMES: PermittedNames = {
  domains: [...PRIVATE_DOMAINS, 'example.com', 'example.net', 'example.org'],
  networks: [
    ...['127.0.0.0/8', '10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '169.254.0.0/16', '100.64.0.0/10'],
    ...['::1/128', 'fc00::/7', 'fe80::/10'],
  ],
};

/** Whether a canonical name, wildcard or address is permitted. */
export function isPermitted(name: string, { domains, networks }: PermittedNames): boolean {
  if (name.includes('@')) return true;
  if (ipFamily(name) !== 0) return networks.some((network) => holds(network, name));
  const bare = name.replace(/^\*\./, '');
  return domains.some((domain) => isWithin(bare, domain));
}

/** The same and what the names need: domains for names, single addresses. */
export function permitAlso(permitted: PermittedNames, names: readonly string[]): PermittedNames {
  const missing = names.filter((name) => !isPermitted(name, permitted));
  const addresses = missing.filter((name) => ipFamily(name) !== 0);
  const domains = missing.filter((name) => ipFamily(name) === 0).map((name) => name.replace(/^\*\./, ''));
  return {
    domains: [...new Set([...permitted.domains, ...domains])],
    networks: [
      ...new Set([...permitted.networks, ...addresses.map((one) => `${one}/${isIPv6(one) ? 128 : 32}`)]),
    ],
  };
}

/** The extension's value. */
export function writeNameConstraints({ domains, networks }: PermittedNames): Buffer {
  const names = domains.map((domain) => der(DNS_NAME, Buffer.from(domain, 'latin1')));
  const addresses = networks.map((network) => der(IP_ADDRESS, networkBytes(network)));
  return derSequence(der(PERMITTED, ...[...names, ...addresses].map((base) => derSequence(base))));
}

/** What the certificate (DER) permits; undefined when it is not constrained. */
export function readNameConstraints(certificate: Buffer): PermittedNames | undefined {
  const [tbs] = readDerChildren(readDer(certificate)?.content ?? Buffer.alloc(0));
  const wrapper = readDerChildren(tbs?.content ?? Buffer.alloc(0)).find(({ tag }) => tag === EXTENSIONS);
  const list = wrapper && readDer(wrapper.content);
  for (const extension of readDerChildren(list?.content ?? Buffer.alloc(0))) {
    const fields = readDerChildren(extension.content);
    const [oid] = fields;
    const value = fields.at(-1);
    if (oid === undefined || value === undefined || readOid(oid.content) !== NAME_CONSTRAINTS) continue;
    const parts = readDerChildren(readDer(value.content)?.content ?? Buffer.alloc(0));
    const subtrees = parts.find(({ tag }) => tag === PERMITTED)?.content ?? Buffer.alloc(0);
    const bases = readDerChildren(subtrees).flatMap(({ content }) => readDer(content) ?? []);
    return {
      domains: bases.filter(({ tag }) => tag === DNS_NAME).map(readDomain),
      networks: bases.filter(({ tag }) => tag === IP_ADDRESS).map(readNetwork),
    };
  }
  return undefined;
}

function readDomain({ content }: DerValue): string {
  return content.toString('latin1').toLowerCase().replace(/^\./, '');
}

/** Address and mask, of 4 or 16 bytes each. */
function readNetwork({ content }: DerValue): string {
  const half = content.length / 2;
  const [address, mask] = [content.subarray(0, half), content.subarray(half)];
  const bits = [...mask].reduce((sum, byte) => sum + (byte.toString(2).match(/1/g)?.length ?? 0), 0);
  if (half === 4) return `${[...address].join('.')}/${bits}`;
  const groups = address.toString('hex').match(/.{4}/g) ?? [];
  return `${new URL(`http://[${groups.join(':')}]/`).hostname.slice(1, -1)}/${bits}`;
}

function networkBytes(network: string): Buffer {
  const [address = '', bits = ''] = network.split('/');
  const bytes = isIPv6(address) ? ipv6Bytes(address) : Buffer.from(address.split('.').map(Number));
  const mask = bytes.map((_byte, index) => {
    const ones = Math.min(8, Math.max(0, Number(bits) - index * 8));
    return 0xff & (0xff00 >> ones);
  });
  return Buffer.concat([bytes, mask]);
}

function ipv6Bytes(address: string): Buffer {
  const [before = '', after] = address.split('::');
  const words = (part: string): string[] => (part === '' ? [] : part.split(':'));
  const [head, tail] = [words(before), words(after ?? '')];
  const middle = after === undefined ? [] : Array<string>(8 - head.length - tail.length).fill('0');
  return Buffer.from([...head, ...middle, ...tail].map((word) => word.padStart(4, '0')).join(''), 'hex');
}

function holds(network: string, address: string): boolean {
  const [base = '', bits = ''] = network.split('/');
  if (isIPv6(base) !== isIPv6(address)) return false;
  const family = isIPv6(base) ? 'ipv6' : 'ipv4';
  const list = new BlockList();
  list.addSubnet(base, Number(bits), family);
  return list.check(address, family);
}
