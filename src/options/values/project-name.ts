/** What a project is called beside others: by package.json or its folder, and in a git worktree by its branch before that. */
import { readFileSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';

const MAX_LABEL = 40;

/** `shop`, or `fix-login.shop` in a worktree with the branch `fix/login`. @param folder where the front was started */
export function findProjectName(folder: string): string {
  const own = labelOf(nameOfPackage(join(folder, 'package.json'))) || labelOf(basename(folder)) || 'app';
  const branch = labelOf(branchOfWorktree(folder));
  return branch === '' || branch === own ? own : `${branch}.${own}`;
}

/** A label of a host name made of any text; empty: nothing of it is left. */
export function labelOf(text: string): string {
  return text
    .toLowerCase()
    .replace(/^@[^/]*\//, '')
    .replaceAll(/[^a-z0-9]+/g, '-')
    .slice(0, MAX_LABEL)
    .replaceAll(/^-+|-+$/g, '');
}

function nameOfPackage(file: string): string {
  try {
    const manifest: unknown = JSON.parse(readFileSync(file, 'utf8'));
    const isNamed = typeof manifest === 'object' && manifest !== null && 'name' in manifest;
    return isNamed && typeof manifest.name === 'string' ? manifest.name : '';
  } catch {
    return '';
  }
}

/** A linked worktree has a file `.git` that names its folder within the repository's (gitrepository-layout(5)). Empty: it is none. */
function branchOfWorktree(folder: string): string {
  for (let at = resolve(folder); ; at = dirname(at)) {
    const text = readText(join(at, '.git'));
    if (text !== null) {
      const [, place = ''] = /^gitdir: (.+)$/m.exec(text) ?? [];
      if (basename(dirname(place)) !== 'worktrees') return '';
      const head = readText(join(resolve(at, place), 'HEAD')) ?? '';
      // A detached one has no branch: the folder's own name tells it from others.
      return /^ref: refs\/heads\/(.+)$/m.exec(head)?.[1] ?? basename(at);
    }
    if (isFolder(join(at, '.git')) || at === dirname(at)) return '';
  }
}

function readText(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return null;
  }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}
