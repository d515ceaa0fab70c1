/** Reads the extensions of a certificate (RFC 5280 §4.2) that decide whether clients accept it. */

import { ipFamily } from '../../shared/addresses/ip-family.js';
import {
  DER_BOOLEAN,
  DER_INTEGER,
  DER_OID,
  type DerValue,
  readDer,
  readDerChildren,
  readOid,
} from './der.js';
import {
  ALTERNATIVE_NAMES,
  AUTHORITY_ACCESS,
  AUTHORITY_KEY_ID,
  BASIC_CONSTRAINTS,
  EXTENDED_KEY_USAGE,
  ISSUER_ACCESS,
  KEY_USAGE,
  NAME_CONSTRAINTS,
  SUBJECT_KEY_ID,
} from './extension-oids.js';

/** Bits of the key usage, in their order (RFC 5280 §4.2.1.3). */
const KEY_USES = [
  'digitalSignature',
  'nonRepudiation',
  'keyEncipherment',
  'dataEncipherment',
  'keyAgreement',
  'keyCertSign',
  'cRLSign',
  'encipherOnly',
  'decipherOnly',
] as const;

/** One use of a key. */
export type KeyUse = (typeof KEY_USES)[number];

/** The base of a subtree of names (RFC 5280 §4.2.1.10). */
export type NameSubtree =
  | { readonly kind: 'dns'; readonly base: string }
  | { readonly kind: 'address'; readonly address: Buffer; readonly mask: Buffer }
  | { readonly kind: 'directory'; readonly names: readonly Buffer[] }
  | { readonly kind: 'other' };

/** Names that an authority may vouch for, and must not. */
export interface NameConstraints {
  readonly permitted: readonly NameSubtree[];
  readonly excluded: readonly NameSubtree[];
  /** Who does not know a kind of subtree must refuse the certificate. */
  readonly isCritical: boolean;
}

/** What the extensions say; undefined where one is absent. */
export interface CertificateExtensions {
  readonly subjectKeyId: string | undefined;
  readonly authorityKeyId: string | undefined;
  /** Basic constraints. */
  readonly authority: boolean | undefined;
  /** Most intermediates that may stand between this authority and a leaf. */
  readonly pathLength: number | undefined;
  readonly keyUses: readonly KeyUse[] | undefined;
  /** OIDs of the extended key usage. */
  readonly purposes: readonly string[] | undefined;
  /** Subject alternative names: DNS names in lower case and IP addresses. */
  readonly names: readonly string[] | undefined;
  /** IP addresses that stand among the DNS names, where no client looks for them. */
  readonly misplacedAddresses: readonly string[];
  readonly nameConstraints: NameConstraints | undefined;
  /** OIDs of critical extensions that clients do not know: they refuse the certificate. */
  readonly unknownCritical: readonly string[];
  /** An extension stands there twice (RFC 5280 §4.2 forbids it). */
  readonly hasRepeatedExtension: boolean;
  /** Where the issuer's certificate can be had (RFC 5280 §4.2.2.1); http and https only. */
  readonly issuerUrls: readonly string[];
}

/** Extensions that every client handles when they are critical: those above and those of policies (RFC 5280 §4.2.1.4, .5, .11, .14). */
const KNOWN_CRITICAL = new Set([
  KEY_USAGE,
  ALTERNATIVE_NAMES,
  BASIC_CONSTRAINTS,
  NAME_CONSTRAINTS,
  EXTENDED_KEY_USAGE,
  '2.5.29.32',
  '2.5.29.33',
  '2.5.29.36',
  '2.5.29.54',
]);

