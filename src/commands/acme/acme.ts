/** `tlsfront acme`: what the data folder holds of ACME, and the requests that a person makes of an authority. */
import { X509Certificate } from 'node:crypto';
import {
  type OpenWithKey,
  readAccount,
  readAcmeSecrets,
  retireAccount,
  rollOverKey,
} from '../../certificates/acme/account.js';
import { recallFailures, requestRenewal } from '../../certificates/acme/name-memory.js';
import { Authority } from '../../certificates/acme/protocol/authority.js';
import { AcmeError } from '../../certificates/acme/protocol/problem.js';
import {
  type AuthorityKeys,
  keysOf,
  listAuthorities,
  readStoredCertificate,
} from '../../certificates/acme/stored-certificate.js';
import { openLocalStore } from '../../certificates/store/local-store.js';
import type { LocalStore } from '../../certificates/store/store.js';
import { PRODUCTION_DIRECTORY, STAGING_DIRECTORY } from '../../options/groups/acme.js';
import { dayOf } from '../../shared/day.js';
import { FrontError } from '../../shared/errors.js';
import { type CommandIo, EXIT_SUCCESS } from '../../terminal/console.js';

/** Which authority is meant. */
export interface AuthorityChoice {
  readonly acmeDirectory?: string;
  readonly acmeCa?: string;
}

/** Every account and certificate, each with its file. @returns the exit code */
export async function runAcmeStatus(io: CommandIo): Promise<number> {
  const store = openLocalStore(io.environment);
  const authorities = await listAuthorities(store);
  if (authorities.length === 0) {
    io.stdout.write(
      'no authority has been asked yet: add --acme EMAIL and --host NAME to the command line\n',
    );
    return EXIT_SUCCESS;
  }
  for (const { keys, names, onDemand } of authorities) {
    const account = await readAccount(store, keys);
    io.stdout.write(`${keys.folder.slice('acme/'.length)}\n`);
    io.stdout.write(
      account === null
        ? '  no account\n'
        : `  account ${account.url} of ${account.email}: ${store.pathOf(keys.account)}, ${store.pathOf(keys.accountKey)}\n`,
    );
    for (const name of names) {
      const how = onDemand.includes(name) ? '; ordered at its first handshake' : '';
      io.stdout.write(`  ${await describe(store, keys, name)}${how}\n`);
    }
  }
  return EXIT_SUCCESS;
}

async function describe(store: LocalStore, keys: AuthorityKeys, name: string): Promise<string> {
  const stored = await readStoredCertificate(store, keys, name);
  const { failures, nextMs } = await recallFailures(store, keys, name, Date.now());
  const file = store.pathOf(keys.certificate(name));
  const held =
    stored === undefined
      ? 'no certificate'
      : `certificate ${stored.endMs > Date.now() ? 'until' : 'expired on'} ${dayOf(stored.endMs)}: ${file}`;
  const failed = failures === 0 ? '' : `; ${failures} failed, next attempt ${new Date(nextMs).toISOString()}`;
  return `${name}: ${held}${failed}`;
}

/** The authorities of the data folder that hold a certificate of the name. @throws FrontError when there is none */
async function holdersOf(store: LocalStore, name: string): Promise<readonly AuthorityKeys[]> {
  const authorities = await listAuthorities(store);
  const holders = authorities.filter(({ names }) => names.includes(name)).map(({ keys }) => keys);
  if (holders.length > 0) return holders;
  const known = [...new Set(authorities.flatMap(({ names }) => names))];
  throw new FrontError('config_invalid', `${name}: there is no certificate of ACME for it`, {
    hint: known.length === 0 ? 'tlsfront acme status says what there is' : `there are: ${known.join(', ')}`,
  });
}

/** Leaves word for the front that orders. @returns the exit code */
export async function runAcmeRenew(name: string, io: CommandIo): Promise<number> {
  const store = openLocalStore(io.environment);
  for (const keys of await holdersOf(store, name)) await requestRenewal(store, keys, name);
  io.stdout.write(
    `${name}: the front that uses this data folder orders a new certificate within five minutes\n`,
  );
  return EXIT_SUCCESS;
}

