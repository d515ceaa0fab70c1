/** Writes the extensions of certificates that are issued here (RFC 5280 §4.2). */

import type { KeyObject } from 'node:crypto';
import {
  der,
  derBits,
  derBoolean,
  derInteger,
  derOctets,
  derOid,
  derSequence,
} from '../formats/der-write.js';
import {
  ACME_IDENTIFIER,
  ALTERNATIVE_NAMES,
  AUTHORITY_ACCESS,
  AUTHORITY_KEY_ID,
  BASIC_CONSTRAINTS,
  EXTENDED_KEY_USAGE,
  ISSUER_ACCESS,
  KEY_USAGE,
  NAME_CONSTRAINTS,
  REVOCATION_POINTS,
  SUBJECT_KEY_ID,
} from '../formats/extension-oids.js';
import { writeNameConstraints } from './name-constraints.js';
import type { CertificateRequest, Purpose } from './x509-issuer.js';
import { alternativeNames } from './x509-parts.js';

/** RFC 5280 §4.2.1.12. */
const PURPOSE_OIDS: Readonly<Record<Purpose, string>> = {
  server: '1.3.6.1.5.5.7.3.1',
  client: '1.3.6.1.5.5.7.3.2',
  email: '1.3.6.1.5.5.7.3.4',
};

const URI = 0x86;

/** One extension. */
export function extension(oid: string, critical: boolean, value: Buffer): Buffer {
  return critical
    ? derSequence(derOid(oid), derBoolean(true), derOctets(value))
    : derSequence(derOid(oid), derOctets(value));
}

/** All that the request asks for, and the identifiers of both keys. */
export function certificateExtensions(
  request: CertificateRequest,
  key: KeyObject,
  keyId: Buffer,
  issuerKeyId: Buffer,
): readonly Buffer[] {
  const { authority, purposes = [], names = [], issuerUrl, acmeIdentifier, revocationUrl } = request;
  const written = [
    extension(BASIC_CONSTRAINTS, true, basicConstraints(authority)),
    extension(KEY_USAGE, true, keyUsage(authority !== undefined, key)),
  ];
  if (authority?.permitted !== undefined) {
    // Not critical, although RFC 5280 §4.2.1.10 asks for it: clients that know constraints hold to them either way, and those
    // that do not (mbedTLS, macOS before 10.13) would refuse everything that this authority vouches for.
    written.push(extension(NAME_CONSTRAINTS, false, writeNameConstraints(authority.permitted)));
  }
  if (purposes.length > 0) {
    const value = derSequence(...purposes.map((purpose) => derOid(PURPOSE_OIDS[purpose])));
    written.push(extension(EXTENDED_KEY_USAGE, false, value));
  }
  if (names.length > 0) written.push(extension(ALTERNATIVE_NAMES, false, alternativeNames(names)));
  written.push(extension(SUBJECT_KEY_ID, false, derOctets(keyId)));
  written.push(extension(AUTHORITY_KEY_ID, false, derSequence(der(0x80, issuerKeyId))));
  if (issuerUrl !== undefined) {
    const access = derSequence(derOid(ISSUER_ACCESS), der(URI, Buffer.from(issuerUrl, 'latin1')));
    written.push(extension(AUTHORITY_ACCESS, false, derSequence(access)));
  }
  if (acmeIdentifier !== undefined) {
    written.push(extension(ACME_IDENTIFIER, true, derOctets(Buffer.from(acmeIdentifier))));
  }
  if (revocationUrl !== undefined) {
    const point = der(0xa0, der(0xa0, der(URI, Buffer.from(revocationUrl, 'latin1'))));
    written.push(extension(REVOCATION_POINTS, false, derSequence(derSequence(point))));
  }
  return written;
}

function basicConstraints(authority: CertificateRequest['authority']): Buffer {
  if (authority === undefined) return derSequence();
  const { pathLength } = authority;
  return pathLength === undefined
    ? derSequence(derBoolean(true))
    : derSequence(derBoolean(true), derInteger(pathLength));
}

/** Bits are counted from the left (RFC 5280 §4.2.1.3): digitalSignature 0, keyEncipherment 2, keyCertSign 5, cRLSign 6. */
function keyUsage(isAuthority: boolean, key: KeyObject): Buffer {
  if (isAuthority) return derBits(Buffer.of(0b0000_0110), 1);
  return key.asymmetricKeyType === 'rsa' ? derBits(Buffer.of(0b1010_0000), 5) : derBits(Buffer.of(0x80), 7);
}
