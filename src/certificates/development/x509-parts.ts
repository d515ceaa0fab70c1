/** Parts of a certificate that stand in certificate requests too: names, signature algorithms, alternative names. */
import type { KeyObject } from 'node:crypto';
import { ipFamily } from '../../shared/addresses/ip-family.js';
import { DER_NULL, der, derOid, derSequence, derSet, derUtf8 } from '../formats/der-write.js';

/** Hash of a signature. SHA-1 is for tests alone: no client takes it any more. */
export type SignatureHash = 'SHA-1' | 'SHA-256' | 'SHA-384' | 'SHA-512';

interface AlgorithmRow {
  /** Its name for node:crypto. */
  readonly hash: string;
  /** RFC 8017 appendix A.2.4. */
  readonly rsa: string;
  /** RFC 5758 §3.2. */
  readonly ecdsa: string;
}

const ALGORITHMS: Readonly<Record<SignatureHash, AlgorithmRow>> = {
  'SHA-1': { hash: 'sha1', rsa: '1.2.840.113549.1.1.5', ecdsa: '1.2.840.10045.4.1' },
  'SHA-256': { hash: 'sha256', rsa: '1.2.840.113549.1.1.11', ecdsa: '1.2.840.10045.4.3.2' },
  'SHA-384': { hash: 'sha384', rsa: '1.2.840.113549.1.1.12', ecdsa: '1.2.840.10045.4.3.3' },
  'SHA-512': { hash: 'sha512', rsa: '1.2.840.113549.1.1.13', ecdsa: '1.2.840.10045.4.3.4' },
};

/** How a key signs: the name of the hash for node:crypto, and the AlgorithmIdentifier that says so. */
export interface SignatureAlgorithm {
  readonly hash: string;
  readonly identifier: Buffer;
}

/** @throws TypeError for keys other than RSA and elliptic curves */
export function signatureAlgorithm(key: KeyObject, hash: SignatureHash): SignatureAlgorithm {
  const row = ALGORITHMS[hash];
  // RSA's parameters are NULL (RFC 4055 §5), ECDSA's absent (RFC 5758 §3.2).
  if (key.asymmetricKeyType === 'rsa') {
    return { hash: row.hash, identifier: derSequence(derOid(row.rsa), DER_NULL) };
  }
  if (key.asymmetricKeyType === 'ec') return { hash: row.hash, identifier: derSequence(derOid(row.ecdsa)) };
  throw new TypeError(`keys of type ${key.asymmetricKeyType} sign no certificates here`);
}

const ORGANIZATION = '2.5.4.10';
const COMMON_NAME = '2.5.4.3';

/** A subject of an organization and a common name, as far as given (RFC 5280 §4.1.2.4). */
export function distinguishedName(subject: {
  readonly organization?: string;
  readonly commonName?: string;
}): Buffer {
  const { organization, commonName } = subject;
  const parts: Buffer[] = [];
  if (organization !== undefined) parts.push(attribute(ORGANIZATION, organization));
  if (commonName !== undefined) parts.push(attribute(COMMON_NAME, commonName));
  return derSequence(...parts);
}

function attribute(oid: string, text: string): Buffer {
  return derSet(derSequence(derOid(oid), derUtf8(text)));
}

const EMAIL_NAME = 0x81;
const DNS_NAME = 0x82;
const IP_ADDRESS = 0x87;

/** The value of a subject alternative name extension (RFC 5280 §4.2.1.6): DNS names, addresses, e-mail addresses. */
export function alternativeNames(names: readonly string[]): Buffer {
  return derSequence(
    ...names.map((name) => {
      if (ipFamily(name) !== 0) return der(IP_ADDRESS, addressBytes(name));
      return der(name.includes('@') ? EMAIL_NAME : DNS_NAME, Buffer.from(name, 'latin1'));
    }),
  );
}

/** Four or sixteen bytes of an address in any of its spellings. */
export function addressBytes(address: string): Buffer {
  if (ipFamily(address) === 4) return Buffer.from(address.split('.').map(Number));
  const [host = ''] = new URL(`http://[${address}]/`).hostname.slice(1, -1).split('%');
  const [before = '', after] = host.split('::');
  const groups = (text: string): number[] =>
    text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16));
  const first = groups(before);
  const last = after === undefined ? [] : groups(after);
  const all = [...first, ...Array<number>(8 - first.length - last.length).fill(0), ...last];
  const bytes = Buffer.alloc(16);
  for (const [index, group] of all.entries()) bytes.writeUInt16BE(group, index * 2);
  return bytes;
}
