/** `tlsfront ca install|uninstall|status|show`: the development authority and who trusts it. */
import { spawn } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { homedir } from 'node:os';
import { createInterface } from 'node:readline/promises';
import { dataFolder } from '../certificates/data-folder.js';
import {
  AUTHORITY_CERT_KEY,
  ensureAuthority,
  ensureDevelopmentLeaf,
  findAuthority,
  permittedBy,
  widenAuthority,
} from '../certificates/development-authority.js';
import { openFileStore } from '../certificates/file-store.js';
import { shellWord } from '../certificates/findings.js';
import { requireNames } from '../certificates/names.js';
import type { LocalStore } from '../certificates/store.js';
import { tryClients } from '../certificates/trust/client-trials.js';
import { programStores } from '../certificates/trust/program-stores.js';
import { systemStores } from '../certificates/trust/system-stores.js';
import { thisMachine } from '../certificates/trust/this-machine.js';
import type {
  AuthorityRef,
  FoundStores,
  Machine,
  Step,
  TrustStore,
} from '../certificates/trust/trust-store.js';
import { type CommandIo, paint, printWarning, usesColour } from '../contract/console.js';
import { FrontError } from '../contract/errors.js';

/** Options of `install` and `uninstall`. */
export interface CaChangeOptions {
  /** Do not ask before root's rights are used. */
  readonly yes?: boolean;
  /** Say what would be run, and run nothing. */
  readonly dryRun?: boolean;
  /** Leave out the stores that need root's rights. */
  readonly userOnly?: boolean;
}

/** Options of `install` alone. */
export interface CaInstallOptions extends CaChangeOptions {
  /** Further names that the authority shall vouch for. */
  readonly permit?: readonly string[];
  /** It shall vouch for every name. */
  readonly permitAll?: boolean;
}

function openStore({ environment }: CommandIo): LocalStore {
  return openFileStore(dataFolder({ platform: process.platform, home: homedir(), environment }));
}

function findStores(machine: Machine): FoundStores {
  const { stores, unusable } = programStores(machine);
  return { stores: [...systemStores(machine), ...stores], unusable };
}

function referTo(store: LocalStore, pem: string): AuthorityRef {
  const { fingerprint, fingerprint256 } = new X509Certificate(pem);
  return {
    file: store.pathOf(AUTHORITY_CERT_KEY),
    pem,
    sha1: fingerprint.replaceAll(':', '').toLowerCase(),
    nickname: `tlsfront-${fingerprint256.replaceAll(':', '').slice(0, 16).toLowerCase()}`,
  };
}

/** Puts the authority into every store of this machine. @returns 0 all have it, 1 some have not */
export async function runCaInstall(options: CaInstallOptions, io: CommandIo): Promise<number> {
  const store = openStore(io);
  const machine = thisMachine(homedir(), io.environment);
  const { stores, unusable } = findStores(machine);
  await widen(store, options, io);
  const authority = referTo(store, (await ensureAuthority(store, [], new Date())).certPem);
  // Those that it replaced need not be trusted any longer.
  await takeOutReplaced(store, stores, options, io);
  for (const { name, reason, hint } of unusable) printWarning(io, `${name}: ${reason}; ${hint}`);
  const code = await changeStores(stores, authority, 'install', options, io);
  io.stdout.write(`for Node: export NODE_EXTRA_CA_CERTS=${shellWord(authority.file)}\n`);
  return unusable.length > 0 ? 1 : code;
}

/** Takes the authority, and those it replaced, out of every store. @returns 0 none has it, 1 some have it still */
export async function runCaUninstall(options: CaChangeOptions, io: CommandIo): Promise<number> {
  const store = openStore(io);
  const { stores } = findStores(thisMachine(homedir(), io.environment));
  const pem = (await store.get(AUTHORITY_CERT_KEY))?.toString();
  const code =
    pem === undefined ? 0 : await changeStores(stores, referTo(store, pem), 'uninstall', options, io);
  return Math.max(code, await takeOutReplaced(store, stores, options, io));
}

async function widen(
  store: LocalStore,
  { permit = [], permitAll = false, dryRun = false }: CaInstallOptions,
  io: CommandIo,
): Promise<void> {
  const names = requireNames(permit);
  if (names.length === 0 && !permitAll) return;
  if (dryRun) {
    io.stdout.write('a new authority would be made if this one may not vouch for these names\n');
    return;
  }
  const isNew = await widenAuthority(store, permitAll ? null : names, new Date());
  const whom = permitAll ? 'every name' : names.join(', ');
  io.stdout.write(isNew ? `a new authority was made, for ${whom} too\n` : `${whom}: permitted already\n`);
}

async function takeOutReplaced(
  store: LocalStore,
  stores: readonly TrustStore[],
  options: CaChangeOptions,
  io: CommandIo,
): Promise<number> {
  let code = 0;
  for (const key of await store.list('development/replaced/')) {
    const pem = (await store.get(key))?.toString();
    if (pem === undefined) continue;
    const authority = { ...referTo(store, pem), file: store.pathOf(key) };
    const having: TrustStore[] = [];
    for (const each of stores) if (await each.isTrusted(authority)) having.push(each);
    code = Math.max(code, await changeStores(having, authority, 'uninstall', options, io));
  }
  return code;
}

