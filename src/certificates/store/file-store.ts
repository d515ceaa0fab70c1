/** The store as files in a private folder: whole-file replacement by rename, files 0600, folders 0700. */
import { constants } from 'node:fs';
import { open, readdir, rm } from 'node:fs/promises';
import { join, resolve, sep } from 'node:path';
import { FrontError } from '../../shared/errors.js';
import { systemCode } from '../../shared/system-error.js';
import { fileFailure } from './file-failure.js';
import { withFileLock } from './file-lock.js';
import { replaceFile } from './replace-file.js';
import { openSafeFolder, refuseLink } from './safe-folder.js';
import type { LocalStore } from './store.js';

const FILE_MODE = 0o600;
const SEGMENT = /^[A-Za-z0-9_*@-][A-Za-z0-9._*@-]*$/;

/** Opens the store in a folder, which is made on the first `put`. Inside it no link is followed. */
export function openFileStore(folder: string): LocalStore {
  const root = resolve(folder);
  const pathOf = (key: string): string => join(root, ...segmentsOf(key));
  const guard = <T>(work: () => Promise<T>): Promise<T> => guarded(root, work);
  return {
    pathOf,
    get: (key) => guard(() => inFolder(root, key, false, undefined, readPrivately)),
    put: (key, value) => guard(() => inFolder(root, key, true, undefined, (place) => putFile(place, value))),
    list: (prefix) => guard(() => listKeys(root, prefix)),
    delete: (key) => guard(() => inFolder(root, key, false, false, removeFile)),
    withLock: async (name, work) => {
      await guard(() => inFolder(root, name, true, undefined, async () => undefined));
      return withFileLock(`${pathOf(name)}.lock`, work);
    },
  };
}

/** A file of the store: by which path it is reached, and which people know. */
interface Place {
  readonly path: string;
  readonly shown: string;
}

/** Does something with a key's file while its folder is open; `missing` where there is no such folder. */
async function inFolder<T>(
  root: string,
  key: string,
  create: boolean,
  missing: T,
  work: (place: Place) => Promise<T>,
): Promise<T> {
  const segments = segmentsOf(key);
  const name = segments.at(-1) ?? '';
  const folder = openSafeFolder(root, segments.slice(0, -1), create);
  if (folder === null) return missing;
  try {
    return await work({ path: join(folder.path, name), shown: join(root, ...segments) });
  } finally {
    folder.close();
  }
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

async function readPrivately({ path, shown }: Place): Promise<Buffer | undefined> {
  let file: Awaited<ReturnType<typeof open>>;
  try {
    // Not blocking: opening a pipe would wait for its writer.
    file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (cause) {
    if (systemCode(cause) === 'ENOENT') return undefined;
    if (systemCode(cause) === 'ELOOP') throw refuseLink(shown);
    throw cause;
  }
  try {
    const stats = await file.stat();
    if (!stats.isFile())
      throw new FrontError('config_invalid', `${shown} is no ordinary file`, { hint: 'remove it' });
    // Copies and backups lose modes; a key that others can read is closed to them as soon as it is seen.
    if (process.platform !== 'win32' && (stats.mode & 0o077) !== 0) await file.chmod(FILE_MODE);
    return await file.readFile();
  } finally {
    await file.close();
  }
}

async function putFile({ path }: Place, value: string | Uint8Array): Promise<undefined> {
  await replaceFile(path, value, { mode: FILE_MODE, exact: true, asFolder: true, follows: false });
  return undefined;
}

async function listKeys(root: string, prefix: string): Promise<string[]> {
  const opened = openSafeFolder(root, [], false);
  if (opened === null) return [];
  const folder = opened.path;
  try {
    // Links within are neither files nor folders here.
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
  } finally {
    opened.close();
  }
}

async function removeFile({ path }: Place): Promise<boolean> {
  try {
    await rm(path);
    return true;
  } catch (cause) {
    if (systemCode(cause) === 'ENOENT') return false;
    throw cause;
  }
}
