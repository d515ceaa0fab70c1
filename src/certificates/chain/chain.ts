/** Builds the chain a server should send: the leaf first, each issuer after, without duplicates and without the root. */
import type { KeyObject, X509Certificate } from 'node:crypto';
import { type Certificate, type CertificateFields, readFields, verifies } from '../formats/certificate.js';
import { nameCovers } from '../host-names.js';
import { keyIdsAgree, type RootStore } from './roots.js';

/** Where the chain's issuers end. */
export type Anchor =
  /** In a public root. */
  | 'public'
  /** In a self-signed certificate of the CA bundle. */
  | 'bundle'
  /** In a root that only this machine's trust store knows. */
  | 'local'
  /** In a self-signed certificate of the file itself. */
  | 'file'
  /** The leaf is its own issuer. */
  | 'self'
  /** The last issuer is not known. */
  | 'none';

/** What a chain is built from. */
export interface ChainMaterial {
  /** Certificates of the certificate files, in the order found, without duplicates. */
  readonly given: readonly Certificate[];
  /** Further certificates that may complete the chain, in any order. */
  readonly bundle: readonly Certificate[];
  readonly key: KeyObject | undefined;
  /** Canonical host names that help to choose among several leaves. */
  readonly hosts: readonly string[];
  readonly roots: RootStore;
  readonly localRoots: RootStore;
  readonly now: Date;
}

/** A chain and how it ends. */
export interface Chain {
  readonly leaf: Certificate;
  /** What to send: leaf first. */
  readonly certificates: readonly Certificate[];
  readonly anchor: Anchor;
  /** The self-signed certificate at the end, where one was given. */
  readonly root: Certificate | undefined;
  /** The root's fields, whoever has it; undefined where it is not known. */
  readonly anchorFields: CertificateFields | undefined;
}

/** More than any client takes: what is longer is called so, and need not be followed to its end. */
const MAX_DEPTH = 200;
const MAX_PATHS = 256;

/** @returns undefined when no given certificate can be a server's own. */
export function buildChain(material: ChainMaterial): Chain | undefined {
  const leaf = chooseLeaf(material);
  if (leaf === undefined) return undefined;
  if (leaf.selfSigned)
    return {
      leaf,
      certificates: [leaf],
      anchor: anchorOfSelfSigned(leaf, material),
      root: undefined,
      anchorFields: undefined,
    };
  const paths = findPaths(leaf, [...material.given, ...material.bundle]);
  const chains = paths.map((path) => closeChain(leaf, path, material));
  chains.sort(byWorth(material.now));
  return chains[0];
}

/** Whether the issuer's name, identifiers and key fit the certificate. */
export function isIssuerOf(issuer: Certificate, certificate: Certificate): boolean {
  return (
    issuer.subject.equals(certificate.issuer) &&
    keyIdsAgree(certificate, issuer) &&
    verifies(certificate.x509, issuer.x509)
  );
}

/** Whether two entries are the same certificate. */
export function isSame(one: Certificate, other: Certificate): boolean {
  return one.der.equals(other.der);
}

/** The certificates without repetitions, each at its first place. */
export function withoutDuplicates(certificates: readonly Certificate[]): Certificate[] {
  return certificates.filter((one, index) => certificates.findIndex((other) => isSame(one, other)) === index);
}

/**
 * The certificate that the key fits, the latest of several; without one the first that is no authority, one that names
 * the host before others; at last a self-signed one, as `openssl req -x509` makes them for servers.
 */
function chooseLeaf({ given, key, hosts, now }: ChainMaterial): Certificate | undefined {
  const servers = given.filter(({ authority }) => authority !== true);
  const fitting = fittingKey(servers, key, now) ?? fittingKey(servers.length === 0 ? given : [], key, now);
  if (fitting !== undefined) return fitting;
  const issues = (one: Certificate): boolean =>
    given.some((other) => other !== one && isIssuerOf(one, other));
  const ends = servers.filter((one) => !issues(one));
  const candidates = ends.length > 0 ? ends : servers;
  const names = (one: Certificate): boolean =>
    hosts.some((host) => one.names?.some((name) => nameCovers(name, host)));
  return candidates.find(names) ?? candidates[0] ?? authorityAsLeaf(given.filter((one) => !issues(one)));
}