async function changeStores(
  stores: readonly TrustStore[],
  authority: AuthorityRef,
  change: 'install' | 'uninstall',
  { yes = false, dryRun = false, userOnly = false }: CaChangeOptions,
  io: CommandIo,
): Promise<number> {
  const isRoot = process.getuid?.() === 0;
  const wanted = change === 'install';
  let code = 0;
  for (const store of stores) {
    if ((await store.isTrusted(authority)) === wanted) {
      io.stdout.write(`${store.name}: nothing to do\n`);
      continue;
    }
    const steps = wanted ? store.installSteps(authority) : store.uninstallSteps(authority);
    const ofRoot = steps.some(({ asRoot }) => asRoot);
    if (ofRoot && userOnly) continue;
    const needsRoot = ofRoot && !isRoot;
    const lines = steps.map((step) => commandLine(step, isRoot));
    io.stdout.write(`${store.name}:\n${lines.map((line) => `  ${line}\n`).join('')}`);
    if (dryRun) continue;
    if (needsRoot && !yes) await askForRoot(lines);
    for (const step of steps) await runStep(step, isRoot, io);
    if ((await store.isTrusted(authority)) !== wanted) {
      printWarning(io, `${store.name} is as it was before`);
      code = 1;
    }
  }
  return code;
}

function commandLine({ argv, asRoot }: Step, isRoot: boolean): string {
  return [...(asRoot && !isRoot ? ['sudo'] : []), ...argv].map(shellWord).join(' ');
}

/** @throws FrontError config_usage when nobody can be asked, or says no */
async function askForRoot(lines: readonly string[]): Promise<void> {
  if (!process.stdin.isTTY) {
    throw new FrontError('config_usage', 'this needs root, and there is nobody to ask', {
      hint: `run it in a terminal, give --yes, or run: ${lines.join(' && ')}`,
    });
  }
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await terminal.question('run this as root? [y/N] ');
  terminal.close();
  if (/^y(?:es)?$/i.test(answer.trim())) return;
  throw new FrontError('config_usage', 'nothing was run as root', {
    hint: 'see what it does with --dry-run',
  });
}

function runStep({ argv, asRoot }: Step, isRoot: boolean, io: CommandIo): Promise<void> {
  const [program, ...rest] = asRoot && !isRoot ? ['sudo', ...argv] : argv;
  return new Promise((resolve, reject) => {
    const child = spawn(program ?? '', rest, { env: io.environment, stdio: ['inherit', 'ignore', 'pipe'] });
    let complaint = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      complaint += text;
    });
    child.once('error', (cause) => {
      reject(new FrontError('internal', `${program} cannot be run: ${cause.message}`, { cause }));
    });
    child.once('close', (status) => {
      if (status === 0) return resolve();
      const [reason = ''] = complaint.trim().split('\n').slice(-1);
      reject(
        new FrontError('internal', `${program} ended with ${status}: ${reason}`, {
          hint: 'run it by hand to see more',
        }),
      );
    });
  });
}

/** Says which stores have the authority, and which clients trust it when they are tried. @returns 0 all do, 1 not all */
export async function runCaStatus(_options: object, io: CommandIo): Promise<number> {
  const store = openStore(io);
  const found = await findAuthority(store, new Date());
  if (found.authority === undefined) {
    throw new FrontError('internal', found.problem ?? 'there is no development authority yet', {
      hint: 'tlsfront ca install makes one',
    });
  }
  const authority = referTo(store, found.authority.certPem);
  const machine = thisMachine(homedir(), io.environment);
  const { stores, unusable } = findStores(machine);
  const rows: { name: string; ok: boolean; text: string }[] = [];
  for (const each of stores) {
    const ok = await each.isTrusted(authority);
    rows.push({ name: each.name, ok, text: ok ? 'installed' : 'not installed' });
  }
  for (const { name, reason } of unusable) rows.push({ name, ok: false, text: reason });
  const leaf = await ensureDevelopmentLeaf(store, [], new Date());
  for (const { name, trusts } of await tryClients(machine, { certPem: leaf.chainPem, keyPem: leaf.keyPem })) {
    rows.push({
      name,
      ok: trusts,
      text: trusts ? 'trusts https://localhost' : 'does not trust https://localhost',
    });
  }
  const coloured = usesColour(io.stdout, io.environment);
  const width = Math.max(...rows.map(({ name }) => name.length));
  for (const { name, ok, text } of rows) {
    const mark = ok ? paint('✓', 'green', coloured) : paint('✗', 'red', coloured);
    io.stdout.write(`${mark} ${name.padEnd(width)}  ${text}\n`);
  }
  io.stdout.write(`for Node: export NODE_EXTRA_CA_CERTS=${shellWord(authority.file)}\n`);
  io.stdout.write('for containers and other machines: tlsfront ca show --pem\n');
  return rows.every(({ ok }) => ok) ? 0 : 1;
}

/** Shows the authority, or its certificate alone. @returns 0, or 1 when there is none */
export async function runCaShow({ pem = false }: { readonly pem?: boolean }, io: CommandIo): Promise<number> {
  const store = openStore(io);
  const { authority, problem } = await findAuthority(store, new Date());
  if (authority === undefined) {
    throw new FrontError('internal', problem ?? 'there is no development authority yet', {
      hint: 'tlsfront ca install makes one',
    });
  }
  if (pem) {
    io.stdout.write(authority.certPem);
    return 0;
  }
  const { subject, validTo, fingerprint256 } = new X509Certificate(authority.certPem);
  const until = new Date(validTo).toISOString().slice(0, 10);
  const name = subject.split('\n').at(-1)?.replace(/^CN=/, '') ?? subject;
  io.stdout.write(`${name}\nfile: ${store.pathOf(AUTHORITY_CERT_KEY)}\nvalid until: ${until}\n`);
  io.stdout.write(`SHA-256: ${fingerprint256}\n`);
  const permitted = permittedBy(authority);
  const forWhom =
    permitted === undefined ? 'every name' : [...permitted.domains, ...permitted.networks].join(', ');
  io.stdout.write(`vouches for: ${forWhom}\n`);
  return 0;
}
