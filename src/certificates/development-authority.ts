/** The development authority: made once for each user, and leaves beneath it that are kept and renewed in time. */
import { createHash, createPrivateKey, X509Certificate } from 'node:crypto';
import { hostname, userInfo } from 'node:os';
import { FrontError } from '../contract/errors.js';
import type { KeyPairPem } from './issue.js';
import { DAY_MS, issueCertificate, issueLeaf } from './issue.js';
import {
  DEVELOPMENT_NAMES,
  isPermitted,
  type PermittedNames,
  permitAlso,
  readNameConstraints,
} from './name-constraints.js';
import { canonicalName, requireNames } from './names.js';
import type { LocalStore, Store } from './store.js';

export const AUTHORITY_CERT_KEY = 'development/authority.pem';
export const AUTHORITY_KEY_KEY = 'development/authority.key';
const LEAF_PREFIX = 'development/leaf-';
const LOCK = 'development/authority';
const AUTHORITY_DAYS = 3652;
/** Under the 397 days that browsers allow and the 825 of Apple's rule for private authorities; short, because renewal is automatic. */
const LEAF_DAYS = 90;

/** A leaf that is ready to serve, and what had to be done to have it. */
export interface DevelopmentLeaf {
  /** The leaf alone: its issuer is the root, which is never sent. */
  readonly chainPem: string;
  readonly keyPem: string;
  /** File of the root certificate that browsers must trust. */
  readonly authorityFile: string;
  readonly authorityCreated: boolean;
  readonly leafCreated: boolean;
  /** Canonical names of the leaf. */
  readonly names: readonly string[];
  readonly notAfter: Date;
  /** Plain sentences for the user, such as why an older authority was replaced. */
  readonly notes: readonly string[];
}

interface FoundAuthority {
  readonly authority: KeyPairPem | undefined;
  /** Why an authority that once existed cannot be used; absent when there never was one. */
  readonly problem?: string;
}

/**
 * A leaf for localhost, 127.0.0.1, ::1 and the given names from this user's development authority. Both are made when
 * missing; the leaf again when less than a third of its life remains or the authority changed.
 * @throws FrontError config_invalid when a name is no host name, the authority may not vouch for it, or the store's folder
 * cannot be used.
 */
export async function ensureDevelopmentLeaf(
  store: LocalStore,
  names: readonly string[],
  now: Date,
): Promise<DevelopmentLeaf> {
  const wanted = requireNames(['localhost', '127.0.0.1', '::1', ...names]);
  // Starting a front that finds all in place takes no lock and loads no X.509 library.
  const found = await findAuthority(store, now);
  if (found.authority !== undefined) requirePermitted(found.authority, wanted);
  const kept = found.authority && (await findLeaf(store, found.authority, wanted, now));
  if (kept !== undefined) return describe(store, kept, wanted, { authority: false, leaf: false, notes: [] });
  return store.withLock(LOCK, () => issueUnderLock(store, wanted, now));
}

/**
 * This user's development authority, made when there is none that can be used.
 * @param names canonical names that it has to vouch for
 * @throws FrontError config_invalid when the store's folder cannot be used, or the authority may not vouch for a name
 */
export async function ensureAuthority(
  store: LocalStore,
  names: readonly string[],
  now: Date,
): Promise<KeyPairPem> {
  const found = await findAuthority(store, now);
  if (found.authority !== undefined) return requirePermitted(found.authority, names);
  return store.withLock(LOCK, async () => {
    const { authority } = await findAuthority(store, now);
    return authority === undefined ? createAuthority(store, names, now) : requirePermitted(authority, names);
  });
}

/**
 * Makes a new authority in place of one that may not vouch for all the names; nothing when it may.
 * @param names canonical; null: it shall vouch for every name
 * @returns whether there is a new one, which nobody trusts yet
 */
export async function widenAuthority(
  store: LocalStore,
  names: readonly string[] | null,
  now: Date,
): Promise<boolean> {
  return store.withLock(LOCK, async () => {
    const { authority } = await findAuthority(store, now);
    const permitted = authority && permittedBy(authority);
    const suffices =
      authority !== undefined &&
      (permitted === undefined || (names?.every((name) => isPermitted(name, permitted)) ?? false));
    if (!suffices) await createAuthority(store, names, now);
    return !suffices;
  });
}

