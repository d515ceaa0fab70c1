/** Reads a configuration file into a layer of settings: each key is an option's own name. */
import { dirname, isAbsolute, join } from 'node:path';
import { FrontError } from '../../shared/errors.js';
import { closestName } from '../help/closest.js';
import type { OptionKind, OptionRow } from '../option-row.js';
import type { FileLayer, SettingLayer, SiteLayer } from '../settings.js';
import { isSiteKey } from '../sites/site-keys.js';
import { optionOf, SETTING_KEYS, type SettingKey } from '../table.js';
import { uwsgiOption } from '../uwsgi/rows.js';
import { type FoundFile, PACKAGE_KEY } from './find.js';
import { jsonPosition, type Position, pathText, tomlPositions } from './positions.js';

/** The key that holds what stands behind `--` on the command line. */
export const COMMAND_KEY = 'command';

/** What an option is called in a file: its flag without the dashes. */
export function fileName(key: SettingKey): string {
  return optionOf(key).flag.slice(2);
}

/** The settings that may stand in a file: all but the one that names it. */
export const FILE_KEYS: readonly SettingKey[] = SETTING_KEYS.filter((key) => key !== 'config');

const KEYS_BY_NAME: ReadonlyMap<string, SettingKey> = new Map(FILE_KEYS.map((key) => [fileName(key), key]));

/** The key whose tables are sites. */
export const SITE_KEY = 'site';

/** It stands in messages, metrics and on command lines. */
const SITE_NAME = /^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$/;

type Table = Readonly<Record<string, unknown>>;

/** A parsed file that knows where its keys stand. */
interface ParsedFile {
  readonly path: string;
  readonly table: Table;
  readonly positionOf: (path: readonly string[]) => Position;
}

function isTable(value: unknown): value is Table {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);
}

/** Everything of one file. @throws FrontError config_invalid for what is no option or no value of it, with line and column */
export async function readConfigFile(found: FoundFile): Promise<FileLayer> {
  const file = found.form === 'toml' ? await parseToml(found) : parseManifest(found);
  const { [SITE_KEY]: sites, ...rest } = file.table;
  return { ...readTable(file, [], rest), sites: sites === undefined ? [] : readSites(file, sites) };
}

/** The keys of one table. @param above where it stands: empty, or `site` and a name */
function readTable(file: ParsedFile, above: readonly string[], table: Table): Omit<FileLayer, 'sites'> {
  const values: SettingLayer = {};
  const labels: Partial<Record<SettingKey, string>> = {};
  let command: readonly string[] | null = null;
  for (const [name, value] of Object.entries(table)) {
    const path = [...above, name];
    if (name === COMMAND_KEY) {
      command = readCommand(file, path, value);
      continue;
    }
    const key = KEYS_BY_NAME.get(name);
    if (key === undefined) throw unknownKey(file, path);
    if (above.length > 0 && !isSiteKey(key))
      throw wrong(file, path, `${name} is not for one site`, 'write it above the sites: it holds for all');
    const texts = readTexts(file, path, optionOf(key), value);
    if (texts.length === 0) continue;
    values[key] = texts.map((text) => fromFolder(dirname(file.path), key, text));
    labels[key] = `${place(file, path, false)}: ${name}`;
  }
  return { path: file.path, values, labels, command };
}

function readSites(file: ParsedFile, sites: unknown): readonly SiteLayer[] {
  const hint = 'write [site.shop], and beneath it host = "shop.example.com" and upstream = 3000';
  if (!isTable(sites)) throw wrong(file, [SITE_KEY], 'site is a table of sites', hint);
  return Object.entries(sites).map(([name, table]) => {
    const path = [SITE_KEY, name];
    if (!isTable(table)) throw wrong(file, path, `${name} is not the table of a site`, hint);
    if (!SITE_NAME.test(name))
      throw wrong(file, path, `'${name}' is no name of a site`, 'use letters, digits, - and _');
    return { ...readTable(file, path, table), name, label: `${place(file, path, false)}: [site.${name}]` };
  });
}

async function parseToml({ path, text }: FoundFile): Promise<ParsedFile> {
  const { parse, TomlError } = await import('smol-toml');
  try {
    const table = parse(text);
    const positions = tomlPositions(text);
    const positionOf = (keys: readonly string[]): Position =>
      positions.get(pathText(keys)) ?? { line: 1, column: 1 };
    return { path, table, positionOf };
  } catch (cause) {
    if (!(cause instanceof TomlError)) throw cause;
    const [first = ''] = cause.message.replace(/^Invalid TOML document: /, '').split('\n');
    const hint = 'a line is name = value: texts in quotes, switches true or false, lists in [ ]';
    const message = `${path}:${cause.line}:${cause.column}: not TOML: ${first}`;
    throw new FrontError('config_invalid', message, { hint, cause });
  }
}

