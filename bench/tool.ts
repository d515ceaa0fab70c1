/** Finds programs on PATH (and in the sbin folders that Debian leaves out of it) and asks them for their version. */
import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** The path of a program, or null when it is not installed. */
export function findTool(name: string): string | null {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin', '/usr/local/sbin'];
  for (const folder of folders) {
    if (folder === '') continue;
    const path = join(folder, name);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // Not in this folder.
    }
  }
  return null;
}

/** Why a program cannot be used, or null when it can. */
export function whyMissing(name: string): string | null {
  return findTool(name) === null ? `${name} is not installed` : null;
}

/** The first thing that looks like a version in what the command prints on either channel. */
export function askVersion(command: string, words: readonly string[]): string {
  const answer = spawnSync(command, words, { encoding: 'utf8', timeout: 10_000 });
  const text = `${answer.stdout ?? ''}${answer.stderr ?? ''}`;
  return /\d+\.\d+(?:\.\d+)?(?:[-+~][\w.+~-]+)?/.exec(text)?.[0] ?? 'unknown';
}
