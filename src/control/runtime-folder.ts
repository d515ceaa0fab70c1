/** Where control sockets are: a folder of this user alone, with one socket a master, named by its process id. */
import { chmodSync, lstatSync, mkdirSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { FrontError } from '../shared/errors.js';
import { systemCode } from '../shared/system-error.js';

const OTHERS = 0o077;

/** `$XDG_RUNTIME_DIR/tlsfront`; for root `/run/tlsfront`; else a folder beneath the system's temporary one that is named by the user. */
export function runtimeFolder(environment: Readonly<NodeJS.ProcessEnv>): string {
  const given = environment.XDG_RUNTIME_DIR ?? '';
  if (isAbsolute(given)) return join(given, 'tlsfront');
  const uid = process.getuid?.() ?? 0;
  return uid === 0 ? '/run/tlsfront' : join(tmpdir(), `tlsfront-${uid}`);
}

/** The socket of the master with this process id. */
export function socketPath(folder: string, pid: number): string {
  return join(folder, `${pid}.sock`);
}

/**
 * Makes the folder where it is missing, and closes it to others.
 * @throws FrontError config_invalid where it belongs to somebody else or is no folder: who owns it could answer in our place
 */
export function prepareRuntimeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw unusable(folder, systemCode(cause) ?? String(cause), cause);
  }
  checkRuntimeFolder(folder);
}

/** Looks at a folder that is there. @throws FrontError as prepareRuntimeFolder */
export function checkRuntimeFolder(folder: string): void {
  const found = lstatSync(folder);
  if (!found.isDirectory()) throw unusable(folder, 'it is no folder');
  const uid = process.getuid?.();
  if (uid !== undefined && found.uid !== uid) throw unusable(folder, 'it belongs to another user');
  if ((found.mode & OTHERS) !== 0) chmodSync(folder, 0o700);
}

/** Process ids of the masters that have, or had, a socket there. */
export function listSockets(folder: string): readonly number[] {
  try {
    checkRuntimeFolder(folder);
    return readdirSync(folder)
      .flatMap((name) => /^([1-9]\d{0,9})\.sock$/.exec(name)?.[1] ?? [])
      .map(Number)
      .sort((a, b) => a - b);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return [];
    throw error;
  }
}

function unusable(folder: string, reason: string, cause?: unknown): FrontError {
  return new FrontError('config_invalid', `the runtime folder ${folder} cannot be used: ${reason}`, {
    hint: 'set XDG_RUNTIME_DIR to a folder of your own',
    cause,
  });
}
