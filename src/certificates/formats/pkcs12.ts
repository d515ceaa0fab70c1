/** Takes certificates and keys out of a PKCS#12 bundle (RFC 7292), as .p12 and .pfx files hold them. */
import { DER_INTEGER, DER_SEQUENCE, type DerValue, readDer, readDerChildren, readOid } from './der.js';
import { decryptBundle, isIntact, UnsupportedBundle } from './pkcs12-cipher.js';

/** What a bundle held. */
export interface Pkcs12 {
  /** DER of each certificate, in the order found. */
  readonly certificates: readonly Buffer[];
  /** PKCS#8 in DER, each encrypted under the bundle's passphrase or not. */
  readonly keys: readonly { readonly der: Buffer; readonly encrypted: boolean }[];
}

/** Why a bundle gave nothing: no passphrase, the wrong one, or a form that cannot be read. */
export type Pkcs12Failure =
  | { readonly failure: 'locked' | 'wrong_passphrase' }
  | { readonly failure: 'unreadable'; readonly reason: string };

const DATA = '1.2.840.113549.1.7.1';
const ENCRYPTED_DATA = '1.2.840.113549.1.7.6';
const KEY_BAG = '1.2.840.113549.1.12.10.1.1';
const SHROUDED_KEY_BAG = '1.2.840.113549.1.12.10.1.2';
const CERT_BAG = '1.2.840.113549.1.12.10.1.3';
const NESTED_BAG = '1.2.840.113549.1.12.10.1.6';

/** Whether the value is a PFX: version 3, then the content. */
export function isPkcs12(value: DerValue): boolean {
  const [version, content] = readDerChildren(value.content);
  return version?.tag === DER_INTEGER && version.content[0] === 3 && content?.tag === DER_SEQUENCE;
}

/** Opens the bundle; without a passphrase the empty one is tried. */
export function readPkcs12(der: Buffer, passphrase: string | undefined): Pkcs12 | Pkcs12Failure {
  try {
    return openBundle(der, passphrase);
  } catch (cause) {
    if (cause instanceof UnsupportedBundle) return { failure: 'unreadable', reason: cause.message };
    throw cause;
  }
}

function openBundle(der: Buffer, passphrase: string | undefined): Pkcs12 | Pkcs12Failure {
  const [, authSafe, macData] = childrenOf(readDer(der));
  const content = contentOf(authSafe);
  if (content === undefined) throw new UnsupportedBundle('it is signed instead of kept by a passphrase');
  const failure = passphrase === undefined ? ('locked' as const) : ('wrong_passphrase' as const);
  const password = passphrase ?? '';
  if (macData !== undefined && !isIntact(macData, content, password)) return { failure };
  const certificates: Buffer[] = [];
  const keys: { der: Buffer; encrypted: boolean }[] = [];
  for (const info of childrenOf(readDer(content))) {
    const bags = openSafe(info, password);
    if (bags === undefined) return { failure };
    for (const bag of childrenOf(readDer(bags))) sortBag(bag, certificates, keys, 0);
  }
  return { certificates, keys };
}

/** The SafeContents inside a ContentInfo; undefined when the password does not open it. */
function openSafe(info: DerValue, password: string): Buffer | undefined {
  const [type, wrapped] = childrenOf(info);
  if (type === undefined || wrapped === undefined) throw new UnsupportedBundle('a part of it is damaged');
  const name = readOid(type.content);
  if (name === DATA) return contentOf(info);
  if (name !== ENCRYPTED_DATA) throw new UnsupportedBundle('a part of it is encrypted for a certificate');
  const [, encryptedInfo] = childrenOf(readDer(wrapped.content));
  const [, algorithm, encrypted] = childrenOf(encryptedInfo);
  if (algorithm === undefined || encrypted === undefined)
    throw new UnsupportedBundle('a part of it is damaged');
  return decryptBundle(algorithm, encrypted.content, password);
}

function sortBag(
  bag: DerValue,
  certificates: Buffer[],
  keys: { der: Buffer; encrypted: boolean }[],
  depth: number,
): void {
  const [type, wrapped] = childrenOf(bag);
  const value = wrapped && readDer(wrapped.content);
  if (type === undefined || value === undefined) return;
  const name = readOid(type.content);
  if (name === KEY_BAG) keys.push({ der: value.whole, encrypted: false });
  else if (name === SHROUDED_KEY_BAG) keys.push({ der: value.whole, encrypted: true });
  else if (name === CERT_BAG) {
    const [, held] = childrenOf(value);
    const certificate = held && readDer(held.content);
    if (certificate !== undefined) certificates.push(certificate.content);
  } else if (name === NESTED_BAG && depth < 8) {
    for (const inner of childrenOf(value)) sortBag(inner, certificates, keys, depth + 1);
  }
}

/** The octets inside a ContentInfo of type data. */
function contentOf(info: DerValue | undefined): Buffer | undefined {
  const [type, wrapped] = childrenOf(info);
  if (type === undefined || wrapped === undefined || readOid(type.content) !== DATA) return undefined;
  return readDer(wrapped.content)?.content;
}

function childrenOf(value: DerValue | undefined): DerValue[] {
  return value === undefined ? [] : readDerChildren(value.content);
}
