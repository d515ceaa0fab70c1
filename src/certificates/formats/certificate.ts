/** One certificate as the rest of the room sees it: node's X509Certificate and the fields that it does not offer on every Node. */
import { X509Certificate } from 'node:crypto';
import type { Position } from '../findings.js';
import {
  DER_BOOLEAN,
  DER_OID,
  type DerValue,
  readDer,
  readDerChildren,
  readDerText,
  readDerTime,
  readOid,
} from './der.js';

/** Fields of RFC 5280 §4.1 and §4.2 that decide what clients think of a certificate. */
export interface CertificateFields {
  /** DER of the names: issuers are matched on bytes. */
  readonly subject: Buffer;
  readonly issuer: Buffer;
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** OID of the algorithm the issuer signed with. */
  readonly signatureOid: string;
  readonly subjectKeyId: string | undefined;
  readonly authorityKeyId: string | undefined;
  /** Basic constraints; undefined without the extension. */
  readonly authority: boolean | undefined;
  /** OIDs of the extended key usage; undefined without the extension. */
  readonly purposes: readonly string[] | undefined;
  /** Subject alternative names: DNS names in lower case and IP addresses; undefined without the extension. */
  readonly names: readonly string[] | undefined;
  readonly commonName: string | undefined;
  /** Where the issuer's certificate can be had (RFC 5280 §4.2.2.1); http and https only. */
  readonly issuerUrls: readonly string[];
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

const SUBJECT_KEY_ID = '2.5.29.14';
const ALTERNATIVE_NAMES = '2.5.29.17';
const BASIC_CONSTRAINTS = '2.5.29.19';
const AUTHORITY_KEY_ID = '2.5.29.35';
const EXTENDED_KEY_USAGE = '2.5.29.37';
const AUTHORITY_ACCESS = '1.3.6.1.5.5.7.1.1';
const ISSUER_ACCESS = '1.3.6.1.5.5.7.48.2';
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
  const parts = readDerChildren(tbs.content).filter((part) => part.tag !== 0xa0);
  const [, , issuer, validity, subject] = parts;
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
    ...readExtensions(parts.find((part) => part.tag === 0xa3)),
  };
}

function readExtensions(wrapper: DerValue | undefined) {
  const extensions = new Map<string, Buffer>();
  for (const extension of readDerChildren(
    readDer(wrapper?.content ?? Buffer.alloc(0))?.content ?? Buffer.alloc(0),
  )) {
    const fields = readDerChildren(extension.content);
    const oid = fields[0];
    const value = fields.at(-1);
    if (oid?.tag === DER_OID && value !== undefined) extensions.set(readOid(oid.content), value.content);
  }
  const inside = (oid: string): DerValue[] | undefined => {
    const value = extensions.get(oid);
    return value && readDerChildren(readDer(value)?.content ?? Buffer.alloc(0));
  };
  const constraints = inside(BASIC_CONSTRAINTS);
  const subjectKeyId = extensions.get(SUBJECT_KEY_ID);
  return {
    subjectKeyId: subjectKeyId && readDer(subjectKeyId)?.content.toString('hex'),
    authorityKeyId: inside(AUTHORITY_KEY_ID)
      ?.find((part) => part.tag === 0x80)
      ?.content.toString('hex'),
    authority: constraints?.some((part) => part.tag === DER_BOOLEAN && part.content[0] !== 0),
    purposes: inside(EXTENDED_KEY_USAGE)?.map((part) => readOid(part.content)),
    names: inside(ALTERNATIVE_NAMES)?.flatMap(readGeneralName),
    issuerUrls: (inside(AUTHORITY_ACCESS) ?? []).flatMap(readIssuerUrl),
  };
}

/** dNSName and iPAddress of RFC 5280 §4.2.1.6; other kinds name no server. */
function readGeneralName(name: DerValue): string[] {
  if (name.tag === 0x82) return [name.content.toString('latin1').toLowerCase()];
  if (name.tag !== 0x87) return [];
  if (name.content.length === 4) return [[...name.content].join('.')];
  if (name.content.length !== 16) return [];
  const groups = name.content.toString('hex').match(/.{4}/g) ?? [];
  return [new URL(`http://[${groups.join(':')}]/`).hostname.slice(1, -1)];
}

function readIssuerUrl(description: DerValue): string[] {
  const [method, location] = readDerChildren(description.content);
  if (method === undefined || readOid(method.content) !== ISSUER_ACCESS || location?.tag !== 0x86) return [];
  const url = location.content.toString('latin1');
  return /^https?:\/\//.test(url) && URL.canParse(url) ? [url] : [];
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
