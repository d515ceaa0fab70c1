/** `tlsfront hosts add|remove|list`: names of this machine in a marked block of its hosts file. */
import { readFile, writeFile } from 'node:fs/promises';
import { win32 } from 'node:path';
import { requireNames } from '../../certificates/host-names.js';
import { fileFailure } from '../../certificates/store/file-failure.js';
import { replaceFile } from '../../certificates/store/replace-file.js';
import { asRootLine } from '../../serving/unknown-hosts.js';
import { ipFamily } from '../../shared/addresses/ip-family.js';
import { isLocalhost } from '../../shared/addresses/private-names.js';
import { FrontError } from '../../shared/errors.js';
import { systemCode } from '../../shared/system-error.js';
import { type CommandIo, printWarning } from '../../terminal/console.js';

/** Options of `hosts add` and `hosts remove`. */
export interface HostsOptions {
  readonly names: readonly string[];
  /** Another file than the system's. */
  readonly file?: string | undefined;
}

const BEGIN = '# tlsfront begin';
const END = '# tlsfront end';
const ADDRESSES = ['127.0.0.1', '::1'];

/** The system's hosts file. */
export function hostsFile(platform: NodeJS.Platform, environment: Readonly<NodeJS.ProcessEnv>): string {
  if (platform !== 'win32') return '/etc/hosts';
  return win32.join(environment.SystemRoot ?? 'C:\\Windows', 'System32', 'drivers', 'etc', 'hosts');
}

/** Adds the names. @returns 0; @throws FrontError config_invalid, config_usage */
export function runHostsAdd({ names, file }: HostsOptions, io: CommandIo): Promise<number> {
  const wanted = readNames(names).filter((name) => {
    if (!isLocalhost(name)) return true;
    io.stdout.write(`${name}: nothing to do, browsers and systems know it\n`);
    return false;
  });
  return change(file, io, (before) => [...new Set([...before, ...wanted])]);
}

/** Removes the names, or the whole block when none is given. @returns 0 */
export function runHostsRemove({ names, file }: HostsOptions, io: CommandIo): Promise<number> {
  const unwanted = readNames(names, true);
  return change(file, io, (before) =>
    unwanted.length === 0 ? [] : before.filter((name) => !unwanted.includes(name)),
  );
}

/** Prints the names of our block, one a line. @returns 0 */
export async function runHostsList({ file }: Pick<HostsOptions, 'file'>, io: CommandIo): Promise<number> {
  const names = await namesOfOurs(io, file);
  io.stdout.write(names.map((name) => `${name}\n`).join(''));
  return 0;
}

/** The names of our block. @param file another one than the system's */
export async function namesOfOurs(io: CommandIo, file?: string): Promise<readonly string[]> {
  return splitBlock(await read(pathOf(file, io))).names;
}

function pathOf(file: string | undefined, { environment }: CommandIo): string {
  return file ?? hostsFile(process.platform, environment);
}

function readNames(names: readonly string[], mayBeEmpty = false): string[] {
  const canonical = requireNames(names);
  if (canonical.length === 0 && !mayBeEmpty) {
    throw new FrontError('config_usage', 'no name was given', { hint: 'tlsfront hosts add app.test' });
  }
  const wrong = canonical.find((name) => name.startsWith('*') || ipFamily(name) !== 0);
  if (wrong === undefined) return canonical;
  throw new FrontError('config_invalid', `${wrong}: a hosts file knows plain names only`, {
    hint: 'name each host, or use names beneath .localhost, which need no entry',
  });
}

async function change(
  file: string | undefined,
  io: CommandIo,
  edit: (before: readonly string[]) => readonly string[],
): Promise<number> {
  const path = pathOf(file, io);
  const text = await read(path);
  const { before, names, after } = splitBlock(text);
  const wanted = edit(names);
  const lineEnd = text.includes('\r\n') ? '\r\n' : '\n';
  const changed = joinBlock(before, wanted, after, lineEnd);
  if (changed === text) {
    io.stdout.write(`${path}: nothing to do\n`);
    return 0;
  }
  await write(path, changed);
  io.stdout.write(`${path}: ${wanted.length === 0 ? 'no names of ours any more' : wanted.join(', ')}\n`);
  const flush = flushHint(io.environment);
  if (flush !== undefined) io.stdout.write(`${flush}\n`);
  if (io.environment.WSL_DISTRO_NAME !== undefined) {
    printWarning(io, 'browsers of Windows read their own file: run this in a Windows terminal too');
  }
  return 0;
}

async function read(path: string): Promise<string> {
  return readFile(path, 'utf8').catch((cause: unknown) => {
    if (systemCode(cause) === 'ENOENT') return '';
    throw new FrontError('config_invalid', `${path} cannot be read: ${fileFailure(cause)}`, { cause });
  });
}

async function write(path: string, text: string): Promise<void> {
  try {
    await replaceFile(path, text, { mode: 0o644 }).catch(async (cause: unknown) => {
      // In a container the file is a mount of its own, which cannot be renamed over.
      if (systemCode(cause) !== 'EBUSY' && systemCode(cause) !== 'EXDEV') throw cause;
      await writeFile(path, text);
    });
  } catch (cause) {
    const denied = systemCode(cause) === 'EACCES' || systemCode(cause) === 'EPERM';
    const hint =
      process.platform === 'win32'
        ? 'run it in a terminal opened as administrator'
        : `run it as root: ${asRootLine('tlsfront hosts …')}`;
    throw new FrontError('config_invalid', `${path} cannot be written: ${fileFailure(cause)}`, {
      ...(denied ? { hint } : {}),
      cause,
    });
  }
}

/** The text before and after our block, untouched, and the names in it. A block without an end goes as far as its lines look like ours. */
function splitBlock(text: string): { before: string; names: string[]; after: string } {
  const lines = text.split(/(?<=\n)/);
  const start = lines.findIndex((line) => line.trim() === BEGIN);
  if (start === -1) return { before: text, names: [], after: '' };
  const names: string[] = [];
  let end = start + 1;
  for (; end < lines.length && lines[end]?.trim() !== END; end += 1) {
    const [address = '', name = '', ...more] = (lines[end] ?? '').trim().split(/\s+/);
    if (!ADDRESSES.includes(address) || name === '' || more.length > 0) break;
    if (!names.includes(name)) names.push(name);
  }
  const isEnded = lines[end]?.trim() === END;
  return {
    before: lines.slice(0, start).join(''),
    names,
    after: lines.slice(isEnded ? end + 1 : end).join(''),
  };
}

function joinBlock(before: string, names: readonly string[], after: string, lineEnd: string): string {
  if (names.length === 0) return before + after;
  const gap = before === '' || before.endsWith('\n') ? '' : lineEnd;
  const entries = names.flatMap((name) => ADDRESSES.map((address) => `${address} ${name}`));
  return `${before}${gap}${[BEGIN, ...entries, END].join(lineEnd)}${lineEnd}${after}`;
}

function flushHint(environment: Readonly<NodeJS.ProcessEnv>): string | undefined {
  if (process.platform === 'darwin') return 'if a name is not found: sudo dscacheutil -flushcache';
  if (process.platform === 'win32' || environment.WSL_DISTRO_NAME !== undefined) {
    return 'if a name is not found: ipconfig /flushdns';
  }
  return undefined;
}
