/** Replaces a file as a whole: readers see the old content or the new, never a part. */
import { randomBytes } from 'node:crypto';
import { lstat, open, realpath, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

export interface ReplaceOptions {
  /** Permissions of a new file. */
  readonly mode: number;
  /** Give these permissions to an existing file too. */
  readonly exact?: boolean;
  /** A new file that root writes belongs to the owner of its folder. */
  readonly asFolder?: boolean;
  /** A symbolic link leads to the file that is replaced, as people want it of files they name; otherwise the link itself is replaced. */
  readonly follows?: boolean;
}

/**
 * Writes beside the file and renames over it. An existing file keeps its permissions, and its owner where root writes.
 */
export async function replaceFile(
  path: string,
  content: string | Uint8Array,
  { mode, exact = false, asFolder = false, follows = true }: ReplaceOptions,
): Promise<void> {
  const target = follows ? await realpath(path).catch(() => path) : path;
  const old = await lstat(target).then(
    (stats) => (stats.isFile() ? stats : undefined),
    () => undefined,
  );
  const kept = exact || old === undefined ? mode : old.mode & 0o777;
  const owner = old ?? (asFolder ? await stat(dirname(target)) : undefined);
  const temporary = `${target}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    const file = await open(temporary, 'wx', kept);
    try {
      if (owner !== undefined && process.getuid?.() === 0) await file.chown(owner.uid, owner.gid);
      await file.writeFile(content);
      // Without this a power cut after the rename can leave an empty file under the final name.
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, target);
  } catch (cause) {
    await rm(temporary, { force: true });
    throw cause;
  }
}
