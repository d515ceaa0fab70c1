/** The one way to ask for an outside program: a path, or MISSING, which no caller can take for a result. */
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';

/** Stands for a tool that this machine has not got. A helper that gets it returns it, so that its caller must look. */
export const MISSING: unique symbol = Symbol('a tool is missing');
export type Missing = typeof MISSING;

/** A test that can be marked as skipped. */
export interface Skippable {
  skip(reason?: string): void;
}

/** A Python and the environment in which the product, too, finds this one first. */
export interface Python {
  readonly path: string;
  readonly environment: { readonly PATH: string; readonly VIRTUAL_ENV: string };
}

/** Full path of `name` on PATH or in the sbin folder beside one of PATH's bin folders. */
export function findTool(name: string): string | Missing {
  return candidates(name).find(isExecutable) ?? MISSING;
}

/**
 * Path of the tool, or MISSING after the test was marked as skipped with the reason: `if (tool === MISSING) return;`.
 * @throws Error when the tool is missing and TLSFRONT_REQUIRE_TOOLS=1, so that CI cannot skip in silence
 */
export function requireTool(t: Skippable, name: string): string | Missing {
  return found(t, findTool(name), name);
}

/** A file that a tool needs beside itself, such as a module of nginx, under the rules of requireTool. */
export function requireFile(t: Skippable, path: string): string | Missing {
  return found(t, existsSync(path) ? path : MISSING, path);
}

/** Paths of all the tools by name, under the rules of requireTool. */
export function requireTools<N extends string>(
  t: Skippable,
  ...names: readonly N[]
): Readonly<Record<N, string>> | Missing {
  const paths: Partial<Record<N, string>> = {};
  for (const name of names) {
    const path = requireTool(t, name);
    if (path === MISSING) return MISSING;
    paths[name] = path;
  }
  return isComplete(paths, names) ? paths : MISSING;
}

/** The first python3 with all the modules, looked for as the product does, under the rules of requireTool. */
export function requirePython(t: Skippable, ...modules: readonly string[]): Python | Missing {
  return found(t, findPython(...modules), ['python3', ...modules].join(' with '));
}

/** The first python3 on PATH, or in /usr/bin where Debian's modules lie, that has all the modules. */
export function findPython(...modules: readonly string[]): Python | Missing {
  const script = ['import sys', ...modules.map((name) => `import ${name}`), 'print(sys.executable)'].join(
    '\n',
  );
  for (const file of [...candidates('python3'), '/usr/bin/python3'].filter(isExecutable)) {
    const { status, stdout } = spawnSync(file, ['-c', script], { encoding: 'utf8' });
    // What is on PATH may be a script of pyenv, which needs more programs and finds the interpreter elsewhere.
    const path = stdout.trim();
    if (status !== 0 || !isExecutable(path)) continue;
    const PATH = [dirname(path), process.env.PATH ?? ''].join(delimiter);
    // A virtual environment would come before PATH.
    return { path, environment: { PATH, VIRTUAL_ENV: '' } };
  }
  return MISSING;
}

/**
 * Options of a group whose `before` hook needs the tools: it is skipped as a whole where one is missing.
 * @throws Error when one is missing and TLSFRONT_REQUIRE_TOOLS=1
 */
export function unlessMissing(tools: Readonly<Record<string, unknown>>): { readonly skip: string | false } {
  const lacking = Object.keys(tools).find((name) => tools[name] === MISSING);
  return { skip: lacking === undefined ? false : complain(lacking) };
}

function found<T>(t: Skippable, tool: T | Missing, name: string): T | Missing {
  if (tool === MISSING) t.skip(complain(name));
  return tool;
}

function complain(name: string): string {
  const reason = `${name} is not installed`;
  if (process.env.TLSFRONT_REQUIRE_TOOLS === '1') throw new Error(reason);
  return reason;
}

function isComplete<N extends string>(
  paths: Partial<Record<N, string>>,
  names: readonly N[],
): paths is Record<N, string> {
  return names.every((name) => name in paths);
}

function candidates(name: string): string[] {
  const folders = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  // Debian keeps server programs there, and an ordinary user's PATH does not name it.
  const servers = folders.filter((folder) => /\/bin$/.test(folder)).map((folder) => join(folder, '../sbin'));
  return [...folders, ...servers].map((folder) => join(folder, name));
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