/** What an authority may vouch for; undefined: everything. */
export function permittedBy({ certPem }: Pick<KeyPairPem, 'certPem'>): PermittedNames | undefined {
  return readNameConstraints(new X509Certificate(certPem).raw);
}

function requirePermitted(authority: KeyPairPem, names: readonly string[]): KeyPairPem {
  const permitted = permittedBy(authority);
  const refused = permitted && names.filter((name) => !isPermitted(name, permitted));
  if (refused === undefined || refused.length === 0) return authority;
  const bare = refused.map((name) => name.replace(/^\*\./, ''));
  throw new FrontError(
    'config_invalid',
    `the development authority may not vouch for ${refused.join(', ')}: clients would refuse it`,
    {
      hint: `replace it by one that may: tlsfront ca install ${bare.map((name) => `--permit ${name}`).join(' ')}`,
    },
  );
}

async function issueUnderLock(store: LocalStore, wanted: string[], now: Date): Promise<DevelopmentLeaf> {
  const found = await findAuthority(store, now);
  const authority = found.authority ?? (await createAuthority(store, wanted, now));
  requirePermitted(authority, wanted);
  const notes =
    found.problem === undefined
      ? []
      : [`${found.problem} A new development authority was made; browsers have to trust it again.`];
  const kept = await findLeaf(store, authority, wanted, now);
  if (kept !== undefined) {
    return describe(store, kept, wanted, { authority: false, leaf: false, notes });
  }
  const leaf = await issueLeaf(authority, wanted, { now, validDays: LEAF_DAYS });
  await store.put(leafKey(wanted), leaf.certPem + leaf.keyPem);
  await deleteExpiredLeaves(store, now);
  return describe(store, leaf, wanted, { authority: found.authority === undefined, leaf: true, notes });
}

function describe(
  store: LocalStore,
  leaf: KeyPairPem,
  names: readonly string[],
  done: { authority: boolean; leaf: boolean; notes: readonly string[] },
): DevelopmentLeaf {
  return {
    chainPem: leaf.certPem,
    keyPem: leaf.keyPem,
    authorityFile: store.pathOf(AUTHORITY_CERT_KEY),
    authorityCreated: done.authority,
    leafCreated: done.leaf,
    names,
    notAfter: new Date(new X509Certificate(leaf.certPem).validTo),
    notes: done.notes,
  };
}

/** Reads the authority and says what is wrong with it, if anything. */
export async function findAuthority(store: Store, now: Date): Promise<FoundAuthority> {
  const certBytes = await store.get(AUTHORITY_CERT_KEY);
  // A key without a certificate is a creation that was cut short: nobody can have trusted it yet.
  if (certBytes === undefined) return { authority: undefined };
  const certificate = parseCertificate(certBytes);
  if (certificate === undefined) {
    return {
      authority: undefined,
      problem: 'The development authority could not be read: its file is damaged.',
    };
  }
  const until = new Date(certificate.validTo);
  if (until <= now) {
    return {
      authority: undefined,
      problem: `The development authority expired on ${until.toISOString().slice(0, 10)}.`,
    };
  }
  const keyBytes = await store.get(AUTHORITY_KEY_KEY);
  if (keyBytes === undefined) {
    return { authority: undefined, problem: 'The private key of the development authority is gone.' };
  }
  if (!fits(certificate, keyBytes)) {
    return {
      authority: undefined,
      problem: 'The private key of the development authority is damaged or belongs to another.',
    };
  }
  return { authority: { certPem: certBytes.toString(), keyPem: keyBytes.toString() } };
}

/**
 * Makes a new authority and puts it into the store; one that it replaces is kept aside so that trust in it can be removed.
 * @param names those it has to vouch for beside the usual ones and those of the replaced one; null: every name
 */
