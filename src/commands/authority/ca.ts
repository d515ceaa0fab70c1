import { homedir } from 'node:os';
import {
  AUTHORITY_CERT_KEY,
  ensureAuthority,
  widenAuthority,
} from '../../certificates/development/authority.js';
import { forgetTrusted, noteTrusted } from '../../certificates/development/trusted-mark.js';
import { shellWord } from '../../certificates/findings.js';
import { requireNames } from '../../certificates/host-names.js';
import { openLocalStore } from '../../certificates/store/local-store.js';
import { rehearse } from '../../certificates/store/rehearsal.js';
import type { LocalStore } from '../../certificates/store/store.js';
import { referTo } from '../../certificates/trust/authority-ref.js';

import { thisMachine } from '../../certificates/trust/this-machine.js';
import type { AuthorityRef, TrustStore } from '../../certificates/trust/trust-store.js';
import { type CommandIo, printWarning } from '../../terminal/console.js';
import { findStores } from './ca-look.js';
import {
  askForRoot,
  type CaChangeOptions,
  makeChanges,
  mayAsk,
  planChanges,
  type TrustChange,
  type TrustPlan,
} from './trust-change.js';

/** Options of `install` alone. */
export interface CaInstallOptions extends CaChangeOptions {
  /** Further names that the authority shall vouch for. */
  readonly permit?: readonly string[];
  /** It shall vouch for every name. */
  readonly permitAll?: boolean;
}

/** Stands in commands that are shown for the name of an authority that is not made yet. */
const PLANNED_NICKNAME = 'tlsfront-FINGERPRINT';
const PLANNED = 'the authority is made first; FINGERPRINT stands for its own:\n';
const NOTHING: TrustPlan = { changes: [], text: '' };

/** The authority that stores shall have, and what is to be done for it. */
interface Installation extends TrustPlan {
  readonly authority: AuthorityRef;
}

/** Puts the authority into every store of this machine. @returns 0 all have it, 1 some have not */
export async function runCaInstall(options: CaInstallOptions, io: CommandIo): Promise<number> {
  const store = openLocalStore(io.environment);
  const machine = thisMachine(homedir(), io.environment);
  const { stores, unusable } = findStores(machine);
  const asks = options.dryRun !== true && mayAsk(options);
  let isTold = false;
  if (options.dryRun === true || asks) {
    const { changes, text } = await planInstall(rehearse(store), stores, options, 'would be');
    if (!asks || changes.length > 0) {
      io.stdout.write(text);
      isTold = true;
    }
    if (asks) await askForRoot(changes);
  }
  for (const { name, reason, hint } of unusable) printWarning(io, `${name}: ${reason}; ${hint}`);
  let code = 0;
  if (options.dryRun !== true) {
    const { authority, changes, text } = await planInstall(store, stores, options, 'was');
    if (!isTold) io.stdout.write(text);
    try {
      code = await makeChanges(changes, asks || options.yes === true, io);
    } finally {
      // What needed no root is done even where the rest could not be.
      await reportTrusting(store, stores, authority, io);
    }
  }
  io.stdout.write(`for Node: export NODE_EXTRA_CA_CERTS=${shellWord(store.pathOf(AUTHORITY_CERT_KEY))}\n`);
  return unusable.length > 0 ? 1 : code;
}

/** Makes the authority in this store where it has to, and says what its trust takes. */
async function planInstall(
  store: LocalStore,
  stores: readonly TrustStore[],
  options: CaInstallOptions,
  made: 'was' | 'would be',
): Promise<Installation> {
  const before = (await store.get(AUTHORITY_CERT_KEY))?.toString();
  const widened = await widen(store, options, made);
  const { certPem } = await ensureAuthority(store, [], new Date());
  const isPlanned = made === 'would be' && certPem !== before;
  const authority = {
    ...referTo(store.pathOf(AUTHORITY_CERT_KEY), certPem),
    ...(isPlanned ? { nickname: PLANNED_NICKNAME } : {}),
  };
  // Those that it replaced need not be trusted any longer.
  const replaced = await planReplaced(store, stores, options);
  const { changes, text } = await planChanges(stores, authority, 'install', options, certPem !== before);
  const told = isPlanned && changes.length > 0 ? PLANNED : '';
  return {
    authority,
    changes: [...replaced.changes, ...changes],
    text: widened + told + replaced.text + text,
  };
}

async function reportTrusting(
  store: LocalStore,
  stores: readonly TrustStore[],
  authority: AuthorityRef,
  io: CommandIo,
): Promise<void> {
  const names: string[] = [];
  for (const each of stores) if ((await each.holding(authority)) === 'all') names.push(each.name);
  if (names.length === 0) return;
  await noteTrusted(store, authority.pem);
  io.stdout.write(`trusted by ${names.join(', ')}; restart browsers that are open\n`);
}

/** Takes the authority, and those it replaced, out of every store. @returns 0 none has it, 1 some have it still */
export async function runCaUninstall(options: CaChangeOptions, io: CommandIo): Promise<number> {
  const store = openLocalStore(io.environment);
  const { stores } = findStores(thisMachine(homedir(), io.environment));
  const pem = (await store.get(AUTHORITY_CERT_KEY))?.toString();
  const own =
    pem === undefined
      ? NOTHING
      : await planChanges(stores, referTo(store.pathOf(AUTHORITY_CERT_KEY), pem), 'uninstall', options);
  const replaced = await planReplaced(store, stores, options);
  const changes = [...own.changes, ...replaced.changes];
  io.stdout.write(own.text + replaced.text);
  if (options.dryRun === true) return 0;
  const asks = mayAsk(options);
  if (asks) await askForRoot(changes);
  await forgetTrusted(store);
  return makeChanges(changes, asks || options.yes === true, io);
}

/** Makes a new authority where the one that is there may not vouch for the names. @returns the words for it */
async function widen(
  store: LocalStore,
  { permit = [], permitAll = false }: CaInstallOptions,
  made: 'was' | 'would be',
): Promise<string> {
  const names = requireNames(permit);
  if (names.length === 0 && !permitAll) return '';
  const isNew = await widenAuthority(store, permitAll ? null : names, new Date());
  const whom = permitAll ? 'every name' : names.join(', ');
  return isNew ? `a new authority ${made} made, for ${whom} too\n` : `${whom}: permitted already\n`;
}

async function planReplaced(
  store: LocalStore,
  stores: readonly TrustStore[],
  options: CaChangeOptions,
): Promise<TrustPlan> {
  const changes: TrustChange[] = [];
  let text = '';
  for (const key of await store.list('development/replaced/')) {
    const pem = (await store.get(key))?.toString();
    if (pem === undefined) continue;
    const authority = referTo(store.pathOf(key), pem);
    const having: TrustStore[] = [];
    for (const each of stores) if ((await each.holding(authority)) !== 'none') having.push(each);
    const plan = await planChanges(having, authority, 'uninstall', options);
    changes.push(...plan.changes);
    text += plan.text;
  }
  return { changes, text };
}
