/** Files that a pattern with `*`, `?` and `[…]` names, as glob(3) finds them; Node's own comes with 22. */
import { existsSync, readdirSync } from 'node:fs';
import { resolve } from 'node:path';

function toExpression(part: string): RegExp {
  const source = part.replaceAll(/\[!?[^\]]+\]|[*?]|[^\w*?]/g, (found) => {
    if (found === '*') return '[^/]*';
    if (found === '?') return '[^/]';
    return found.length > 2 ? found.replace('[!', '[^') : `\\${found}`;
  });
  return new RegExp(`^${source}$`);
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}

/** The paths in their order; where nothing fits, the pattern itself. */
export function filesLike(pattern: string, folder: string): readonly string[] {
  let found: readonly string[] = [pattern.startsWith('/') ? '/' : ''];
  for (const part of pattern.split('/').filter((text) => text !== '')) {
    found = found.flatMap((start) => step(start, part, folder));
  }
  const paths = found.map((path) => path.replace(/(?<=.)\/$/, '')).filter((path) => exists(path, folder));
  return paths.length === 0 ? [pattern] : paths;
}

function step(start: string, part: string, folder: string): readonly string[] {
  if (!/[*?[]/.test(part)) return [`${start}${part}/`];
  const expression = toExpression(part);
  return namesIn(resolve(folder, start))
    .filter((name) => expression.test(name) && (part.startsWith('.') || !name.startsWith('.')))
    .map((name) => `${start}${name}/`);
}

function exists(path: string, folder: string): boolean {
  return existsSync(resolve(folder, path));
}