/** @returns the exit code @throws FrontError when the authority refuses */
export async function runAcmeRevoke(name: string, choice: AuthorityChoice, io: CommandIo): Promise<number> {
  const store = openLocalStore(io.environment);
  await holdersOf(store, name);
  const keys = keysOf(directoryOf(choice));
  const stored = await readStoredCertificate(store, keys, name);
  if (stored === undefined) {
    throw new FrontError('config_invalid', `${name}: its certificate is of another authority`, {
      hint: 'name that one with --acme-directory; tlsfront acme status says which',
    });
  }
  const authority = await openAuthority(store, keys, choice, io);
  await told(authority.revoke(new X509Certificate(stored.chainPem).raw));
  await requestRenewal(store, keys, name);
  io.stdout.write(`${name}: revoked; a front that runs orders another within five minutes\n`);
  return EXIT_SUCCESS;
}

/** @returns the exit code @throws FrontError when the authority refuses */
export async function runAcmeDeactivate(choice: AuthorityChoice, io: CommandIo): Promise<number> {
  const store = openLocalStore(io.environment);
  const keys = keysOf(directoryOf(choice));
  const authority = await openAuthority(store, keys, choice, io);
  await told(authority.deactivateAccount());
  await retireAccount(store, keys);
  io.stdout.write('the account is deactivated and its files are removed; certificates stay as they are\n');
  return EXIT_SUCCESS;
}

/** @returns the exit code @throws FrontError when the authority refuses */
export async function runAcmeRollover(choice: AuthorityChoice, io: CommandIo): Promise<number> {
  const store = openLocalStore(io.environment);
  const keys = keysOf(directoryOf(choice));
  const { account, open } = await accountAt(store, keys, choice, io);
  await told(rollOverKey(store, keys, account, open));
  io.stdout.write(`the account has a new key: ${store.pathOf(keys.accountKey)}\n`);
  return EXIT_SUCCESS;
}

function directoryOf({ acmeDirectory = PRODUCTION_DIRECTORY }: AuthorityChoice): string {
  if (acmeDirectory === 'staging') return STAGING_DIRECTORY;
  if (URL.canParse(acmeDirectory) && acmeDirectory.startsWith('https://')) return new URL(acmeDirectory).href;
  throw new FrontError('config_invalid', `--acme-directory ${acmeDirectory}: not an https URL`, {
    hint: "write the URL of the authority's directory, or staging",
  });
}

async function openAuthority(
  store: LocalStore,
  keys: AuthorityKeys,
  choice: AuthorityChoice,
  io: CommandIo,
): Promise<Authority> {
  const { accountKeyPem, open } = await accountAt(store, keys, choice, io);
  return open(accountKeyPem);
}

/** The account there, and how it is spoken for by a key. @throws FrontError when there is none */
async function accountAt(store: LocalStore, keys: AuthorityKeys, choice: AuthorityChoice, io: CommandIo) {
  const account = await readAccount(store, keys);
  const accountKey = await store.get(keys.accountKey);
  if (account === null || accountKey === undefined) {
    throw new FrontError('config_invalid', `there is no account at ${new URL(directoryOf(choice)).host}`, {
      hint: 'tlsfront acme status says where there is one',
    });
  }
  const { caPem } = await readAcmeSecrets({ caFile: choice.acmeCa ?? null, accountBinding: null });
  const open: OpenWithKey = (accountKeyPem) =>
    new Authority(
      {
        directory: directoryOf(choice),
        caPem,
        userAgent: 'tlsfront',
        environment: io.environment,
        signal: new AbortController().signal,
        accountKeyPem,
        accountUrl: account.url,
        accountBinding: null,
      },
      account.email,
    );
  return { account, accountKeyPem: accountKey.toString(), open };
}

async function told(work: Promise<void>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!(error instanceof AcmeError)) throw error;
    throw new FrontError('internal', error.message, {
      ...(error.hint === null ? {} : { hint: error.hint }),
      cause: error,
    });
  }
}
