/** The store as files in a private folder: whole-file replacement by rename, files 0600, folders 0700. */
import { chmod, chown, mkdir, open, readdir, rm, stat } from 'node:fs/promises';
import { dirname, join, sep } from 'node:path';
import { FrontError } from '../../shared/errors.js';
import { systemCode } from '../../shared/system-error.js';
import { fileFailure } from './file-failure.js';
import { withFileLock } from './file-lock.js';
import { replaceFile } from './replace-file.js';
import type { LocalStore } from './store.js';

const FILE_MODE = 0o600;
const FOLDER_MODE = 0o700;
const SEGMENT = /^[A-Za-z0-9_*@-][A-Za-z0-9._*@-]*$/;

/** Opens the store in a folder, which is made on the first `put`. */
export function openFileStore(folder: string): LocalStore {
  const pathOf = (key: string): string => join(folder, ...segmentsOf(key));
  return {
    pathOf,
    get: (key) => guarded(folder, () => readPrivately(pathOf(key))),
    put: (key, value) => guarded(folder, () => putFile(folder, pathOf(key), value)),
    list: (prefix) => guarded(folder, () => listKeys(folder, prefix)),
    delete: (key) => guarded(folder, () => removeFile(pathOf(key))),
    withLock: async (name, work) => {
      const lockFile = `${pathOf(name)}.lock`;
      await guarded(folder, () => makeFolders(folder, lockFile));
      return withFileLock(lockFile, work);
    },
  };
}

function segmentsOf(key: string): string[] {
  const segments = key.split('/');
  for (const segment of segments) {
    if (!SEGMENT.test(segment)) {
      throw new FrontError('internal', `store key ${JSON.stringify(key)} is not a plain path`);
    }
  }
  return segments;
}

/** Turns a failing system call into an error that names the folder and the way out. */
async function guarded<T>(folder: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (cause instanceof FrontError) throw cause;
    throw new FrontError(
      'config_invalid',
      `the data folder ${folder} cannot be used: ${fileFailure(cause)}`,
      {
        hint: 'make the folder writable for this user, or set XDG_DATA_HOME to one that is',
        cause,
      },
    );
  }
}

async function readPrivately(path: string): Promise<Buffer | undefined> {
  let file: Awaited<ReturnType<typeof open>>;
  try {
    file = await open(path, 'r');
  } catch (cause) {
    if (systemCode(cause) === 'ENOENT') return undefined;
    throw cause;
  }
  try {
    const { mode } = await file.stat();
    // Copies and backups lose modes; a key that others can read is closed to them as soon as it is seen.
    if (process.platform !== 'win32' && (mode & 0o077) !== 0) await file.chmod(FILE_MODE);
    return await file.readFile();
  } finally {
    await file.close();
  }
}

async function putFile(folder: string, path: string, value: string | Uint8Array): Promise<void> {
  await makeFolders(folder, path);
  await replaceFile(path, value, FILE_MODE, true, true);
}

async function makeFolders(folder: string, path: string): Promise<void> {
  const first = await mkdir(dirname(path), { recursive: true, mode: FOLDER_MODE });
  if (process.platform === 'win32') return;
  if (first !== undefined && process.getuid?.() === 0) await giveToOwner(first, dirname(path));
  const { mode } = await stat(folder);
  if ((mode & 0o077) !== 0) await chmod(folder, FOLDER_MODE);
}

/** Under sudo with the user's HOME, new folders belong to whom the folder above them belongs, not to root. */
async function giveToOwner(first: string, last: string): Promise<void> {
  const { uid, gid } = await stat(dirname(first));
  for (let folder = last; folder.length >= first.length; folder = dirname(folder)) {
    await chown(folder, uid, gid);
  }
}

async function listKeys(folder: string, prefix: string): Promise<string[]> {
  try {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    return entries
      .filter((entry) => entry.isFile() && !/\.(tmp|lock|break)$/.test(entry.name))
      .map((entry) =>
        join(entry.parentPath, entry.name)
          .slice(folder.length + 1)
          .split(sep)
          .join('/'),
      )
      .filter((key) => key.startsWith(prefix))
      .sort();
  } catch (cause) {
    if (systemCode(cause) === 'ENOENT') return [];
    throw cause;
  }
}

async function removeFile(path: string): Promise<boolean> {
  try {
    await rm(path);
    return true;
  } catch (cause) {
    if (systemCode(cause) === 'ENOENT') return false;
    throw cause;
  }
}
