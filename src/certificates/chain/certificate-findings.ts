/** Judges single certificates as clients do: dates, names, purpose, strength. */

import { dayOf } from '../../shared/day.js';
import { type Finding, finding } from '../findings.js';
import type { Certificate } from '../formats/certificate.js';
import { canonicalName, nameCovers } from '../host-names.js';
import type { Anchor, Chain } from './chain.js';
import { anyPurpose, judgeNameForms } from './path-findings.js';

const DAY_MS = 86_400_000;
const SERVER_PURPOSE = '1.3.6.1.5.5.7.3.1';
const ANY_PURPOSE = '2.5.29.37.0';

/** Apple's limit for every server certificate, https://support.apple.com/102028. */
const MAX_DAYS = 825;
/** The browsers' limit for certificates of public authorities since September 2020. */
const MAX_PUBLIC_DAYS = 398;
const SOON_DAYS = 30;

/** Signature algorithms that browsers and OpenSSL's default security level refuse. */
const WEAK_SIGNATURES: Readonly<Record<string, string>> = {
  '1.2.840.113549.1.1.2': 'MD2',
  '1.2.840.113549.1.1.3': 'MD4',
  '1.2.840.113549.1.1.4': 'MD5',
  '1.2.840.113549.1.1.5': 'SHA-1',
  '1.3.14.3.2.29': 'SHA-1',
  '1.2.840.10045.4.1': 'SHA-1',
  '1.2.840.10040.4.3': 'SHA-1',
};

/** Curves that every current browser takes. */
const COMMON_CURVES = ['prime256v1', 'secp384r1'];

/** Everything that clients hold against the chain's certificates, seen one by one. */
export function judgeCertificates(chain: Chain, hosts: readonly string[], now: Date): Finding[] {
  const { leaf, certificates, anchor } = chain;
  return [
    ...judgeDates(leaf, now),
    ...hosts.flatMap((host) => judgeHost(leaf, host)),
    ...judgeLeaf(leaf, anchor),
    ...judgeNameForms(leaf),
    ...certificates.flatMap((one) => [...judgeKey(one), ...(one.selfSigned ? [] : judgeSignature(one))]),
    ...certificates.slice(1).flatMap((one) => judgeIntermediate(one, now)),
  ];
}

function judgeDates(leaf: Certificate, now: Date): Finding[] {
  const { label, notBefore, notAfter, position } = leaf;
  if (notAfter <= now) {
    return [finding('expired', `${label} expired on ${day(notAfter)}, ${ago(notAfter, now)}`, position)];
  }
  if (notBefore > now) {
    return [finding('not_yet_valid', `${label} is valid only from ${notBefore.toISOString()}`, position)];
  }
  // Short-lived certificates are renewed in their last third; thirty days would be their whole life.
  const soonMs = Math.min(SOON_DAYS * DAY_MS, (notAfter.getTime() - notBefore.getTime()) / 3);
  if (notAfter.getTime() - now.getTime() >= soonMs) return [];
  const left = Math.floor((notAfter.getTime() - now.getTime()) / DAY_MS);
  const rest = left === 0 ? 'today or tomorrow' : left === 1 ? 'in one day' : `in ${left} days`;
  return [finding('expires_soon', `${label} expires ${rest}, on ${day(notAfter)}`, position)];
}

function judgeIntermediate(one: Certificate, now: Date): Finding[] {
  if (one.notAfter <= now) {
    const message = `the intermediate ${one.label} expired on ${day(one.notAfter)}, ${ago(one.notAfter, now)}`;
    return [finding('intermediate_expired', message, one.position)];
  }
  if (one.notBefore <= now) return [];
  const message = `the intermediate ${one.label} is valid only from ${one.notBefore.toISOString()}`;
  return [finding('not_yet_valid', message, one.position)];
}

function day(date: Date): string {
  return Number.isNaN(date.getTime()) ? 'an unreadable date' : dayOf(date.getTime());
}

function ago(date: Date, now: Date): string {
  const days = Math.floor((now.getTime() - date.getTime()) / DAY_MS);
  return days === 0 ? 'less than a day ago' : days === 1 ? 'one day ago' : `${days} days ago`;
}

