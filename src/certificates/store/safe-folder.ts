/** Opens the store's folders one part after the other, so that no link that somebody else planted leads a write elsewhere. */
import {
  closeSync,
  constants,
  existsSync,
  fchmodSync,
  fstatSync,
  lchownSync,
  lstatSync,
  mkdirSync,
  openSync,
  readlinkSync,
  type Stats,
} from 'node:fs';
import { join } from 'node:path';
import { FrontError } from '../../shared/errors.js';
import { systemCode } from '../../shared/system-error.js';

const FOLDER_MODE = 0o700;
/** As many as Linux follows. */
const MAX_LINKS = 40;
/** Linux's O_PATH, for which Node has no name: a folder that may be passed through need not be readable. */
const O_PATH = 0o10000000;
/** Where Linux shows open files; a path through it cannot be led astray by what is renamed meanwhile. */
const OPEN_FILES = '/proc/self/fd';
const hasOpenFiles = process.platform === 'linux' && existsSync(OPEN_FILES);

/** A folder for as long as its files are worked on. */
export interface SafeFolder {
  /** By which its files are reached; for system calls, not for people. */
  readonly path: string;
  readonly stats: Stats;
  close(): void;
}

/** A part of the path that is still ahead. */
interface Part {
  readonly name: string;
  /** Inside the store: no link is followed there, whoever made it. */
  readonly isOwn: boolean;
}

/**
 * Opens a folder of the store; null when it is not there.
 * @param folder the store's own, absolute
 * @param below names of the folders within it
 * @param create makes what is missing, closed to others, and closes the store's folder to others. Under sudo with the user's HOME new
 * folders belong to whom the folder above them belongs
 * @throws FrontError config_invalid at a link that is neither root's nor ours, or inside the store; system errors as they are
 */
export function openSafeFolder(folder: string, below: readonly string[], create: boolean): SafeFolder | null {
  if (process.platform === 'win32') return openPlainly(join(folder, ...below), create);
  const ahead: Part[] = [...partsOf(folder, false), ...below.map((name) => ({ name, isOwn: true }))];
  let at = openPart('/', '/');
  let shown = '/';
  let links = 0;
  try {
    for (let part = ahead.shift(); part !== undefined; part = ahead.shift()) {
      // Not join(): it would take `..` and the open folder's number away together.
      const next = `${at.path}/${part.name}`;
      shown = join(shown, part.name);
      const seen = create ? seeOrMake(next, at.stats) : seeIfThere(next);
      if (seen === null) {
        at.close();
        return null;
      }
      if (seen.isSymbolicLink()) {
        links += 1;
        if (part.isOwn || !isTrusted(seen) || links > MAX_LINKS) throw refuseLink(shown);
        const target = readlinkSync(next);
        ahead.unshift(...partsOf(target, false));
        shown = target.startsWith('/') ? '/' : join(shown, '..');
        if (target.startsWith('/')) at = replace(at, openPart('/', '/'));
        continue;
      }
      at = replace(at, openPart(next, shown));
      // The last part of the store's own path.
      if (create && !part.isOwn && !ahead.some(({ isOwn }) => !isOwn)) closeToOthers(at);
    }
  } catch (error) {
    at.close();
    throw error;
  }
  return at;
}

function partsOf(path: string, isOwn: boolean): Part[] {
  return path
    .split('/')
    .filter((name) => name !== '' && name !== '.')
    .map((name) => ({ name, isOwn }));
}

function openPlainly(path: string, create: boolean): SafeFolder | null {
  if (create) mkdirSync(path, { recursive: true });
  const stats = seeIfThere(path);
  return stats === null ? null : { path, stats, close: () => {} };
}

/** @param shown the path as people know it, which is used where the system has none by open file */
function openPart(path: string, shown: string): SafeFolder {
  if (!hasOpenFiles) return { path: shown, stats: lstatSync(shown), close: () => {} };
  const { O_DIRECTORY, O_NOFOLLOW } = constants;
  const descriptor = openSync(path, O_PATH | O_DIRECTORY | O_NOFOLLOW);
  let isOpen = true;
  const close = (): void => {
    if (isOpen) closeSync(descriptor);
    isOpen = false;
  };
  return { path: `${OPEN_FILES}/${descriptor}`, stats: fstatSync(descriptor), close };
}

function replace(old: SafeFolder, next: SafeFolder): SafeFolder {
  old.close();
  return next;
}

function seeIfThere(path: string): Stats | null {
  return lstatSync(path, { throwIfNoEntry: false }) ?? null;
}

function seeOrMake(path: string, above: Stats): Stats {
  const seen = seeIfThere(path);
  if (seen !== null) return seen;
  try {
    mkdirSync(path, FOLDER_MODE);
    if (process.getuid?.() === 0) lchownSync(path, above.uid, above.gid);
  } catch (error) {
    // Another process was faster.
    if (systemCode(error) !== 'EEXIST') throw error;
  }
  return lstatSync(path);
}

function closeToOthers({ path, stats }: SafeFolder): void {
  if ((stats.mode & 0o077) === 0) return;
  const descriptor = openSync(`${path}/.`, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  try {
    fchmodSync(descriptor, FOLDER_MODE);
  } finally {
    closeSync(descriptor);
  }
}

/** Root's links are the machine's, and our own are ours to make. */
function isTrusted({ uid }: Stats): boolean {
  return uid === 0 || uid === process.geteuid?.();
}

/** For a link where the store does not follow any. */
export function refuseLink(path: string): FrontError {
  return new FrontError(
    'config_invalid',
    `${path} is a symbolic link, which the data folder does not follow`,
    {
      hint: 'remove the link, or set XDG_DATA_HOME to a folder without one',
    },
  );
}
