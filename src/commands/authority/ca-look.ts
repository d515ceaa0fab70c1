/** `tlsfront ca status|show`: looks at the development authority and at who trusts it, and changes nothing. */
import { X509Certificate } from 'node:crypto';
import { homedir } from 'node:os';
import {
  AUTHORITY_CERT_KEY,
  ensureAuthority,
  findAuthority,
  permittedBy,
} from '../../certificates/development/authority.js';
import { ensureDevelopmentLeaf } from '../../certificates/development/leaf.js';
import { shellWord } from '../../certificates/findings.js';
import { openLocalStore } from '../../certificates/store/local-store.js';
import { rehearse } from '../../certificates/store/rehearsal.js';
import { referTo } from '../../certificates/trust/authority-ref.js';
import { browserStores } from '../../certificates/trust/browser-stores.js';
import { type ClientTrial, tryClients } from '../../certificates/trust/client-trials.js';
import { javaStores } from '../../certificates/trust/java-store.js';
import { systemStores } from '../../certificates/trust/system-stores.js';
import { thisMachine } from '../../certificates/trust/this-machine.js';
import type { FoundStores, Holding, Machine } from '../../certificates/trust/trust-store.js';
import { FrontError } from '../../shared/errors.js';
import { type CommandIo, paint, usesColour } from '../../terminal/console.js';

/** Every store of the system and its programs: first what is quick and needs no root, last what the system's may bring along. */
export function findStores(machine: Machine): FoundStores {
  const { stores, unusable } = browserStores(machine);
  return { stores: [...stores, ...systemStores(machine), ...javaStores(machine)], unusable };
}

/** The names of the stores that have the authority, and of those that could have it. */
export async function compareStores(
  io: CommandIo,
): Promise<{ readonly having: readonly string[]; readonly lacking: readonly string[] }> {
  const store = openLocalStore(io.environment);
  const authority = referTo(
    store.pathOf(AUTHORITY_CERT_KEY),
    (await ensureAuthority(store, [], new Date())).certPem,
  );
  const having: string[] = [];
  const lacking: string[] = [];
  for (const each of findStores(thisMachine(homedir(), io.environment)).stores) {
    ((await each.holding(authority)) === 'all' ? having : lacking).push(each.name);
  }
  return { having, lacking };
}

/** A store or client, and whether it trusts. */
export interface StatusRow {
  readonly name: string;
  /** Undefined: it was not tried, which is neither success nor failure. */
  readonly ok: boolean | undefined;
  readonly text: string;
  /** What to do where `ok` is false. */
  readonly cure?: string;
}

const INSTALL = 'tlsfront ca install';

/** Node reads no store of the system: it is told of the authority by a variable. */
function cureOf(client: string, file: string): string {
  return client === 'Node' ? `export NODE_EXTRA_CA_CERTS=${shellWord(file)}` : INSTALL;
}

function describeTrial({ name, outcome, reason }: ClientTrial, file: string): StatusRow {
  const beside = reason === undefined ? '' : ` (${reason})`;
  switch (outcome) {
    case 'trusts':
      return { name, ok: true, text: `trusts https://localhost${beside}` };
    case 'refuses':
      return { name, ok: false, text: `does not trust https://localhost${beside}`, cure: cureOf(name, file) };
    case 'failed':
      return { name, ok: false, text: reason ?? 'failed', cure: INSTALL };
    case 'untried':
      return { name, ok: undefined, text: `not tried: ${reason}` };
  }
}

const HOLDING_WORDS: Readonly<Record<Holding, string>> = {
  all: 'installed',
  part: 'installed in part: tlsfront ca install does the rest',
  none: 'not installed',
};

const NO_AUTHORITY = 'there is no development authority yet';

/** Which stores have the authority, and which clients trust it when they are tried; a text where there is no authority. */
export async function examineTrust(io: CommandIo): Promise<readonly StatusRow[] | string> {
  const store = openLocalStore(io.environment);
  const found = await findAuthority(store, new Date());
  if (found.authority === undefined) return found.problem ?? NO_AUTHORITY;
  const file = store.pathOf(AUTHORITY_CERT_KEY);
  const authority = referTo(file, found.authority.certPem);
  const machine = thisMachine(homedir(), io.environment);
  const { stores, unusable } = findStores(machine);
  const rows: StatusRow[] = [];
  for (const each of stores) {
    const holding = await each.holding(authority);
    const text = HOLDING_WORDS[holding];
    rows.push(
      holding === 'all'
        ? { name: each.name, ok: true, text }
        : { name: each.name, ok: false, text, cure: INSTALL },
    );
  }
  for (const { name, reason } of unusable) rows.push({ name, ok: false, text: reason, cure: INSTALL });
  // Looking writes nothing: a leaf for the trial is made for the trial alone.
  const leaf = await ensureDevelopmentLeaf(rehearse(store), [], new Date());
  const trials = await tryClients(machine, { certPem: leaf.chainPem, keyPem: leaf.keyPem });
  return [...rows, ...trials.map((trial) => describeTrial(trial, file))];
}

/** Says which stores have the authority, and which clients trust it when they are tried. @returns 0 all do, 1 not all */
export async function runCaStatus(_options: object, io: CommandIo): Promise<number> {
  const rows = await examineTrust(io);
  if (typeof rows === 'string')
    throw new FrontError('internal', rows, { hint: 'tlsfront ca install makes one' });
  const file = openLocalStore(io.environment).pathOf(AUTHORITY_CERT_KEY);
  const coloured = usesColour(io.stdout, io.environment);
  const width = Math.max(...rows.map(({ name }) => name.length));
  for (const { name, ok, text } of rows) {
    const passed = ok ? paint('✓', 'green', coloured) : paint('✗', 'red', coloured);
    const mark = ok === undefined ? '-' : passed;
    io.stdout.write(`${mark} ${name.padEnd(width)}  ${text}\n`);
  }
  io.stdout.write(`for Node: export NODE_EXTRA_CA_CERTS=${shellWord(file)}\n`);
  io.stdout.write('for containers and other machines: tlsfront ca show --pem\n');
  return rows.every(({ ok }) => ok !== false) ? 0 : 1;
}

/** Shows the authority, or its certificate alone. @returns 0, or 1 when there is none */
export async function runCaShow({ pem = false }: { readonly pem?: boolean }, io: CommandIo): Promise<number> {
  const store = openLocalStore(io.environment);
  const { authority, problem } = await findAuthority(store, new Date());
  if (authority === undefined) {
    throw new FrontError('internal', problem ?? NO_AUTHORITY, {
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
