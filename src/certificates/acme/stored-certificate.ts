/** The certificates and the account of one authority in the store. */

import { ipFamily } from '../../shared/addresses/ip-family.js';
import { dayOf } from '../../shared/day.js';
import type { CertificateMaterial } from '../../shared/messages/router-messages.js';
import type { Source } from '../chain/input-file.js';
import { inspect } from '../chain/inspect.js';
import type { FindingCode } from '../findings.js';
import { readFields } from '../formats/certificate.js';
import { DER_INTEGER, readDer, readDerChildren } from '../formats/der.js';
import { pemOfKey } from '../formats/pem-text.js';
import type { Store } from '../store/store.js';
import { base64url } from './protocol/jws.js';
import { AcmeError, oneLine } from './protocol/problem.js';
import type { Validity } from './schedule.js';

/** What the order and number of certificates can be wrong in; the rest is the authority's own policy. */
const OF_AUTHORITIES: ReadonlySet<FindingCode> = new Set<FindingCode>([
  'leaf_not_first',
  'wrong_order',
  'duplicate_certificate',
  'unrelated_certificate',
  'superfluous_root',
  'missing_intermediate',
  'signature_invalid',
]);

/** Store keys of one authority. */
export interface AuthorityKeys {
  /** What all of them begin with, without the last slash. */
  readonly folder: string;
  readonly account: string;
  readonly accountKey: string;
  /** A key that takes the place of the account's while the authority is being told. */
  readonly nextAccountKey: string;
  /** Key of a name's chain and private key; also the name of the lock for ordering it. */
  certificate(name: string): string;
  /** Key of what is remembered of a name's failed orders. */
  failures(name: string): string;
  /** Key of a person's word that a name is to be ordered anew. */
  renewal(name: string): string;
  /** Key of how many orders may be made for names that nobody has given. */
  readonly pace: string;
  /** Key of the mark of a name that got its certificate at its first handshake. */
  onDemand(name: string): string;
}

/** A certificate that can be served. */
export interface StoredCertificate extends CertificateMaterial, Validity {}

/** Every authority has a place of its own: what a trial with another one brings is not served for the real one's. */
export function keysOf(directory: string): AuthorityKeys {
  const { host, pathname, search } = new URL(directory);
  const authority = `${host}${pathname}${search}`.replaceAll(/[^A-Za-z0-9.-]+/g, '-').replace(/-$/, '');
  return keysBelow(`acme/${authority}`);
}

function keysBelow(folder: string): AuthorityKeys {
  return {
    folder,
    account: `${folder}/account.json`,
    accountKey: `${folder}/account.key`,
    nextAccountKey: `${folder}/account-next.key`,
    pace: `${folder}/order-pace.json`,
    certificate: (name) => `${folder}/certificates/${fileName(name)}.pem`,
    failures: (name) => `${folder}/failures/${fileName(name)}.json`,
    renewal: (name) => `${folder}/renewals/${fileName(name)}`,
    onDemand: (name) => `${folder}/on-demand/${fileName(name)}`,
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

/** What the store knows of one authority. */
export interface KnownAuthority {
  readonly keys: AuthorityKeys;
  /** Of its certificates and of its failed orders. */
  readonly names: readonly string[];
  /** Those that got their certificate at their first handshake. */
  readonly onDemand: readonly string[];
}

/** Every authority that the store knows. */
export async function listAuthorities(store: Store): Promise<readonly KnownAuthority[]> {
  const found = new Map<string, { readonly names: Set<string>; readonly onDemand: string[] }>();
  for (const key of await store.list('acme/')) {
    const [root, authority, kind, file = ''] = key.split('/');
    const folder = `${root}/${authority}`;
    const known = found.get(folder) ?? { names: new Set(), onDemand: [] };
    found.set(folder, known);
    if (kind === 'on-demand' && file !== '') known.onDemand.push(nameOfFile(file));
    const base = /^(.+)\.(?:pem|json)$/.exec(file)?.[1];
    if ((kind === 'certificates' || kind === 'failures') && base !== undefined)
      known.names.add(nameOfFile(base));
  }
  return [...found].map(([folder, { names, onDemand }]) => ({
    keys: keysBelow(folder),
    names: [...names].sort(),
    onDemand,
  }));
}

/** The name whose file is called so. */
export function nameOfFile(base: string): string {
  const dotted = base.replace(/^wildcard_\./, '*.');
  const address = dotted.replaceAll('-', ':');
  return ipFamily(address) === 6 ? address : dotted;
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
 * Chain and key of one PEM text, mended as a file's would be: leaf first, no root, no duplicate, no stranger.
 * @returns undefined when it holds no certificate, or one of another key or name
 */
export function parseCertificate(pem: string, name: string): StoredCertificate | undefined {
  const { chain, key } = inspect({ certificates: [sourceOf(pem)] });
  if (chain === undefined || key === undefined) return undefined;
  const { leaf, certificates } = chain;
  const { names = [], x509 } = leaf;
  if (!x509.checkPrivateKey(key) || !names.includes(name)) return undefined;
  return {
    chainPem: certificates.map((certificate) => certificate.pem).join(''),
    keyPem: pemOfKey(key),
    names,
    startMs: Date.parse(x509.validFrom),
    endMs: Date.parse(x509.validTo),
  };
}

/** The certificate that an authority has sent. @throws AcmeError that says why it cannot be served */
export function requireCertificate(pem: string, name: string, nowMs: number): StoredCertificate {
  const certificate = parseCertificate(pem, name);
  if (certificate !== undefined && certificate.endMs > nowMs) return certificate;
  throw new AcmeError(`${name}: the authority sent ${whatWasSent(pem, name)}`, null);
}

function whatWasSent(pem: string, name: string): string {
  const { chain, key } = inspect({ certificates: [sourceOf(pem)] });
  if (chain === undefined) return 'no certificate';
  const { names = [], x509, notAfter } = chain.leaf;
  if (key === undefined || !x509.checkPrivateKey(key)) return 'a certificate of another key';
  if (!names.includes(name)) return `a certificate of other names (${oneLine(names.join(', '))})`;
  return `a certificate that has expired on ${dayOf(notAfter.getTime())}`;
}

/** What an authority has sent that clients would refuse, or that was mended: a sentence each. */
export function complaintsAbout(pem: string): readonly string[] {
  return inspect({ certificates: [sourceOf(pem)] })
    .findings.filter(({ code, severity }) => severity !== 'note' && OF_AUTHORITIES.has(code))
    .map(({ message }) => message);
}

function sourceOf(pem: string): Source {
  return { file: 'the answer of the authority', bytes: Buffer.from(pem, 'latin1'), mode: 0o600 };
}
