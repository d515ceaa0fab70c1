/**
 * Starts a program of the package from the code that V8 compiled at an earlier start: to compile it was a fifth of a start (Node 20).
 * It stands before each program in a file of its own, and takes from other modules what stands alone.
 */
import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { cachedDataVersionTag } from 'node:v8';
import { Script } from 'node:vm';
import { onLasting, userCodeFolder } from './compiled-code.js';

/** Where compiled code is kept, in place of the user's folder of caches; `off`: nowhere. It also tells our own processes. */
const VARIABLE = 'TLSFRONT_CODE_CACHE';
/** What a start runs has been compiled then, and is kept with it. */
const SAVE_AFTER_MS = 2000;
/** Files that are kept: those of a few releases and versions of Node. */
const MAX_FILES = 60;
/** Code of another V8, or of one with other flags, is none of ours. */
const CODE_VERSION = cachedDataVersionTag().toString(36);

type Load = (id: string) => unknown;
interface Loaded {
  exports: unknown;
}

const HEAD = '(function (exports, require, module, __filename, __dirname) { ';

const loaded = new Map<string, Loaded>();
/** By the name under which it is kept. */
const unsaved = new Map<string, Script>();

/** @param file a bundle: its name and those of the files that it loads end in a hash of what they hold */
export function loadProgram(file: string): void {
  const folder = process.env.TLSFRONT_DEBUG === '1' ? null : codeFolder();
  if (folder === null) {
    // Node maps stack traces to sources only for what it has loaded itself.
    createRequire(file)(file);
    return;
  }
  // Our routers have no home in their environment.
  process.env[VARIABLE] = folder;
  loadFile(file, folder);
  onLasting(() => setTimeout(() => save(folder), SAVE_AFTER_MS).unref());
}

/** null: compiled code is kept nowhere. */
function codeFolder(): string | null {
  const given = process.env[VARIABLE];
  if (given === 'off') return null;
  const folder = given ?? userCodeFolder(process.env);
  return folder !== null && mayBeOurs(folder) ? folder : null;
}

/**
 * What lies there is run: nobody else may be able to write it. Where nothing is yet, it is about the folder in which it would be made, so that
 * root leaves nothing in the home of a user.
 */
function mayBeOurs(folder: string): boolean {
  if (process.geteuid === undefined) return true;
  for (let path = folder; ; path = dirname(path)) {
    try {
      const { uid, mode } = path === folder ? lstatSync(path) : statSync(path);
      return uid === process.geteuid() && (path !== folder || (mode & 0o022) === 0);
    } catch {
      if (dirname(path) === path) return false;
    }
  }
}

function loadFile(file: string, folder: string): unknown {
  const known = loaded.get(file);
  if (known !== undefined) return known.exports;
  const module: Loaded = { exports: {} };
  loaded.set(file, module);
  const place = dirname(file);
  const others = createRequire(file);
  const load: Load = (id) => (id.startsWith('.') ? loadFile(join(place, id), folder) : others(id));
  const source = readFileSync(file, 'utf8');
  const key = `${basename(place)}-${basename(file, '.js')}-${CODE_VERSION}`;
  const cachedData = readCode(join(folder, key));
  // What Node puts around a module.
  const text = `${HEAD}${source.startsWith('#!') ? '//' : ''}${source}\n})`;
  const script = new Script(text, {
    filename: file,
    columnOffset: -HEAD.length,
    ...(cachedData === undefined ? {} : { cachedData }),
  });
  if (cachedData === undefined || script.cachedDataRejected === true) unsaved.set(key, script);
  const run: unknown = script.runInThisContext();
  if (typeof run === 'function') run.call(module.exports, module.exports, load, module, file, place);
  return module.exports;
}

function readCode(file: string): Buffer | undefined {
  try {
    return readFileSync(file);
  } catch {
    return undefined;
  }
}

/** A disk that is full or read-only is no reason to fail: the next start compiles again. */
function save(folder: string): void {
  if (unsaved.size === 0) return;
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    if (!mayBeOurs(folder)) return;
    for (const [key, script] of unsaved) {
      const file = join(folder, key);
      const half = `${file}.${process.pid}`;
      writeFileSync(half, script.createCachedData(), { mode: 0o600 });
      renameSync(half, file);
    }
    forgetOld(folder);
  } catch {
    // As above.
  }
  unsaved.clear();
}

function forgetOld(folder: string): void {
  const files = readdirSync(folder).map((name) => join(folder, name));
  const byAge = files
    .map((file) => ({ file, writtenAtMs: statSync(file).mtimeMs }))
    .sort((one, other) => other.writtenAtMs - one.writtenAtMs);
  for (const { file } of byAge.slice(MAX_FILES)) rmSync(file, { force: true });
}