function fittingKey(
  pool: readonly Certificate[],
  key: KeyObject | undefined,
  now: Date,
): Certificate | undefined {
  const inDate = ({ notBefore, notAfter }: Certificate): number =>
    notBefore <= now && notAfter > now ? 1 : 0;
  return pool
    .filter(({ x509 }) => key !== undefined && x509.checkPrivateKey(key))
    .sort((a, b) => inDate(b) - inDate(a) || b.notAfter.getTime() - a.notAfter.getTime())[0];
}

/** An authority's certificate is only taken for a server's when it names hosts or stands alone on its own feet. */
function authorityAsLeaf(ends: readonly Certificate[]): Certificate | undefined {
  const named = ends.find(({ names }) => names !== undefined && names.length > 0);
  return named ?? (ends.length === 1 ? ends.find(({ selfSigned }) => selfSigned) : undefined);
}

function anchorOfSelfSigned(leaf: Certificate, { bundle }: ChainMaterial): Anchor {
  return bundle.some((one) => isSame(one, leaf)) ? 'bundle' : 'self';
}

/** Every way from the leaf to a certificate whose issuer is not in the pool; depth first, bounded. */
function findPaths(leaf: Certificate, pool: readonly Certificate[]): Certificate[][] {
  const issuers = withoutDuplicates(pool).filter(({ selfSigned }) => !selfSigned);
  const paths: Certificate[][] = [];
  const walk = (path: Certificate[]): void => {
    const last = path.at(-1);
    if (last === undefined || paths.length >= MAX_PATHS) return;
    paths.push(path);
    if (path.length >= MAX_DEPTH) return;
    for (const next of issuers) {
      if (!path.includes(next) && isIssuerOf(next, last)) walk([...path, next]);
    }
  };
  walk([leaf]);
  return paths;
}

function closeChain(leaf: Certificate, path: readonly Certificate[], material: ChainMaterial): Chain {
  const rootIn = (pool: readonly Certificate[]): Certificate | undefined =>
    pool.find((root) => root.selfSigned && path.some((one) => isIssuerOf(root, one)));
  const inFile = rootIn(material.given);
  const inBundle = rootIn(material.bundle);
  const known = rootOf(path, material.roots);
  const local = known === undefined && inBundle === undefined ? rootOf(path, material.localRoots) : undefined;
  const anchor = known ? 'public' : inBundle ? 'bundle' : local ? 'local' : inFile ? 'file' : 'none';
  const root = inFile ?? inBundle;
  const theirs = known ?? local;
  const anchorFields = theirs === undefined ? (inBundle ?? inFile) : readFields(theirs.raw);
  return { leaf, certificates: path, anchor, root, anchorFields };
}

function rootOf(path: readonly Certificate[], roots: RootStore): X509Certificate | undefined {
  for (const one of path) {
    const root = roots.issuerOf(one);
    if (root !== undefined) return root;
  }
  return undefined;
}

const ANCHOR_WORTH: Readonly<Record<Anchor, number>> = {
  public: 5,
  bundle: 4,
  local: 3,
  file: 2,
  self: 1,
  none: 0,
};

/** Best first: known end, then all in date, then short where the end is known and long where it is not. */
function byWorth(now: Date): (one: Chain, other: Chain) => number {
  const stale = ({ certificates }: Chain): number =>
    certificates.filter(({ notAfter, notBefore }) => notAfter <= now || notBefore > now).length;
  return (one, other) => {
    const worth = ANCHOR_WORTH[other.anchor] - ANCHOR_WORTH[one.anchor];
    const length = one.certificates.length - other.certificates.length;
    return worth || stale(one) - stale(other) || (one.anchor === 'none' ? -length : length);
  };
}