/** @param wrapper the [3] of a TBSCertificate; undefined: there are no extensions */
export function readExtensions(wrapper: DerValue | undefined): CertificateExtensions {
  const list = wrapper === undefined ? [] : insideOf(wrapper.content);
  const extensions = new Map<string, Buffer>();
  const critical = new Set<string>();
  for (const extension of list) {
    const fields = readDerChildren(extension.content);
    const [oid, second] = fields;
    const value = fields.at(-1);
    if (oid?.tag !== DER_OID || value === undefined) continue;
    const name = readOid(oid.content);
    extensions.set(name, value.content);
    const isCritical = second?.tag === DER_BOOLEAN && second.content[0] !== 0;
    if (isCritical) critical.add(name);
  }
  const inside = (oid: string): DerValue[] | undefined => {
    const value = extensions.get(oid);
    return value && insideOf(value);
  };
  const constraints = inside(BASIC_CONSTRAINTS);
  const subjectKeyId = extensions.get(SUBJECT_KEY_ID);
  const keyUsage = extensions.get(KEY_USAGE);
  const alternatives = inside(ALTERNATIVE_NAMES);
  const limits = inside(NAME_CONSTRAINTS);
  const dnsNames = (alternatives ?? []).filter(({ tag }) => tag === 0x82).map(textOf);
  return {
    subjectKeyId: subjectKeyId && readDer(subjectKeyId)?.content.toString('hex'),
    authorityKeyId: inside(AUTHORITY_KEY_ID)
      ?.find((part) => part.tag === 0x80)
      ?.content.toString('hex'),
    authority: constraints?.some((part) => part.tag === DER_BOOLEAN && part.content[0] !== 0),
    pathLength: pathLengthOf(constraints?.find((part) => part.tag === DER_INTEGER)),
    keyUses: keyUsage && keyUsesOf(readDer(keyUsage)),
    purposes: inside(EXTENDED_KEY_USAGE)?.map((part) => readOid(part.content)),
    names: alternatives?.flatMap(readGeneralName),
    misplacedAddresses: dnsNames.filter((name) => ipFamily(name) !== 0),
    nameConstraints: limits && {
      permitted: subtreesOf(limits.find(({ tag }) => tag === 0xa0)),
      excluded: subtreesOf(limits.find(({ tag }) => tag === 0xa1)),
      isCritical: critical.has(NAME_CONSTRAINTS),
    },
    unknownCritical: [...critical].filter((oid) => !KNOWN_CRITICAL.has(oid)),
    hasRepeatedExtension: list.length > extensions.size,
    issuerUrls: (inside(AUTHORITY_ACCESS) ?? []).flatMap(readIssuerUrl),
  };
}

function insideOf(bytes: Buffer): DerValue[] {
  return readDerChildren(readDer(bytes)?.content ?? Buffer.alloc(0));
}

function pathLengthOf(value: DerValue | undefined): number | undefined {
  if (value === undefined || value.content.length === 0 || value.content.length > 6) return undefined;
  return value.content.readUIntBE(0, value.content.length);
}

/** A BIT STRING: the number of unused bits, then the first use in the highest bit. */
function keyUsesOf(value: DerValue | undefined): KeyUse[] {
  const bits = value?.content.subarray(1) ?? Buffer.alloc(0);
  return KEY_USES.filter((_use, index) => ((bits[index >> 3] ?? 0) & (0x80 >> (index & 7))) !== 0);
}

function textOf(name: DerValue): string {
  return name.content.toString('latin1').toLowerCase();
}

/** dNSName and iPAddress of RFC 5280 §4.2.1.6; other kinds name no server, and an address among the DNS names neither. */
function readGeneralName(name: DerValue): string[] {
  if (name.tag === 0x82) return ipFamily(textOf(name)) === 0 ? [textOf(name)] : [];
  if (name.tag !== 0x87) return [];
  if (name.content.length === 4) return [[...name.content].join('.')];
  if (name.content.length !== 16) return [];
  const groups = name.content.toString('hex').match(/.{4}/g) ?? [];
  return [new URL(`http://[${groups.join(':')}]/`).hostname.slice(1, -1)];
}

function subtreesOf(list: DerValue | undefined): NameSubtree[] {
  return readDerChildren(list?.content ?? Buffer.alloc(0)).map((subtree): NameSubtree => {
    const [base] = readDerChildren(subtree.content);
    if (base?.tag === 0x82) return { kind: 'dns', base: textOf(base) };
    if (base?.tag === 0x87) {
      const half = base.content.length / 2;
      return { kind: 'address', address: base.content.subarray(0, half), mask: base.content.subarray(half) };
    }
    if (base?.tag === 0xa4)
      return { kind: 'directory', names: insideOf(base.content).map(({ whole }) => whole) };
    return { kind: 'other' };
  });
}

function readIssuerUrl(description: DerValue): string[] {
  const [method, location] = readDerChildren(description.content);
  if (method === undefined || readOid(method.content) !== ISSUER_ACCESS || location?.tag !== 0x86) return [];
  const url = location.content.toString('latin1');
  return /^https?:\/\//.test(url) && URL.canParse(url) ? [url] : [];
}
