/** `tlsfront clean`: removes everything that was ever written for this user: trust, names, certificates, keys, state. */
import { existsSync, lstatSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileFailure } from '../certificates/store/file-failure.js';
import { openLocalStore } from '../certificates/store/local-store.js';
import { runtimeFolder } from '../control/runtime-folder.js';
import { asRootLine } from '../serving/unknown-hosts.js';
import { FrontError } from '../shared/errors.js';
import { userCodeFolder } from '../system/compiled-code.js';
import { type CommandIo, EXIT_FAILURE, EXIT_SUCCESS, printWarning } from '../terminal/console.js';
import { runCaUninstall } from './authority/ca.js';
import { namesOfOurs, runHostsRemove } from './authority/hosts.js';
import { attempt, confirm, requirePerson } from './confirm.js';
import { runningFronts } from './control/find-front.js';
import { UNIT_MARK } from './service/unit.js';
import { planPortsUndo, readOrNone } from './setup/ports.js';

/** Options of `clean`. */
export interface CleanOptions {
  /** Ask nothing. */
  readonly yes?: true;
  /** Say what would be removed, and remove nothing. */
  readonly dryRun?: true;
}

const UNITS = '/etc/systemd/system';

/**
 * Says each thing, asks once, and removes them; the authority's file stays where a store trusts it still, since without the file it
 * cannot be taken out any more.
 * @returns 0 nothing is left, 1 something is
 * @throws FrontError config_usage where a front runs, or there is nobody to ask
 */
export async function runClean({ yes, dryRun }: CleanOptions, io: CommandIo): Promise<number> {
  const running = runningFronts(io);
  if (running.length > 0 && dryRun !== true) {
    throw new FrontError('config_usage', `a front is running (pid ${running.join(', ')})`, {
      hint: 'end it first: tlsfront stop',
    });
  }
  const data = dirname(openLocalStore(io.environment).pathOf('development'));
  const compiled = userCodeFolder(io.environment);
  const caches = compiled === null ? [] : [dirname(compiled)];
  const folders = [data, ...caches, runtimeFolder(io.environment)].filter((folder) => existsSync(folder));
  const names = await namesOfOurs(io);
  const hasAuthority = existsSync(join(data, 'development'));
  const things = [
    ...(hasAuthority ? ['the development authority, out of every trust store'] : []),
    ...(names.length > 0 ? [`the names ${names.join(', ')}, out of the hosts file`] : []),
    ...folders.map((folder) => `${folder}${folder === data ? describeData(data) : ''}`),
  ];
  if (things.length === 0) io.stdout.write('there is nothing of ours here\n');
  else io.stdout.write(`removed will be:\n${things.map((thing) => `  ${thing}\n`).join('')}`);
  if (dryRun !== true && things.length > 0) {
    if (yes !== true) {
      requirePerson('give --yes, or look first: --dry-run');
      await confirm('remove all this?', 'nothing was removed');
    }
    let isTrusted = false;
    let code = EXIT_SUCCESS;
    if (hasAuthority) {
      isTrusted = (await attempt(io, () => runCaUninstall({ yes: yes === true }, io))) !== EXIT_SUCCESS;
    }
    if (names.length > 0) code = await attempt(io, () => runHostsRemove({ names: [] }, io));
    for (const folder of folders) {
      if (folder === data && isTrusted) {
        printWarning(io, `${folder} stays: some store trusts its authority still`, 'tlsfront ca status');
        code = EXIT_FAILURE;
      } else if ((await attempt(io, async () => remove(folder, io))) !== EXIT_SUCCESS) code = EXIT_FAILURE;
    }
    tellUnits(io);
    return code;
  }
  tellUnits(io);
  return EXIT_SUCCESS;
}

/** What hurts to lose. */
function describeData(data: string): string {
  return existsSync(join(data, 'acme')) ? ' (with accounts and certificates of ACME)' : '';
}

function remove(folder: string, io: CommandIo): number {
  try {
    // A link is removed, not what it leads to.
    if (lstatSync(folder).isSymbolicLink()) rmSync(folder);
    else rmSync(folder, { recursive: true });
  } catch (cause) {
    throw new FrontError('internal', `${folder} cannot be removed: ${fileFailure(cause)}`, { cause });
  }
  io.stdout.write(`${folder}: removed\n`);
  return EXIT_SUCCESS;
}

/** Units and rules are this machine's, not this user's. */
function tellUnits(io: CommandIo): void {
  const machine = { platform: process.platform, root: '', read: readOrNone };
  if (planPortsUndo(machine).steps.length > 0) {
    printWarning(io, 'what tlsfront setup has done for ports 80 and 443 stays', 'tlsfront setup --undo');
  }
  for (const name of listUnits()) {
    const line = asRootLine(`tlsfront service uninstall --unit ${name}`);
    printWarning(io, `the unit ${join(UNITS, `${name}.service`)} stays`, line);
  }
}

function listUnits(): readonly string[] {
  try {
    return readdirSync(UNITS).flatMap((file) => {
      const isOurs =
        file.endsWith('.service') && readFileSync(join(UNITS, file), 'utf8').startsWith(UNIT_MARK);
      return isOurs ? [file.slice(0, -'.service'.length)] : [];
    });
  } catch {
    return [];
  }
}
