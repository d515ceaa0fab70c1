/** Writes a PKCS#12 bundle (RFC 7292) in the form of today's OpenSSL: PBES2 with AES-256, HMAC-SHA-256. */
import {
  createCipheriv,
  createHash,
  createHmac,
  createPrivateKey,
  pbkdf2Sync,
  randomBytes,
} from 'node:crypto';
import { DER_NULL, der, derInteger, derOctets, derOid, derSequence } from './der-write.js';
import { deriveKey } from './pkcs12-cipher.js';

const ROUNDS = 100_000;

/** What goes into the bundle. */
export interface BundleContent {
  /** DER, the key's own certificate first. */
  readonly certificates: readonly Buffer[];
  readonly keyPem: string;
  /** What lists of certificates show. */
  readonly name: string;
}

/** The bundle, encrypted under the passphrase. */
export function writePkcs12({ certificates, keyPem, name }: BundleContent, passphrase: string): Buffer {
  const [own = Buffer.alloc(0)] = certificates;
  const keyId = createHash('sha1').update(own).digest();
  const certBags = certificates.map((certificate, index) =>
    safeBag('1.2.840.113549.1.12.10.1.3', certBag(certificate), index === 0 ? attributes(keyId, name) : []),
  );
  const key = createPrivateKey(keyPem).export({ type: 'pkcs8', format: 'der' });
  const shrouded = derSequence(...encrypt(key, passphrase));
  const keyBag = safeBag('1.2.840.113549.1.12.10.1.2', shrouded, attributes(keyId, name));
  const safe = derSequence(
    encryptedInfo(derSequence(...certBags), passphrase),
    dataInfo(derSequence(keyBag)),
  );
  const salt = randomBytes(16);
  const macKey = deriveKey('sha256', passphrase, salt, 3, ROUNDS, 32);
  const digest = createHmac('sha256', macKey).update(safe).digest();
  const mac = derSequence(
    derSequence(derSequence(derOid('2.16.840.1.101.3.4.2.1'), DER_NULL), derOctets(digest)),
    derOctets(salt),
    derInteger(ROUNDS),
  );
  return derSequence(derInteger(3), dataInfo(safe), mac);
}

function dataInfo(content: Buffer): Buffer {
  return derSequence(derOid('1.2.840.113549.1.7.1'), der(0xa0, derOctets(content)));
}

function encryptedInfo(content: Buffer, passphrase: string): Buffer {
  const [algorithm, encrypted] = encrypt(content, passphrase);
  const octets = encrypted.subarray(encrypted.length - lengthOfContent(encrypted));
  const info = derSequence(derOid('1.2.840.113549.1.7.1'), algorithm, der(0x80, octets));
  return derSequence(derOid('1.2.840.113549.1.7.6'), der(0xa0, derSequence(derInteger(0), info)));
}

function lengthOfContent(value: Buffer): number {
  const first = value[1] ?? 0;
  return value.length - (first < 0x80 ? 2 : 2 + (first & 0x7f));
}

/** AlgorithmIdentifier and OCTET STRING of PBES2 (RFC 8018 §6.2). */
function encrypt(content: Buffer, passphrase: string): [algorithm: Buffer, encrypted: Buffer] {
  const salt = randomBytes(16);
  const iv = randomBytes(16);
  const key = pbkdf2Sync(passphrase, salt, ROUNDS, 32, 'sha256');
  const cipher = createCipheriv('aes-256-cbc', key, iv);
  const encrypted = Buffer.concat([cipher.update(content), cipher.final()]);
  const prf = derSequence(derOid('1.2.840.113549.2.9'), DER_NULL);
  const kdf = derSequence(
    derOid('1.2.840.113549.1.5.12'),
    derSequence(derOctets(salt), derInteger(ROUNDS), prf),
  );
  const scheme = derSequence(derOid('2.16.840.1.101.3.4.1.42'), derOctets(iv));
  const algorithm = derSequence(derOid('1.2.840.113549.1.5.13'), derSequence(kdf, scheme));
  return [algorithm, derOctets(encrypted)];
}

function certBag(certificate: Buffer): Buffer {
  return derSequence(derOid('1.2.840.113549.1.9.22.1'), der(0xa0, derOctets(certificate)));
}

function safeBag(type: string, value: Buffer, bagAttributes: readonly Buffer[]): Buffer {
  const set = bagAttributes.length === 0 ? [] : [der(0x31, ...bagAttributes)];
  return derSequence(derOid(type), der(0xa0, value), ...set);
}

/** localKeyID joins key and certificate, friendlyName is for people. */
function attributes(keyId: Buffer, name: string): Buffer[] {
  const text = Buffer.from(name, 'utf16le').swap16();
  return [
    derSequence(derOid('1.2.840.113549.1.9.20'), der(0x31, der(0x1e, text))),
    derSequence(derOid('1.2.840.113549.1.9.21'), der(0x31, derOctets(keyId))),
  ];
}
