/** The account at the authority: one key for each directory, made at the first order and kept. */

import { createPrivateKey } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { AcmeConfig } from '../../shared/config/acme.js';
import { FrontError } from '../../shared/errors.js';
import { newEcdsaKey } from '../development/x509-issuer.js';
import { pemOfKey } from '../formats/pem-text.js';
import { fileFailure } from '../store/file-failure.js';
import type { Store } from '../store/store.js';
import { Authority } from './protocol/authority.js';
import { AccountKey } from './protocol/jws.js';
import { AcmeError } from './protocol/problem.js';
import type { ProxyEnvironment } from './protocol/proxy.js';
import type { AuthorityKeys } from './stored-certificate.js';

/** What is kept of an account. */
export interface KnownAccount {
  readonly url: string;
  readonly email: string;
}

/** What was read from files that only root may read, once, at the start. */
export interface AcmeSecrets {
  readonly caPem: string | null;
  readonly accountBinding: { readonly keyId: string; readonly hmacKey: string } | null;
}

/** @throws FrontError config_invalid when a file cannot be used */
export async function readAcmeSecrets({
  caFile,
  accountBinding,
}: Pick<AcmeConfig, 'caFile' | 'accountBinding'>): Promise<AcmeSecrets> {
  return {
    caPem: caFile === null ? null : await readRoots(caFile),
    accountBinding:
      accountBinding === null
        ? null
        : { keyId: accountBinding.keyId, hmacKey: await readBindingKey(accountBinding.keyFile) },
  };
}

async function readText(flag: string, file: string): Promise<string> {
  try {
    return await readFile(file, 'latin1');
  } catch (cause) {
    throw new FrontError('config_invalid', `${flag} ${file}: ${fileFailure(cause)}`, {
      hint: 'check the path and who may read it',
      cause,
    });
  }
}

async function readRoots(file: string): Promise<string> {
  const text = await readText('--acme-ca', file);
  if (/-----BEGIN CERTIFICATE-----[\s\S]+-----END CERTIFICATE-----/.test(text)) return text;
  throw new FrontError('config_invalid', `--acme-ca ${file}: there is no certificate in it`, {
    hint: 'give the root certificate of the private authority in PEM form',
  });
}

async function readBindingKey(file: string): Promise<string> {
  const [first = ''] = (await readText('--acme-eab-key-file', file)).split('\n');
  const key = first.trim();
  // Shorter keys than the hash's are no keys (RFC 7518 §3.2); some authorities give padded base64.
  if (/^[A-Za-z0-9_+/-]+={0,2}$/.test(key) && Buffer.from(key, 'base64').length >= 16) return key;
  throw new FrontError(
    'config_invalid',
    `--acme-eab-key-file ${file}: its first line is no key in base64url`,
    {
      hint: 'write the key that the authority gave for the external account alone into the first line',
    },
  );
}

/** How the account is found and made. */
export interface AccountParts {
  readonly config: AcmeConfig;
  /** Of the authority whose account it is. */
  readonly directory: string;
  readonly environment: ProxyEnvironment;
  readonly secrets: AcmeSecrets;
  readonly store: Store;
  readonly keys: AuthorityKeys;
  readonly userAgent: string;
  readonly signal: AbortSignal;
  /** Tells that an account was made. */
  onRegistered(terms: string | null): void;
}

/**
 * A connection with this front's account, which is registered where it is not yet.
 * @throws AcmeError when the authority does not take it
 */
export async function openAccount(parts: AccountParts): Promise<Authority> {
  const { store, keys, config, directory, environment, secrets, userAgent, signal } = parts;
  return store.withLock(keys.account, async () => {
    const accountKeyPem = await ensureKey(store, keys);
    const known = await readAccount(store, keys);
    const authority = new Authority(
      {
        directory,
        environment,
        caPem: secrets.caPem,
        userAgent,
        accountKeyPem,
        accountUrl: known?.url ?? null,
        accountBinding: secrets.accountBinding,
        signal,
      },
      config.email,
    );
    if (known?.email === config.email) return authority;
    const url = known?.url ?? (await authority.register(config.email));
    if (known === null) parts.onRegistered(await authority.terms());
    else await authority.changeContact(config.email);
    await store.put(keys.account, `${JSON.stringify({ url, email: config.email }, null, 2)}\n`);
    return authority;
  });
}

/** Forgets the account's URL, not its key: the authority says it does not know it. */
export async function forgetAccount(store: Store, keys: AuthorityKeys): Promise<void> {
  await store.delete(keys.account);
}

/** Forgets account and key: the authority has deactivated it, and the key is of no use any more (RFC 8555 §7.3.6). */
export async function retireAccount(store: Store, keys: AuthorityKeys): Promise<void> {
  await store.delete(keys.account);
  await store.delete(keys.accountKey);
}

/** Opens a connection with a key of the account. */
export type OpenWithKey = (accountKeyPem: string) => Authority;

/**
 * Gives the account another key. The new one is kept before the authority is told: a change that is cut short at any moment is
 * finished by the next call. @throws AcmeError when the authority refuses; the old key is in force then
 */
export async function rollOverKey(
  store: Store,
  keys: AuthorityKeys,
  account: KnownAccount,
  open: OpenWithKey,
) {
  await store.withLock(keys.account, async () => {
    const begun = await store.get(keys.nextAccountKey);
    const next = begun?.toString() ?? pemOfKey(newEcdsaKey());
    if (begun === undefined) await store.put(keys.nextAccountKey, next);
    // An earlier call may have been cut short after the authority had agreed.
    const isChanged = begun !== undefined && (await open(next).findAccount()) === account.url;
    if (!isChanged) await open(await ensureKey(store, keys)).changeKey(next);
    await store.put(keys.accountKey, next);
    await store.delete(keys.nextAccountKey);
  });
}

async function ensureKey(store: Store, keys: AuthorityKeys): Promise<string> {
  const bytes = await store.get(keys.accountKey);
  if (bytes === undefined) {
    const pem = pemOfKey(newEcdsaKey());
    await store.put(keys.accountKey, pem);
    return pem;
  }
  try {
    const pem = pemOfKey(createPrivateKey(bytes));
    new AccountKey(pem);
    return pem;
  } catch (cause) {
    throw new AcmeError(
      `the key of the ACME account cannot be read (${keys.accountKey} in the data folder)`,
      'put it back from a backup; or remove it, then a new account is made',
      { cause },
    );
  }
}

/** The account as it is kept; null when there is none. */
export async function readAccount(store: Store, keys: AuthorityKeys): Promise<KnownAccount | null> {
  const bytes = await store.get(keys.account);
  if (bytes === undefined) return null;
  try {
    const value: unknown = JSON.parse(bytes.toString());
    return isKnownAccount(value) ? value : null;
  } catch {
    // Found again by its key.
    return null;
  }
}

function isKnownAccount(value: unknown): value is KnownAccount {
  return (
    typeof value === 'object' &&
    value !== null &&
    'url' in value &&
    typeof value.url === 'string' &&
    value.url.startsWith('https://') &&
    'email' in value &&
    typeof value.email === 'string'
  );
}
