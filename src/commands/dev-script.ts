/** The app of `tlsfront` without a word: the development script of the package.json of this folder. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Whose lock file lies there runs the scripts. */
const RUNNERS = [
  ['pnpm-lock.yaml', 'pnpm'],
  ['yarn.lock', 'yarn'],
  ['bun.lock', 'bun'],
  ['bun.lockb', 'bun'],
] as const;

export type Runner = 'npm' | (typeof RUNNERS)[number][1];

/** The package manager of the folder. */
export function findRunner(folder: string): Runner {
  return RUNNERS.find(([lockFile]) => existsSync(join(folder, lockFile)))?.[1] ?? 'npm';
}

/** `npm run dev` in the words of the folder's package manager; null where there is no script `dev`. */
export function findDevScript(folder: string): readonly string[] | null {
  if (!hasDevScript(join(folder, 'package.json'))) return null;
  return [findRunner(folder), 'run', 'dev'];
}

function hasDevScript(file: string): boolean {
  try {
    const manifest: unknown = JSON.parse(readFileSync(file, 'utf8'));
    if (typeof manifest !== 'object' || manifest === null || !('scripts' in manifest)) return false;
    const { scripts } = manifest;
    return (
      typeof scripts === 'object' && scripts !== null && 'dev' in scripts && typeof scripts.dev === 'string'
    );
  } catch {
    // No package.json, or none that can be read: there is no script either.
    return false;
  }
}
