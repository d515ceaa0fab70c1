/** One certificate as the rest of the room sees it: node's X509Certificate and the fields that it does not offer on every Node. */
import { X509Certificate } from 'node:crypto';
import type { Position } from '../findings.js';
import {
  DER_SEQUENCE,
  type DerValue,
  readDer,
  readDerChildren,
  readDerText,
  readDerTime,
  readOid,
} from './der.js';
import { type CertificateExtensions, readExtensions } from './extensions.js';

/** Fields of RFC 5280 §4.1 and §4.2 that decide what clients think of a certificate. */
export interface CertificateFields extends CertificateExtensions {
  /** DER of the names: issuers are matched on bytes. */
  readonly subject: Buffer;
  readonly issuer: Buffer;
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** OID of the algorithm the issuer signed with. */
  readonly signatureOid: string;
  readonly commonName: string | undefined;
  /** 1 to 3. */
  readonly version: number;
  /** The curve of an EC key is written out as numbers instead of named: most clients refuse that (RFC 5480 §2.1.1). */
  readonly hasExplicitCurve: boolean;
}

/** A certificate and where it was found. */
export interface Certificate extends CertificateFields {
  readonly x509: X509Certificate;
  readonly der: Buffer;
  readonly position: Position;
  /** A short name for people: common name, else the first alternative name, else the whole subject. */
  readonly label: string;
  readonly issuerLabel: string;
  /** Issuer and subject are the same and the signature is its own. */
  readonly selfSigned: boolean;
  /** PEM with LF line ends and one at the end. */
  readonly pem: string;
}

const EC_PUBLIC_KEY = '1.2.840.10045.2.1';
const COMMON_NAME = '2.5.4.3';
const ORGANIZATION = '2.5.4.10';
const ORGANIZATIONAL_UNIT = '2.5.4.11';

/** @returns undefined when the bytes are no X.509 certificate. */
export function readCertificate(der: Buffer, position: Position): Certificate | undefined {
  let x509: X509Certificate;
  try {
    x509 = new X509Certificate(der);
    // OpenSSL decodes the key late; a certificate whose key it cannot read is of no use to a server.
    x509.publicKey;
  } catch {
    return undefined;
  }
  const { raw } = x509;
  const fields = readFields(raw);
  if (fields === undefined) return undefined;
  return {
    ...fields,
    x509,
    der: raw,
    position,
    label:
      labelOf(fields.subject) ?? fields.names?.[0] ?? (x509.subject || '(no name)').replaceAll('\n', ', '),
    issuerLabel: labelOf(fields.issuer) ?? (x509.issuer || '(no name)').replaceAll('\n', ', '),
    selfSigned: fields.subject.equals(fields.issuer) && verifies(x509, x509),
    pem: `${x509.toString().trim()}\n`,
  };
}

/** Whether the issuer's key made the certificate's signature. */
export function verifies(certificate: X509Certificate, issuer: X509Certificate): boolean {
  try {
    return certificate.verify(issuer.publicKey);
  } catch {
    return false;
  }
}

/** Reads the fields from a certificate's DER without checking its signature. */
export function readFields(der: Buffer): CertificateFields | undefined {
  const outer = readDerChildren(readDer(der)?.content ?? Buffer.alloc(0));
  const [tbs, signatureAlgorithm] = outer;
  if (tbs === undefined || signatureAlgorithm === undefined) return undefined;
  const all = readDerChildren(tbs.content);
  const parts = all.filter((part) => part.tag !== 0xa0);
  const version = readDer(all.find((part) => part.tag === 0xa0)?.content ?? Buffer.alloc(0));
  const [, , issuer, validity, subject, publicKey] = parts;
  if (issuer === undefined || validity === undefined || subject === undefined) return undefined;
  const [notBefore, notAfter] = readDerChildren(validity.content);
  const oid = readDerChildren(signatureAlgorithm.content)[0];
  if (notBefore === undefined || notAfter === undefined || oid === undefined) return undefined;
  return {
    subject: subject.whole,
    issuer: issuer.whole,
    notBefore: readDerTime(notBefore),
    notAfter: readDerTime(notAfter),
    signatureOid: readOid(oid.content),
    commonName: attributeOf(subject.whole, COMMON_NAME),
    version: 1 + (version?.content[0] ?? 0),
    hasExplicitCurve: hasExplicitCurve(publicKey),
    ...readExtensions(parts.find((part) => part.tag === 0xa3)),
  };
}

/** SubjectPublicKeyInfo: the algorithm with its parameters, then the key. */
function hasExplicitCurve(publicKey: DerValue | undefined): boolean {
  const [algorithm] = readDerChildren(publicKey?.content ?? Buffer.alloc(0));
  const [oid, parameters] = readDerChildren(algorithm?.content ?? Buffer.alloc(0));
  return oid !== undefined && readOid(oid.content) === EC_PUBLIC_KEY && parameters?.tag === DER_SEQUENCE;
}

function labelOf(name: Buffer): string | undefined {
  const commonName = attributeOf(name, COMMON_NAME);
  if (commonName !== undefined) return commonName;
  const organization = attributeOf(name, ORGANIZATION);
  const unit = attributeOf(name, ORGANIZATIONAL_UNIT);
  return organization !== undefined && unit !== undefined
    ? `${organization}, ${unit}`
    : (organization ?? unit);
}

function attributeOf(name: Buffer, wanted: string): string | undefined {
  for (const set of readDerChildren(readDer(name)?.content ?? Buffer.alloc(0))) {
    for (const attribute of readDerChildren(set.content)) {
      const [oid, value] = readDerChildren(attribute.content);
      if (oid !== undefined && value !== undefined && readOid(oid.content) === wanted) {
        return printable(readDerText(value));
      }
    }
  }
  return undefined;
}

/** A certificate's names come from strangers and end on a terminal. */
function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '\uFFFD');
}
