/** The leaves of the development authority: one for each set of names, kept, and renewed in time. */
import { createHash, createPrivateKey, X509Certificate } from 'node:crypto';
import { pemOfKey } from '../formats/pem-text.js';
import { requireNames } from '../host-names.js';
import type { LocalStore, Store } from '../store/store.js';
import { fits, parseCertificate } from '../store/stored-pair.js';
import {
  AUTHORITY_CERT_KEY,
  AUTHORITY_LOCK,
  createAuthority,
  ensureAuthority,
  findAuthority,
  requirePermitted,
} from './authority.js';
import type { KeyPairPem } from './x509-issuer.js';
import { issueLeaf } from './x509-issuer.js';

const LEAF_PREFIX = 'development/leaf-';
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
  return store.withLock(AUTHORITY_LOCK, () => issueUnderLock(store, wanted, now));
}

/** A leaf for names that somebody on the way has asked for: it is kept nowhere, so that nobody can fill the disk with them. */
export async function issuePassingLeaf(
  store: LocalStore,
  names: readonly string[],
  now: Date,
): Promise<Pick<DevelopmentLeaf, 'chainPem' | 'keyPem' | 'names'>> {
  const wanted = requireNames(names);
  const authority = await ensureAuthority(store, wanted, now);
  const { certPem, keyPem } = await issueLeaf(authority, wanted, { now, validDays: LEAF_DAYS });
  return { chainPem: certPem, keyPem, names: wanted };
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
  const keyPem = pemOfKey(createPrivateKey(bytes));
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