async function createAuthority(
  store: Store,
  names: readonly string[] | null,
  now: Date,
): Promise<KeyPairPem> {
  const old = await store.get(AUTHORITY_CERT_KEY);
  const permitted = names === null ? undefined : permittedAfter(old, names);
  if (old !== undefined) {
    const digest = createHash('sha256').update(old).digest('hex').slice(0, 16);
    await store.put(`development/replaced/${digest}.pem`, old);
  }
  const authority = await issueCertificate({
    commonName: authorityName(),
    organization: 'tlsfront',
    notBefore: new Date(now.getTime() - 5 * 60_000),
    notAfter: new Date(now.getTime() + AUTHORITY_DAYS * DAY_MS),
    authority: { pathLength: 0, ...(permitted === undefined ? {} : { permitted }) },
  });
  // The key first: a certificate is only ever seen beside its key.
  await store.put(AUTHORITY_KEY_KEY, authority.keyPem);
  await store.put(AUTHORITY_CERT_KEY, authority.certPem);
  return authority;
}

/** What the user could use before can be used after; one without constraints stays so. */
function permittedAfter(old: Buffer | undefined, names: readonly string[]): PermittedNames | undefined {
  const certificate = old && parseCertificate(old);
  const before = certificate && readNameConstraints(certificate.raw);
  if (certificate !== undefined && before === undefined) return undefined;
  const own = canonicalName(hostname());
  const usual = permitAlso(DEVELOPMENT_NAMES, own === undefined ? [] : [own]);
  const single = before?.networks.filter((network) => !usual.networks.includes(network)) ?? [];
  const widened = permitAlso(usual, [...(before?.domains ?? []), ...names]);
  return { domains: widened.domains, networks: [...new Set([...widened.networks, ...single])] };
}

/** Says whose authority it is in a browser's list; at most 64 characters (RFC 5280 appendix A.1). */
function authorityName(): string {
  const frame = 'tlsfront development authority ()';
  const owner = `${userName()}@${hostname()}`;
  return frame.replace('()', `(${owner.slice(0, 64 - frame.length)})`);
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    // A container's user often has no entry in the password file.
    return `uid-${process.getuid?.() ?? 'unknown'}`;
  }
}

async function findLeaf(
  store: Store,
  authority: KeyPairPem,
  names: readonly string[],
  now: Date,
): Promise<KeyPairPem | undefined> {
  const bytes = await store.get(leafKey(names));
  const certificate = bytes && parseCertificate(bytes);
  if (bytes === undefined || certificate === undefined || !fits(certificate, bytes)) return undefined;
  if (!certificate.verify(new X509Certificate(authority.certPem).publicKey)) return undefined;
  const start = Date.parse(certificate.validFrom);
  const end = Date.parse(certificate.validTo);
  if (start > now.getTime() || end - now.getTime() < (end - start) / 3) return undefined;
  const keyPem = createPrivateKey(bytes).export({ type: 'pkcs8', format: 'pem' }).toString();
  return { certPem: certificate.toString(), keyPem };
}

/** One leaf for each set of names, so that two fronts with different hosts do not take turns replacing one file. */
function leafKey(names: readonly string[]): string {
  const digest = createHash('sha256')
    .update([...names].sort().join('\n'))
    .digest('hex');
  return `${LEAF_PREFIX}${digest.slice(0, 16)}.pem`;
}

/** Hosts come and go; what no longer serves is not kept. */
async function deleteExpiredLeaves(store: Store, now: Date): Promise<void> {
  for (const key of await store.list(LEAF_PREFIX)) {
    const bytes = await store.get(key);
    const certificate = bytes && parseCertificate(bytes);
    if (certificate === undefined || Date.parse(certificate.validTo) <= now.getTime()) {
      await store.delete(key);
    }
  }
}

function parseCertificate(pem: Buffer): X509Certificate | undefined {
  try {
    return new X509Certificate(pem);
  } catch {
    return undefined;
  }
}

function fits(certificate: X509Certificate, keyPem: Buffer): boolean {
  try {
    return certificate.checkPrivateKey(createPrivateKey(keyPem));
  } catch {
    return false;
  }
}
