/** The certificates and the account of one authority in the store. */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import type { CertificateMaterial } from '../../shared/router-messages.js';
import { readFields } from '../formats/certificate.js';
import { DER_INTEGER, readDer, readDerChildren } from '../formats/der.js';
import { certificatesIn, pemOfKey } from '../formats/pem-text.js';
import type { Store } from '../store/store.js';
import { base64url } from './jws.js';
import type { Validity } from './schedule.js';

/** Store keys of one authority. */
export interface AuthorityKeys {
  readonly account: string;
  readonly accountKey: string;
  /** Key of a name's chain and private key; also the name of the lock for ordering it. */
  certificate(name: string): string;
  /** Key of what is remembered of a name's failed orders. */
  failures(name: string): string;
}

/** A certificate that can be served. */
export interface StoredCertificate extends CertificateMaterial, Validity {}

/** Every authority has a place of its own: what a trial with another one brings is not served for the real one's. */
export function keysOf(directory: string): AuthorityKeys {
  const { host, pathname, search } = new URL(directory);
  const authority = `${host}${pathname}${search}`.replaceAll(/[^A-Za-z0-9.-]+/g, '-').replace(/-$/, '');
  const folder = `acme/${authority}`;
  return {
    account: `${folder}/account.json`,
    accountKey: `${folder}/account.key`,
    certificate: (name) => `${folder}/certificates/${fileName(name)}.pem`,
    failures: (name) => `${folder}/failures/${fileName(name)}.json`,
  };
}

/**
 * What names a certificate to its authority's renewal information (RFC 9773 §4.1): the identifier of the issuer's key and the serial
 * number; null where the certificate does not name that key.
 */
export function certificateId(der: Buffer): string | null {
  const [tbs] = readDerChildren(readDer(der)?.content ?? Buffer.alloc(0));
  const serial = readDerChildren(tbs?.content ?? Buffer.alloc(0)).find(({ tag }) => tag === DER_INTEGER);
  const keyId = readFields(der)?.authorityKeyId;
  if (serial === undefined || keyId === undefined) return null;
  return `${base64url(Buffer.from(keyId, 'hex'))}.${base64url(serial.content)}`;
}

/** Without the characters of wildcards and IPv6 addresses, which file systems do not all take. */
function fileName(name: string): string {
  return name.replace(/^\*\./, 'wildcard_.').replaceAll(':', '-');
}

/** The name's certificate; undefined when there is none, or what there is cannot be served. */
export async function readStoredCertificate(
  store: Store,
  keys: AuthorityKeys,
  name: string,
): Promise<StoredCertificate | undefined> {
  const bytes = await store.get(keys.certificate(name));
  return bytes === undefined ? undefined : parseCertificate(bytes.toString('latin1'), name);
}

/** The name's certificate of the authority whose lasts longest; undefined when there is none. */
export async function readNewestCertificate(
  store: Store,
  directories: readonly string[],
  name: string,
): Promise<{ readonly directory: string; readonly certificate: StoredCertificate } | undefined> {
  let newest: { readonly directory: string; readonly certificate: StoredCertificate } | undefined;
  for (const directory of directories) {
    const certificate = await readStoredCertificate(store, keysOf(directory), name);
    if (certificate === undefined) continue;
    if (newest === undefined || certificate.endMs > newest.certificate.endMs)
      newest = { directory, certificate };
  }
  return newest;
}

/**
 * Chain and key of one PEM text.
 * @returns undefined when it holds no certificate, or one of another key or name
 */
export function parseCertificate(pem: string, name: string): StoredCertificate | undefined {
  const blocks = certificatesIn(pem);
  try {
    const [leaf] = blocks.map((block) => new X509Certificate(block));
    const key = createPrivateKey(pem);
    if (leaf === undefined || !leaf.checkPrivateKey(key)) return undefined;
    const names = readFields(leaf.raw)?.names ?? [];
    if (!names.includes(name)) return undefined;
    return {
      chainPem: blocks.map((block) => `${block.replaceAll('\r', '')}\n`).join(''),
      keyPem: pemOfKey(key),
      names,
      startMs: Date.parse(leaf.validFrom),
      endMs: Date.parse(leaf.validTo),
    };
  } catch {
    return undefined;
  }
}
