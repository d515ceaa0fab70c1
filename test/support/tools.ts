/** Finds the outside programs that tests compare with, and skips a test (or fails it) where one is missing. */
import { spawnSync } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { TestContext } from 'node:test';

/** Debian keeps server programs here, and an ordinary user's PATH does not name it. */
const SERVER_FOLDERS = ['/usr/sbin', '/usr/local/sbin', '/sbin'];

/** Full path of `name` on PATH (or in Debian's sbin folders), or undefined. */
export function findTool(name: string): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(delimiter), ...SERVER_FOLDERS];
  return folders.map((folder) => join(folder, name)).find(isExecutable);
}

/**
 * Path of the tool, or undefined after the test was marked as skipped with the reason: `if (tool === undefined) return;`.
 * @throws Error when the tool is missing and TLSFRONT_REQUIRE_TOOLS=1, so that CI cannot skip in silence
 */
export function requireTool(t: TestContext, name: string): string | undefined {
  return found(t, findTool(name), `${name} is not installed`);
}

/** Debian's own Python with the modules named (Bottle lives there), under the rules of requireTool. */
export function requirePython(t: TestContext, ...modules: readonly string[]): string | undefined {
  const python = '/usr/bin/python3';
  const usable =
    isExecutable(python) &&
    spawnSync(python, ['-c', modules.map((name) => `import ${name}`).join('\n')]).status === 0;
  const wanted = modules.length === 0 ? python : `${python} with ${modules.join(', ')}`;
  return found(t, usable ? python : undefined, `${wanted} is not installed`);
}

function found(t: TestContext, path: string | undefined, reason: string): string | undefined {
  if (path !== undefined) return path;
  if (process.env.TLSFRONT_REQUIRE_TOOLS === '1') throw new Error(reason);
  t.skip(reason);
  return undefined;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
