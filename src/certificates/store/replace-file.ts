/** Replaces a file as a whole: readers see the old content or the new, never a part. */
import { randomBytes } from 'node:crypto';
import { open, realpath, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * Writes beside the file and renames over it. A symbolic link is followed; an existing file keeps its permissions, and
 * its owner where root writes.
 * @param mode permissions of a new file
 * @param exact give these permissions to an existing file too
 * @param asFolder a new file that root writes belongs to the owner of its folder
 */
export async function replaceFile(
  path: string,
  content: string | Uint8Array,
  mode: number,
  exact = false,
  asFolder = false,
): Promise<void> {
  const target = await realpath(path).catch(() => path);
  const old = await stat(target).catch(() => undefined);
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
