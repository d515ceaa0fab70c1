/** Reads files in binary form: a certificate, key or request in DER, and the bundles PKCS#7 and PKCS#12. */
import { createPrivateKey } from 'node:crypto';
import { type Finding, finding } from '../findings.js';
import { normalizeBer } from './ber.js';
import {
  DER_GENERALIZED_TIME,
  DER_INTEGER,
  DER_OID,
  DER_SEQUENCE,
  DER_UTC_TIME,
  type DerValue,
  readDer,
  readDerChildren,
} from './der.js';
import { type BlockKind, type PemBlock, type PemFile, pemOf } from './pem-block.js';
import { isPkcs7, readPkcs7 } from './pkcs7.js';
import { isPkcs12, type Pkcs12, readPkcs12 } from './pkcs12.js';

const NAMES: Readonly<Record<BlockKind, string>> = {
  certificate: 'a certificate',
  key: 'a private key',
  request: 'a certificate request',
  public_key: 'a public key',
  pkcs7: 'a bundle',
  other: 'something unknown',
};

/** The file's blocks, or undefined when its bytes are no DER or BER. */
export function readBinary(bytes: Buffer, file: string, passphrase: string | undefined): PemFile | undefined {
  if (bytes[0] !== DER_SEQUENCE) return undefined;
  const plain = readDer(bytes);
  const complete = plain !== undefined && bytes.length - plain.whole.length <= 2;
  const value = complete
    ? plain
    : bytes[1] === 0x80
      ? readDer(normalizeBer(bytes) ?? Buffer.alloc(0))
      : undefined;
  if (value === undefined) return undefined;
  if (isPkcs7(value)) return readPkcs7File(value, file);
  // Bundles of browsers and Java keep their parts in pieces even under definite lengths.
  if (isPkcs12(value)) return readPkcs12File(normalizeBer(value.whole) ?? value.whole, file, passphrase);
  return readPlain(value, file);
}

/** The certificates of a PKCS#7 bundle as blocks at one place. */
export function pkcs7Blocks(der: Buffer, position: PemBlock['position'], findings: Finding[]): PemBlock[] {
  const certificates = readPkcs7(normalizeBer(der) ?? der);
  if (certificates.length === 0) {
    findings.push(finding('unreadable_bundle', 'the PKCS#7 bundle holds no certificate', position));
  }
  return certificates.map((certificate) => blockOf('certificate', 'CERTIFICATE', certificate, position));
}

function readPkcs7File(value: DerValue, file: string): PemFile {
  const position = { file };
  const message = `${file} is a PKCS#7 bundle in binary form; servers read PEM`;
  const findings = [finding('pkcs7_bundle', message, position)];
  return { file, blocks: pkcs7Blocks(value.whole, position, findings), findings };
}

function readPkcs12File(der: Buffer, file: string, passphrase: string | undefined): PemFile {
  const position = { file };
  const findings = [finding('pkcs12_bundle', `${file} is a PKCS#12 bundle; most servers read PEM`, position)];
  const bundle = readPkcs12(der, passphrase);
  if ('failure' in bundle) {
    if (bundle.failure === 'unreadable') {
      const message = `the bundle cannot be read: ${bundle.reason}`;
      findings.push(finding('unreadable_bundle', message, position));
    } else if (bundle.failure === 'locked') {
      const message = 'the bundle is encrypted and no passphrase was given';
      findings.push(finding('encrypted_key', message, position));
    } else findings.push(finding('wrong_passphrase', 'the passphrase does not open the bundle', position));
    return { file, blocks: [], findings };
  }
  const { certificates, keys } = bundle;
  if (certificates.length + keys.length === 0) {
    findings.push(finding('unreadable_bundle', 'the bundle is empty', position));
  }
  return {
    file,
    blocks: [
      ...keys.flatMap((key) => openBundledKey(key, passphrase, position, findings)),
      ...certificates.map((certificate) => blockOf('certificate', 'CERTIFICATE', certificate, position)),
    ],
    findings,
  };
}

/** The key in the clear: the passphrase that opened the bundle opens its keys. */
function openBundledKey(
  { der, encrypted }: Pkcs12['keys'][number],
  passphrase: string | undefined,
  position: PemBlock['position'],
  findings: Finding[],
): PemBlock[] {
  if (!encrypted) return [blockOf('key', 'PRIVATE KEY', der, position)];
  try {
    const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8', passphrase: passphrase ?? '' });
    return [blockOf('key', 'PRIVATE KEY', key.export({ type: 'pkcs8', format: 'der' }), position)];
  } catch {
    const message = 'the private key in the bundle is encrypted in a way that OpenSSL does not know';
    findings.push(finding('unreadable_bundle', message, position));
    return [];
  }
}

function readPlain(value: DerValue, file: string): PemFile {
  const position = { file };
  const { kind, label } = recognize(value);
  const encrypted = label === 'ENCRYPTED PRIVATE KEY';
  const blocks = [blockOf(kind, label, value.whole, position, encrypted)];
  // What it is says enough: no other form of it would be a certificate.
  if (kind === 'request' || label === CRL) return { file, blocks, findings: [] };
  const message = `${file} is ${NAMES[kind]} in binary form (DER), not PEM text`;
  const fix =
    kind === 'key' ? `convert it: openssl pkey -inform der -in ${file} -out ${file}.pem` : undefined;
  return { file, blocks, findings: [finding('der_encoded', message, position, fix)] };
}

const CRL = 'X509 CRL';

/** Which of the usual forms it is, by its first fields (RFC 5280 §4.1, RFC 2986 §4, RFC 5958 §2, RFC 8017 A.1.2, RFC 5915 §3). */
function recognize(value: DerValue): { kind: BlockKind; label: string } {
  const [first, second, third] = readDerChildren(value.content);
  if (first?.tag === DER_INTEGER) {
    if (second?.tag === DER_SEQUENCE) return { kind: 'key', label: 'PRIVATE KEY' };
    if (second?.tag === DER_INTEGER) return { kind: 'key', label: 'RSA PRIVATE KEY' };
    if (second?.tag === 0x04) return { kind: 'key', label: 'EC PRIVATE KEY' };
    return { kind: 'other', label: 'DATA' };
  }
  const inner = first?.tag === DER_SEQUENCE ? readDerChildren(first.content) : [];
  if (third !== undefined) {
    // A certificate has its two dates in a sequence, a revocation list among its fields (RFC 5280 §5.1).
    if (inner.some(({ tag }) => tag === DER_UTC_TIME || tag === DER_GENERALIZED_TIME)) {
      return { kind: 'other', label: CRL };
    }
    const request = inner[0]?.tag === DER_INTEGER && inner[3]?.tag === 0xa0 && inner.length === 4;
    return request
      ? { kind: 'request', label: 'CERTIFICATE REQUEST' }
      : { kind: 'certificate', label: 'CERTIFICATE' };
  }
  if (inner[0]?.tag !== DER_OID) return { kind: 'other', label: 'DATA' };
  return second?.tag === 0x04
    ? { kind: 'key', label: 'ENCRYPTED PRIVATE KEY' }
    : { kind: 'public_key', label: 'PUBLIC KEY' };
}

function blockOf(
  kind: BlockKind,
  label: string,
  der: Buffer,
  position: PemBlock['position'],
  encrypted = false,
): PemBlock {
  return { kind, label, der, pem: pemOf(label, der.toString('base64')), encrypted, position };
}
