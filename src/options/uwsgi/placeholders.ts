/** Puts values into `$(NAME)`, `@(file)`, `%(option)` and the `%d`, `%n` … of uWSGI's configuration files. */
import { basename, dirname, extname, resolve } from 'node:path';
import type { Surroundings } from './surroundings.js';

/** `%d`, `%n` …: what uWSGI knows of the file that is read and of the machine. A letter that it does not know is nothing. */
export function magicLetters(
  file: string,
  section: string,
  around: Surroundings,
): Readonly<Record<string, string>> {
  const path = resolve(around.folder, file);
  const folder = dirname(path);
  const extension = extname(path);
  const { hostname, processors, userId, userName, groupId, groupName } = around;
  const parts = folder.split('/').filter((part) => part !== '');
  const numbered = Object.fromEntries(parts.slice(0, 10).map((part, index) => [String(index), part]));
  return {
    ...numbered,
    '%': '%',
    '(': '%(',
    o: file,
    p: path,
    s: basename(path),
    d: folder === '/' ? '/' : `${folder}/`,
    c: basename(folder),
    e: extension.slice(1),
    n: basename(path, extension),
    x: section,
    v: around.folder,
    h: hostname,
    t: String(Math.floor(Date.now() / 1000)),
    T: String(Date.now() * 1000),
    V: '2.0',
    k: String(processors),
    '[': '\u001b',
    u: String(userId),
    U: userName,
    g: String(groupId),
    G: groupName,
  };
}

/** Letters that come from the first file of all (`%D`, `%N` …). */
export const FIRST_FILE_LETTERS = ['O', 'D', 'S', 'P', 'C', 'E', 'N', 'X'] as const;

/** The text with its `%d`, `%n` … replaced. */
export function fillLetters(text: string, letters: Readonly<Record<string, string>>): string {
  return text.replaceAll(/%(.)/gs, (_, letter: string) => letters[letter] ?? '');
}

/**
 * The text with each `mark(…)` replaced; brackets may stand in brackets.
 * @param find the value for what stands between the brackets; null: it stays as it is
 */
export function fillBrackets(text: string, mark: string, find: (inside: string) => string | null): string {
  let filled = '';
  let at = 0;
  while (at < text.length) {
    const start = text.indexOf(`${mark}(`, at);
    const end = start === -1 ? -1 : closingBracket(text, start + 2);
    if (end === -1) break;
    const value = end === start + 2 ? null : find(text.slice(start + 2, end));
    filled += text.slice(at, start) + (value ?? text.slice(start, end + 1));
    at = end + 1;
  }
  return filled + text.slice(at);
}

function closingBracket(text: string, from: number): number {
  let depth = 0;
  for (let at = from; at < text.length; at += 1) {
    if (text[at] === '(') depth += 1;
    else if (text[at] === ')') {
      if (depth === 0) return at;
      depth -= 1;
    }
  }
  return -1;
}

/** `NAME`, and `NAME:-other` or `NAME-other` where the variable may be missing. */
export function environmentValue(inside: string, environment: Readonly<NodeJS.ProcessEnv>): string | null {
  const [, name = inside, colon, other] = /^(\w+)(:?)-(.*)$/s.exec(inside) ?? [];
  const value = environment[name];
  if (other !== undefined && (value === undefined || (colon === ':' && value === ''))) return other;
  return value ?? null;
}

/** `%(a + 1)`: names and numbers with `+ - * / ++ --` between blanks, or put behind each other. */
export function calculate(inside: string, find: (name: string) => string | null): string | null {
  if (!inside.includes(' ')) return find(inside);
  let value: string | null = null;
  let operation = '';
  for (const word of inside.split(' ').filter((part) => part !== '')) {
    if (word === '++' || word === '--') {
      if (value !== null) value = String(integer(value) + (word === '++' ? 1 : -1));
      operation = '';
    } else if (['+', '-', '*', '/'].includes(word)) operation = word;
    else {
      const next = /^-?\d+$/.test(word) ? word : (find(word) ?? '');
      value = value === null ? next : combine(value, operation, next);
      operation = '';
    }
  }
  return value ?? '';
}

function integer(text: string): number {
  const number = Number.parseInt(text, 10);
  return Number.isNaN(number) ? 0 : number;
}

function combine(left: string, operation: string, right: string): string {
  const [a, b] = [integer(left), integer(right)];
  if (operation === '+') return String(a + b);
  if (operation === '-') return String(a - b);
  if (operation === '*') return String(a * b);
  if (operation === '/') return b === 0 ? '0' : String(Math.trunc(a / b));
  return left + right;
}
