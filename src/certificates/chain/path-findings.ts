/** Judges a chain as clients validate it (RFC 5280 §6): what each authority may sign, how deep, for whom, and for what. */

import { type Finding, finding } from '../findings.js';
import type { Certificate, CertificateFields } from '../formats/certificate.js';
import { isPublicSuffix } from '../suffixes/public-suffix.js';
import type { Chain } from './chain.js';
import { brokenConstraint } from './name-rules.js';

const SERVER_PURPOSE = '1.3.6.1.5.5.7.3.1';
const ANY_PURPOSE = '2.5.29.37.0';

/** A certificate of the path; a root that only the client has is without a place of its own. */
type PathCertificate = CertificateFields & Pick<Certificate, 'label' | 'position'>;

/** Certificates that are sent, the leaf among them: Java's default (jdk.tls.maxCertificateChainLength). */
const MAX_FOR_JAVA = 10;
/** What Chromium's search for a path takes. */
const MAX_FOR_CHROMIUM = 20;
/** OpenSSL takes a hundred intermediates (X509_VERIFY_PARAM_set_depth). */
const MAX_FOR_OPENSSL = 101;

/** Everything that makes clients refuse the path from the leaf to its root. */
export function judgePath(chain: Chain): Finding[] {
  const { leaf, certificates } = chain;
  const intermediates: readonly Certificate[] = certificates.slice(1);
  const root = rootOf(chain);
  const authorities: readonly PathCertificate[] =
    root === undefined ? intermediates : [...intermediates, root];
  return [
    ...[leaf, ...authorities].flatMap(judgeExtensions),
    ...authorities.flatMap((one) => [
      ...judgeSigner(one, one === root),
      ...judgePurpose(one),
      ...judgeConstraintForms(one),
    ]),
    ...judgeLeafUse(leaf),
    ...judgeLength(chain),
    ...authorities.flatMap((one, index) => [
      ...judgeDepth(one, certificates.slice(1, index + 1)),
      ...judgeNames(one, certificates.slice(0, index + 1)),
    ]),
  ];
}

function rootOf({ anchorFields, root, leaf }: Chain): PathCertificate | undefined {
  if (anchorFields === undefined) return undefined;
  const label = root?.label ?? anchorFields.commonName ?? 'the root';
  return { ...anchorFields, label, position: root?.position ?? leaf.position };
}

function judgeExtensions(one: PathCertificate): Finding[] {
  const { label, unknownCritical, hasRepeatedExtension, hasExplicitCurve, position } = one;
  const findings: Finding[] = [];
  if (unknownCritical.length > 0) {
    const message = `${label} has a critical extension that clients do not know (${unknownCritical.join(', ')})`;
    findings.push(finding('unknown_critical_extension', message, position));
  }
  if (hasRepeatedExtension) {
    findings.push(
      finding('repeated_extension', `${label} has an extension twice; clients refuse it`, position),
    );
  }
  if (hasExplicitCurve) {
    const message = `the key of ${label} writes its curve out instead of naming it; clients refuse that`;
    findings.push(finding('explicit_curve', message, position));
  }
  return findings;
}

/** Who signs must be an authority that may sign certificates. OpenSSL asks less of roots: a key usage will do, or version 1. */
function judgeSigner(one: PathCertificate, isRoot: boolean): Finding[] {
  const { label, authority, keyUses, version, position } = one;
  const findings: Finding[] = [];
  const isUnmarked = authority === undefined && !(isRoot && (keyUses !== undefined || version === 1));
  if (authority === false || isUnmarked) {
    const how = authority === false ? 'is marked as no authority' : 'is not marked as an authority';
    findings.push(finding('issuer_not_authority', `${label} signed the chain but ${how}`, position));
  }
  if (authority === undefined && !isUnmarked && version !== 1) {
    const message = `${label} is not marked as an authority (basic constraints): Java and Go programs refuse such a root`;
    findings.push(finding('root_not_marked', message, position));
  }
  if (keyUses !== undefined && !keyUses.includes('keyCertSign')) {
    const message = `${label} signed the chain, and its key usage does not allow that (keyCertSign)`;
    findings.push(finding('issuer_key_usage', message, position));
  }
  return findings;
}

/** Name constraints that single clients cannot read, whatever names they are held against. */
function judgeConstraintForms({ label, nameConstraints, position }: PathCertificate): Finding[] {
  if (nameConstraints === undefined) return [];
  const { permitted, excluded, isCritical } = nameConstraints;
  const all = [...permitted, ...excluded];
  const findings: Finding[] = [];
  if (isCritical && all.some(({ kind }) => kind === 'directory')) {
    const message = `${label} constrains subjects (a directory name, critical): Go programs refuse what they do not know`;
    findings.push(finding('constraint_form', message, position));
  }
  if (permitted.some((one) => one.kind === 'dns' && one.base === '')) {
    const message = `${label} permits every DNS name by an empty one: Java breaks off at that`;
    findings.push(finding('constraint_form', message, position));
  }
  return findings;
}

