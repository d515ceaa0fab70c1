/** Replaces a file as a whole: readers see the old content or the new, never a part. */
import { randomBytes } from 'node:crypto';
import { open, realpath, rename, rm, stat } from 'node:fs/promises';

/**
 * Writes beside the file and renames over it. A symbolic link is followed; an existing file keeps its permissions.
 * @param mode permissions of a new file
 */
export async function replaceFile(path: string, content: string | Uint8Array, mode: number): Promise<void> {
  const target = await realpath(path).catch(() => path);
  const kept = await stat(target).then(
    (status) => status.mode & 0o777,
    () => mode,
  );
  const temporary = `${target}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    const file = await open(temporary, 'wx', kept);
    try {
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
