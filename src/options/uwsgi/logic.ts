/** The `for-…` and `if-…` of uWSGI's configuration: what becomes of the options between them and their end. */
import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { readText } from './file-text.js';
import { filesLike } from './glob.js';
import type { Surroundings } from './surroundings.js';
import type { Given } from './words.js';

/** A block that has begun. */
export interface Block {
  readonly name: string;
  readonly argument: string;
  /** Texts for `%(_)`: the options within are given once for each; null: once, as they are. */
  readonly turns: readonly (string | null)[];
}

const ENDS: ReadonlySet<string> = new Set(['end', 'endfor', 'end-for', 'endif', 'end-if']);

/** True for the option that ends a block. */
export function endsBlock(name: string): boolean {
  return ENDS.has(name);
}

/** What a condition needs beside the machine. */
export interface Known {
  /** The first value of an option so far; null: it was not given. */
  find(name: string): string | null;
  readonly around: Surroundings;
}

type Turns = (argument: string, known: Known) => readonly (string | null)[];

/** Turns of a condition: one where it holds, none where not. */
function when(holds: boolean, text: string | null): readonly (string | null)[] {
  return holds ? [text] : [];
}

/** Whether `name=value` or `name` is so, with the value that was found. */
function compare(
  argument: string,
  find: (name: string) => string | null,
): { holds: boolean; value: string | null } {
  const at = argument.indexOf('=');
  const value = find(at === -1 ? argument : argument.slice(0, at));
  return { holds: value !== null && (at === -1 || value === argument.slice(at + 1)), value };
}

function kindOf(path: string, folder: string): 'file' | 'folder' | 'other' | 'none' {
  try {
    const status = statSync(resolve(folder, path));
    return status.isFile() ? 'file' : status.isDirectory() ? 'folder' : 'other';
  } catch {
    return 'none';
  }
}

function yes(test: (argument: string, known: Known) => boolean): Turns {
  return (argument, known) => when(test(argument, known), argument);
}

function not(test: (argument: string, known: Known) => boolean): Turns {
  return (argument, known) => when(!test(argument, known), argument);
}

const exists = (path: string, { around }: Known): boolean => kindOf(path, around.folder) !== 'none';
const isFile = (path: string, { around }: Known): boolean => kindOf(path, around.folder) === 'file';
const isFolder = (path: string, { around }: Known): boolean => kindOf(path, around.folder) === 'folder';
const isHost = (name: string, { around }: Known): boolean => around.hostname === name;
const matchesHost = (pattern: string, { around }: Known): boolean =>
  new RegExp(pattern).test(around.hostname);
const never = (): boolean => false;

const ifEnvironment: Turns = (argument, { around }) => {
  const { holds, value } = compare(argument, (name) => around.environment[name] ?? null);
  return when(holds, value);
};

const ifOption: Turns = (argument, { find }) => {
  const { holds, value } = compare(argument, find);
  return when(holds, value);
};

function linesOf(path: string, { around }: Known): readonly string[] {
  return readText('for-readline', path, around.folder).replace(/\n$/, '').split('\n');
}

/** Every option that begins a block. */
const BLOCKS: Readonly<Record<string, Turns>> = {
  for: (argument) => argument.split(' ').filter((word) => word !== ''),
  'for-times': (argument) =>
    Array.from({ length: Number.parseInt(argument, 10) || 0 }, (_, index) => String(index + 1)),
  'for-readline': linesOf,
  'for-glob': (pattern, { around }) => filesLike(pattern, around.folder),
  'if-env': ifEnvironment,
  ifenv: ifEnvironment,
  'if-not-env': (argument, known) => when(ifEnvironment(argument, known).length === 0, ''),
  'if-opt': ifOption,
  'if-not-opt': (argument, known) => when(ifOption(argument, known).length === 0, ''),
  'if-exists': yes(exists),
  ifexists: yes(exists),
  'if-not-exists': not(exists),
  'if-file': yes(isFile),
  'if-not-file': not(isFile),
  'if-dir': yes(isFolder),
  'if-directory': yes(isFolder),
  ifdir: yes(isFolder),
  'if-not-dir': not(isFolder),
  'if-hostname': yes(isHost),
  'if-not-hostname': not(isHost),
  'if-hostname-match': yes(matchesHost),
  'if-not-hostname-match': not(matchesHost),
  'if-plugin': yes((name) => /^python/.test(name) || name === 'http'),
  ifplugin: yes((name) => /^python/.test(name) || name === 'http'),
  'if-not-plugin': not((name) => /^python/.test(name) || name === 'http'),
  'if-reload': yes(never),
  'if-not-reload': not(never),
};

/** The block that an option begins; null: it begins none. */
export function beginBlock({ name, value }: Given, known: Known): Block | null {
  const turns = Object.hasOwn(BLOCKS, name) ? BLOCKS[name] : undefined;
  if (turns === undefined) return null;
  const argument = value ?? '';
  return { name, argument, turns: turns(argument, known) };
}