/** An extended key usage of an authority binds what it vouches for, by all clients' custom. */
function judgePurpose({ label, purposes, position }: PathCertificate): Finding[] {
  if (purposes === undefined || purposes.includes(SERVER_PURPOSE)) return [];
  if (purposes.includes(ANY_PURPOSE)) return [anyPurpose(label, position)];
  const message = `${label} may not vouch for TLS servers: its extended key usage is for other purposes`;
  return [finding('issuer_purpose', message, position)];
}

/** For any purpose, and not for servers by name. */
export function anyPurpose(label: string, position: Certificate['position']): Finding {
  const message = `${label} is for any purpose and does not name servers: OpenSSL (curl, Node, Python) refuses it`;
  return finding('any_purpose', message, position);
}

/** TLS servers sign (TLS 1.3 always); RSA keys that may only decrypt serve old handshakes alone. */
function judgeLeafUse({ label, keyUses, position }: Certificate): Finding[] {
  if (keyUses === undefined || keyUses.includes('digitalSignature')) return [];
  if (keyUses.includes('keyEncipherment') || keyUses.includes('keyAgreement')) {
    const message = `the key usage of ${label} has no digitalSignature: Java and Chromium refuse it (ERR_SSL_KEY_USAGE_INCOMPATIBLE)`;
    return [finding('leaf_key_usage', message, position)];
  }
  const message = `the key usage of ${label} is not for TLS servers: it has no digitalSignature`;
  return [finding('unfit_key_usage', message, position)];
}

function judgeLength({ leaf, certificates: { length } }: Chain): Finding[] {
  if (length <= MAX_FOR_JAVA) return [];
  if (length > MAX_FOR_OPENSSL) {
    const message = `the chain has more than ${MAX_FOR_OPENSSL} certificates: every client refuses it`;
    return [finding('too_long_chain', message, leaf.position)];
  }
  const who = length > MAX_FOR_CHROMIUM ? 'Java and Chromium refuse' : 'Java refuses';
  return [finding('long_chain', `the chain has ${length} certificates: ${who} so many`, leaf.position)];
}

/** @param below the intermediates between the authority and the leaf; self-issued ones do not count (RFC 5280 §6.1.4) */
function judgeDepth(
  { label, pathLength, position }: PathCertificate,
  below: readonly Certificate[],
): Finding[] {
  const depth = below.filter(({ subject, issuer }) => !subject.equals(issuer)).length;
  if (pathLength === undefined || depth <= pathLength) return [];
  const message = `${label} allows ${pathLength} intermediates beneath it (pathlen), and there are ${depth}`;
  return [finding('path_too_long', message, position)];
}

/** @param below what the authority vouches for, leaf first */
function judgeNames(
  { label, nameConstraints, position }: PathCertificate,
  below: readonly Certificate[],
): Finding[] {
  if (nameConstraints === undefined) return [];
  for (const [index, one] of below.entries()) {
    const broken = brokenConstraint(one, nameConstraints, index === 0);
    if (broken === undefined) continue;
    const message = `${label} may not vouch for ${broken.name} (name constraints: ${broken.rule})`;
    return [finding('name_not_permitted', message, index === 0 ? one.position : position)];
  }
  return [];
}

/** Wildcards that stand for everything beneath a top-level name: clients take none of them (RFC 6125 §7.2); browsers none beneath a public suffix. */
export function wideWildcards(names: readonly string[]): readonly Finding[] {
  return names
    .filter((name) => name.startsWith('*.') && isPublicSuffix(name.slice(2)))
    .map((name) => {
      const message = name.slice(2).includes('.')
        ? `${name} stands for everything beneath a public suffix: browsers refuse that`
        : `${name} stands for everything beneath a top-level name: curl, Node and browsers refuse that`;
      return finding('wildcard_too_wide', message);
    });
}

/** Names of the leaf that no client takes as they stand. */
export function judgeNameForms({ label, names, misplacedAddresses, position }: Certificate): Finding[] {
  return [
    ...misplacedAddresses.map((address) => {
      const message = `${label} has the address ${address} among its DNS names, where no client looks for it`;
      return finding('address_as_dns_name', message, position);
    }),
    ...wideWildcards(names ?? []).map((one) => ({ ...one, position })),
  ];
}