function judgeHost(leaf: Certificate, host: string): Finding[] {
  const name = canonicalName(host) ?? host;
  const { names = [], commonName, position } = leaf;
  if (names.some((own) => nameCovers(own, name))) return [];
  if (names.length === 0 && commonName !== undefined && nameCovers(commonName.toLowerCase(), name)) {
    const message = `${host} is only in the common name of ${leaf.label}, where browsers do not look`;
    return [finding('name_mismatch', message, position)];
  }
  const wildcard = names.find((own) => own.startsWith('*.') && name.endsWith(own.slice(1)));
  const near =
    wildcard !== undefined
      ? `${wildcard} stands for one label only`
      : names.length === 0
        ? 'it names no host'
        : `it names ${listed(names)}`;
  return [finding('name_mismatch', `${leaf.label} is not for ${host}: ${near}`, position)];
}

/** The first few of a list, and how many more there are. */
export function listed(names: readonly string[]): string {
  const shown = names.slice(0, 6).join(', ');
  return names.length > 6 ? `${shown} and ${names.length - 6} more` : shown;
}

function judgeLeaf(leaf: Certificate, anchor: Anchor): Finding[] {
  const { label, names, purposes, authority, position } = leaf;
  const findings: Finding[] = [];
  if (names === undefined || names.length === 0) {
    const message = `${label} has no subject alternative names; browsers read nothing else`;
    findings.push(finding('no_alternative_names', message, position));
  }
  if (authority === true) {
    const message = `${label} is marked as an authority; Firefox refuses it as a server's certificate`;
    findings.push(finding('authority_as_leaf', message, position));
  }
  if (purposes === undefined) {
    const message = `${label} does not say that it is for servers; Apple devices refuse it`;
    findings.push(finding('no_purpose', message, position));
  } else if (!purposes.includes(SERVER_PURPOSE) && purposes.includes(ANY_PURPOSE)) {
    findings.push(anyPurpose(label, position));
  } else if (!purposes.includes(SERVER_PURPOSE)) {
    findings.push(finding('missing_server_purpose', `${label} is not for TLS servers`, position));
  }
  return [...findings, ...judgeLength(leaf, anchor)];
}

function judgeLength({ label, notBefore, notAfter, position }: Certificate, anchor: Anchor): Finding[] {
  const days = Math.ceil((notAfter.getTime() - notBefore.getTime()) / DAY_MS);
  const limit = anchor === 'public' ? MAX_PUBLIC_DAYS : MAX_DAYS;
  if (days <= limit) return [];
  const who = anchor === 'public' ? 'browsers refuse' : 'Apple devices refuse';
  return [
    finding('too_long_validity', `${label} is valid for ${days} days; ${who} more than ${limit}`, position),
  ];
}

function judgeKey({ label, x509, position }: Certificate): Finding[] {
  const { asymmetricKeyType: type = 'unknown', asymmetricKeyDetails: details = {} } = x509.publicKey;
  const { modulusLength = 0, namedCurve = '' } = details;
  if (type === 'rsa') {
    if (modulusLength >= 2048) return [];
    return [
      finding(
        'weak_key',
        `the RSA key of ${label} has ${modulusLength} bits; clients ask for 2048`,
        position,
      ),
    ];
  }
  if (type === 'dsa')
    return [finding('weak_key', `the key of ${label} is DSA, which TLS has given up`, position)];
  if (type === 'ec' && COMMON_CURVES.includes(namedCurve)) return [];
  if (/(?:112|128|160|163|192|193|224|225)/.test(namedCurve)) {
    return [
      finding('weak_key', `the key of ${label} is on the curve ${namedCurve}, which is too small`, position),
    ];
  }
  const kind = type === 'ec' ? `on the curve ${namedCurve}` : `of the kind ${type}`;
  return [finding('uncommon_key', `the key of ${label} is ${kind}, which not all browsers take`, position)];
}

function judgeSignature({ label, signatureOid, position }: Certificate): Finding[] {
  const hash = WEAK_SIGNATURES[signatureOid];
  if (hash === undefined) return [];
  return [finding('weak_signature', `${label} is signed with ${hash}, which clients refuse`, position)];
}