function parseManifest({ path, text }: FoundFile): ParsedFile {
  let manifest: unknown = null;
  try {
    manifest = JSON.parse(text);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new FrontError('config_invalid', `${path}: ${reason}`, { hint: 'mend the JSON', cause });
  }
  const table = isTable(manifest) ? manifest[PACKAGE_KEY] : undefined;
  const positionOf = (keys: readonly string[]): Position => jsonPosition(text, [PACKAGE_KEY, ...keys]);
  if (isTable(table)) return { path, table, positionOf };
  const hint = `write "${PACKAGE_KEY}": { "upstream": "8080" }`;
  throw new FrontError('config_invalid', `${path} has no object ${PACKAGE_KEY}`, { hint });
}

function place({ path, positionOf }: ParsedFile, keys: readonly string[], withColumn: boolean): string {
  const { line, column } = positionOf(keys);
  return withColumn ? `${path}:${line}:${column}` : `${path}:${line}`;
}

function wrong(file: ParsedFile, path: readonly string[], message: string, hint: string): FrontError {
  return new FrontError('config_invalid', `${place(file, path, true)}: ${message}`, { hint });
}

function unknownKey(file: ParsedFile, path: readonly string[]): FrontError {
  const name = path.at(-1) ?? '';
  const flag = name.startsWith('-') ? name : `--${name}`;
  if (name === 'config') return wrong(file, path, 'a file cannot name another', 'leave it out');
  const meant = closestName(name.replace(/^-+/, '').replaceAll('_', '-'), [
    ...KEYS_BY_NAME.keys(),
    COMMAND_KEY,
    SITE_KEY,
  ]);
  const option = uwsgiOption(flag.slice(2));
  if (option !== null && meant === null) {
    const advice = option.row.fate === 'worker' ? `write uwsgi-option = ["${name}=…"]` : option.row.text;
    return wrong(file, path, `${name} is an option of uWSGI that tlsfront does not have`, advice);
  }
  const hint = 'names are those of `tlsfront --help`, without the dashes';
  return wrong(file, path, `${name} is not an option`, meant === null ? hint : `did you mean ${meant}?`);
}

/** The value as texts, as the command line would give it. A list that is empty counts as not given. */
function readTexts(
  file: ParsedFile,
  path: readonly string[],
  option: OptionRow,
  value: unknown,
): readonly string[] {
  const name = path.at(-1) ?? '';
  if (option.kind === 'switch') {
    if (typeof value === 'boolean') return [String(value)];
    throw wrong(file, path, `${name} is a switch`, `write ${name} = true or ${name} = false`);
  }
  if (Array.isArray(value)) {
    if (option.repeatable !== true) {
      throw wrong(file, path, `${name} takes one value, not a list`, `write ${example(name, option)}`);
    }
    return value.map((part) => readText(file, path, option, part));
  }
  return [readText(file, path, option, value)];
}

/** Kinds whose values may be written without quotes. */
const TAKES_NUMBERS: ReadonlySet<OptionKind> = new Set(['address', 'count', 'size', 'duration']);

function readText(file: ParsedFile, path: readonly string[], option: OptionRow, value: unknown): string {
  const name = path.at(-1) ?? '';
  if (typeof value === 'string') return value;
  const takesNumber = TAKES_NUMBERS.has(option.kind);
  if (takesNumber && (typeof value === 'number' || typeof value === 'bigint')) return String(value);
  const what = isTable(value) ? 'a table' : Array.isArray(value) ? 'a list' : String(value);
  throw wrong(file, path, `${name} cannot be ${what}`, `write ${example(name, option)}`);
}

function example(name: string, { choices, argument }: OptionRow): string {
  return `${name} = "${choices?.[0] ?? argument ?? ''}"`;
}

/** Program and arguments; a text is cut at its blanks. */
function readCommand(file: ParsedFile, path: readonly string[], value: unknown): readonly string[] {
  const hint = 'write command = ["npm", "run", "dev"]';
  if (Array.isArray(value) && value.length > 0) {
    const words = value.filter((word) => typeof word === 'string');
    if (words.length === value.length) return words;
  }
  if (typeof value === 'string') {
    if (/["'\\$`|&;<>]/.test(value)) throw wrong(file, path, 'no shell reads the command', hint);
    const words = value.split(/\s+/).filter((word) => word !== '');
    if (words.length > 0) return words;
  }
  throw wrong(file, path, 'command is not a list of words', hint);
}

/** Paths in a file are meant from where the file stands. */
function fromFolder(folder: string, key: SettingKey, text: string): string {
  const reach = (path: string): string => (path === '' || isAbsolute(path) ? path : join(folder, path));
  if (optionOf(key).kind === 'file') return reach(text);
  if (key !== 'https') return text;
  const [address = '', cert = '', certKey = '', ciphers, ca, ...more] = text.split(',');
  const client = ca?.startsWith('!') === true ? `!${reach(ca.slice(1))}` : ca === undefined ? ca : reach(ca);
  const fields = [address, reach(cert), reach(certKey), ciphers, client, ...more];
  const count = text.split(',').length;
  return fields.slice(0, count).join(',');
}
