/** Adds to a command what a known development server needs to know, also behind npx and the scripts of package.json. */
import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { KNOWN_SERVERS, type KnownServer, type ServerPlace } from './known-servers.js';

/** Scripts may call scripts; more than this is a circle. */
const MAX_DEPTH = 4;
/** Words before a command that leave it what it is, and how many of their own words follow. */
const WRAPPERS: ReadonlyMap<string, readonly string[]> = new Map([
  ['npx', []],
  ['bunx', []],
  ['pnpx', []],
  ['env', []],
  ['cross-env', []],
  ['exec', []],
  ['npm', ['exec', 'x']],
  ['pnpm', ['exec', 'dlx']],
  ['yarn', ['exec', 'dlx']],
  ['bun', ['x']],
  ['uv', ['run']],
  ['poetry', ['run']],
  ['pipenv', ['run']],
  ['bundle', ['exec']],
]);
const RUNNERS: ReadonlySet<string> = new Set(['npm', 'pnpm', 'yarn', 'bun']);
/** Subcommands of a server's program that end by themselves, wherever they stand. */
const NOT_SERVING: ReadonlySet<string> = new Set([
  'build',
  'optimize',
  'watch',
  'test',
  '--help',
  '--version',
]);
/** Interpreters whose first argument that is no option is the program. */
const INTERPRETERS = /^(?:node|python[\d.]*|ruby)$/;

/**
 * The command with the arguments that its server needs; unchanged where it is not known, or has them.
 * @param command program and arguments
 * @param folder where package.json stands
 */
export function addServerArguments(
  command: readonly string[],
  place: ServerPlace,
  folder: string,
): readonly string[] {
  const added = addedArguments(command, place, folder, 0);
  if (added.length === 0) return command;
  // npm takes options for itself up to `--`; the others hand on what follows the script's name.
  const isNpmScript = basename(command[0] ?? '') === 'npm' && !command.includes('--');
  return isNpmScript && scriptOf(command) !== null ? [...command, '--', ...added] : [...command, ...added];
}

function addedArguments(
  command: readonly string[],
  place: ServerPlace,
  folder: string,
  depth: number,
): readonly string[] {
  if (depth > MAX_DEPTH) return [];
  const script = scriptOf(command);
  if (script !== null) {
    const text = readScript(folder, script.name);
    if (text === null) {
      // `yarn vite` runs a program where there is no such script.
      return script.isCertain ? [] : addedArguments([script.name, ...script.rest], place, folder, depth + 1);
    }
    const last = lastCommand(text);
    return last === null ? [] : addedArguments([...last, ...script.rest], place, folder, depth + 1);
  }
  const words = unwrap(command);
  const server = KNOWN_SERVERS.find((known) => fits(known, words));
  return server === undefined ? [] : argumentsFor(server, words, place);
}

interface Script {
  readonly name: string;
  /** What the script's command gets beside its own words. */
  readonly rest: readonly string[];
  /** `run` was said, so it is no program. */
  readonly isCertain: boolean;
}

/** The script of package.json that a command names: `npm run dev`, `npm start`, `pnpm dev`, `yarn dev`, `bun run dev`. */
function scriptOf(command: readonly string[]): Script | null {
  const [program = '', ...words] = command;
  const runner = basename(program);
  if (!RUNNERS.has(runner)) return null;
  // Options before the script's name may lead to another folder or workspace.
  const [first = '', second = ''] = words;
  const handOn = (rest: readonly string[]): readonly string[] => rest.filter((word) => word !== '--');
  if (first === 'run' || first === 'run-script') {
    return second.startsWith('-') || second === ''
      ? null
      : { name: second, rest: handOn(words.slice(2)), isCertain: true };
  }
  if (first === 'start') return { name: first, rest: handOn(words.slice(1)), isCertain: true };
  if (runner === 'npm' || first.startsWith('-') || first === '') return null;
  if (WRAPPERS.get(runner)?.includes(first) === true) return null;
  return { name: first, rest: handOn(words.slice(1)), isCertain: false };
}

function readScript(folder: string, name: string): string | null {
  try {
    const manifest: unknown = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    if (typeof manifest !== 'object' || manifest === null || !('scripts' in manifest)) return null;
    const { scripts } = manifest;
    if (typeof scripts !== 'object' || scripts === null) return null;
    const text: unknown = Object.entries(scripts).find(([key]) => key === name)?.[1];
    return typeof text === 'string' ? text : null;
  } catch {
    return null;
  }
}

/** The words of a script's last command, which is the one that gets added arguments; null where a shell is needed to tell. */
function lastCommand(script: string): readonly string[] | null {
  const last =
    script
      .split(/&&|\|\||;/)
      .at(-1)
      ?.trim() ?? '';
  if (last === '' || /[|&<>`$"'()]/.test(last)) return null;
  return last.split(/\s+/);
}

/** Takes off wrappers, variables and interpreters: `env A=1 npx vite` is `vite`. */
function unwrap(command: readonly string[]): readonly string[] {
  let words = command;
  for (;;) {
    const [first = '', second = ''] = words;
    const program = basename(first);
    const verbs = WRAPPERS.get(program);
    if (/^\w+=/.test(first)) words = words.slice(1);
    else if (verbs !== undefined && verbs.length === 0) words = skipOptions(words.slice(1));
    else if (verbs?.includes(second) === true) words = skipOptions(words.slice(2));
    else if (INTERPRETERS.test(program)) {
      const module = second === '-m' ? 2 : 1;
      words = module === 2 ? words.slice(2) : skipOptions(words.slice(1));
    } else return words;
    if (words.length === 0) return words;
  }
}

function skipOptions(words: readonly string[]): readonly string[] {
  const start = words.findIndex((word) => !word.startsWith('-'));
  return start === -1 ? [] : words.slice(start);
}

/** `vite.js` and `vite.cmd` are vite; `manage.py` is itself. */
function programName(word: string): string {
  return basename(word).replace(/\.(?:js|mjs|cjs|cmd|exe|rb)$/, '');
}

function fits({ program, subcommands }: KnownServer, words: readonly string[]): boolean {
  const [first = '', ...rest] = words;
  if (programName(first) !== program) return false;
  if (rest.some((word) => NOT_SERVING.has(word))) return false;
  const own = rest.filter((word) => !word.startsWith('-'));
  if (subcommands.includes('*') || own.some((word) => subcommands.includes(word))) return true;
  // `vite ./docs`: a folder, not a command.
  const mayServe = own[0] === undefined || rest[0]?.startsWith('-') === true || /[./]/.test(own[0]);
  return subcommands.includes('') && mayServe;
}

function argumentsFor(
  { flags, positional }: KnownServer,
  words: readonly string[],
  place: ServerPlace,
): readonly string[] {
  const given = new Set(words.map((word) => (word.startsWith('-') ? (word.split('=')[0] ?? word) : word)));
  const added = flags.filter(({ known }) => !known.some((name) => given.has(name)));
  const own = words.slice(1).filter((word) => !word.startsWith('-'));
  // The subcommand itself, where there is one, is the first of them.
  const hasAddress = own.some((word) => /^(?:[\w.[\]:]*:)?\d+$/.test(word));
  return [
    ...added.flatMap(({ values }) => values(place)),
    ...(positional === undefined || hasAddress ? [] : positional(place)),
  ];
}
