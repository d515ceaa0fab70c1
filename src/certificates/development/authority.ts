/** The development authority: made once for each user, and what it may vouch for. */
import { createHash, X509Certificate } from 'node:crypto';
import { hostname, userInfo } from 'node:os';
import { FrontError } from '../../shared/errors.js';
import { canonicalName } from '../host-names.js';
import type { LocalStore, Store } from '../store/store.js';
import { fits, parseCertificate } from '../store/stored-pair.js';
import {
  DEVELOPMENT_NAMES,
  isPermitted,
  type PermittedNames,
  permitAlso,
  readNameConstraints,
} from './name-constraints.js';
import type { KeyPairPem } from './x509-issuer.js';
import { DAY_MS, issueCertificate } from './x509-issuer.js';

export const AUTHORITY_CERT_KEY = 'development/authority.pem';
export const AUTHORITY_KEY_KEY = 'development/authority.key';
/** Held by whoever makes an authority or a leaf. */
export const AUTHORITY_LOCK = 'development/authority';
const AUTHORITY_DAYS = 3652;

interface FoundAuthority {
  readonly authority: KeyPairPem | undefined;
  /** Why an authority that once existed cannot be used; absent when there never was one. */
  readonly problem?: string;
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
  return store.withLock(AUTHORITY_LOCK, async () => {
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
  return store.withLock(AUTHORITY_LOCK, async () => {
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

/** The authority, where it may vouch for all the names. @throws FrontError config_invalid when it may not */
export function requirePermitted(authority: KeyPairPem, names: readonly string[]): KeyPairPem {
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
export async function createAuthority(
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
