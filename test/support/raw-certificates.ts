/** Writes certificates and revocation lists byte by byte, with any extension right, missing or wrong: what no issuing library would make. */
import { createPublicKey, type KeyObject, sign } from 'node:crypto';
import {
  DER_NULL,
  der,
  derInteger,
  derOctets,
  derOid,
  derSequence,
} from '../../src/certificates/formats/der-write.js';
import { pemOf } from '../../src/certificates/formats/pem-block.js';

/** One extension (RFC 5280 §4.1). */
export interface RawExtension {
  readonly oid: string;
  readonly critical?: boolean;
  /** DER inside the OCTET STRING. */
  readonly value: Buffer;
}

/** What to put into a certificate. */
export interface RawCertificate {
  /** Common names of subject and issuer. */
  readonly subject: string;
  readonly issuer: string;
  readonly key: KeyObject;
  /** The issuer's private key. */
  readonly signer: KeyObject;
  readonly notBefore?: Date;
  readonly notAfter?: Date;
  readonly extensions: readonly RawExtension[];
  /** SubjectPublicKeyInfo in place of the key's own. */
  readonly spki?: Buffer;
}

const DAY_MS = 86_400_000;
const COMMON_NAME = '2.5.4.3';
let serial = 4096;

/** A Name of one common name. */
export function rawName(commonName: string): Buffer {
  return derSequence(der(0x31, derSequence(derOid(COMMON_NAME), der(0x0c, Buffer.from(commonName)))));
}

/** PEM of a certificate. */
export function writeRawCertificate(raw: RawCertificate): string {
  const { notBefore = new Date(Date.now() - DAY_MS), notAfter = new Date(Date.now() + 90 * DAY_MS) } = raw;
  serial += 1;
  const algorithm = algorithmOf(raw.signer);
  const body = derSequence(
    der(0xa0, derInteger(2)),
    derInteger(serial),
    algorithm,
    rawName(raw.issuer),
    derSequence(time(notBefore), time(notAfter)),
    rawName(raw.subject),
    raw.spki ?? createPublicKey(raw.key).export({ type: 'spki', format: 'der' }),
    ...(raw.extensions.length === 0 ? [] : [der(0xa3, derSequence(...raw.extensions.map(extension)))]),
  );
  return pemOf('CERTIFICATE', signed(body, algorithm, raw.signer).toString('base64'));
}

/** What to put into a revocation list. */
export interface RawRevocationList {
  readonly issuer: string | Buffer;
  readonly signer: KeyObject;
  readonly thisUpdate: Date;
  readonly nextUpdate: Date;
  /** Serial numbers, hexadecimal. */
  readonly revoked?: readonly string[];
}

/** PEM of a revocation list (RFC 5280 §5.1). */
export function writeRevocationList(raw: RawRevocationList): string {
  const algorithm = algorithmOf(raw.signer);
  const revoked = (raw.revoked ?? []).map((number) => {
    const bytes = Buffer.from(number.length % 2 === 0 ? number : `0${number}`, 'hex');
    const positive = (bytes[0] ?? 0) < 0x80 ? bytes : Buffer.concat([Buffer.from([0]), bytes]);
    return derSequence(der(0x02, positive), time(raw.thisUpdate));
  });
  const body = derSequence(
    derInteger(1),
    algorithm,
    typeof raw.issuer === 'string' ? rawName(raw.issuer) : raw.issuer,
    time(raw.thisUpdate),
    time(raw.nextUpdate),
    ...(revoked.length === 0 ? [] : [derSequence(...revoked)]),
    // CRLNumber, which OpenSSL wants in a list of version 2.
    der(0xa0, derSequence(extension({ oid: '2.5.29.20', value: derInteger(1) }))),
  );
  return pemOf('X509 CRL', signed(body, algorithm, raw.signer).toString('base64'));
}

function signed(body: Buffer, algorithm: Buffer, key: KeyObject): Buffer {
  const signature = sign('sha256', body, key);
  return derSequence(body, algorithm, der(0x03, Buffer.from([0]), signature));
}

/** ECDSA or RSA, with SHA-256. */
function algorithmOf(key: KeyObject): Buffer {
  if (key.asymmetricKeyType === 'rsa') return derSequence(derOid('1.2.840.113549.1.1.11'), DER_NULL);
  return derSequence(derOid('1.2.840.10045.4.3.2'));
}

function extension({ oid, critical = false, value }: RawExtension): Buffer {
  const mark = critical ? [der(0x01, Buffer.from([0xff]))] : [];
  return derSequence(derOid(oid), ...mark, derOctets(value));
}

/** UTCTime until 2049, GeneralizedTime after (RFC 5280 §4.1.2.5). */
function time(date: Date): Buffer {
  const digits = date.toISOString().replaceAll(/[-:T]|\.\d+/g, '');
  const short = date.getUTCFullYear() < 2050;
  return der(short ? 0x17 : 0x18, Buffer.from(short ? digits.slice(2) : digits));
}
