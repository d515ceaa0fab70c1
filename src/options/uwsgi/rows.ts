/** What becomes of each option of uWSGI 2.0: the rows of one table, and how they are looked up. */
import type { SettingKey } from '../table.js';
import { FRONT_OPTIONS } from './front-options.js';
import { REFUSED_OPTIONS } from './refused-options.js';
import { WORKER_OPTIONS } from './worker-options.js';

/** What can become of an option, with what docs/uwsgi.md says about each. */
export const FATES = {
  ours: 'means the same here',
  worker: "goes to uWSGI's worker unchanged, in its order",
  needless: 'is accepted and does nothing; one line says so at the start',
  mapped: 'becomes an option of ours; one line says which',
  refused: 'is an error that names the nearest',
} as const;

export type Fate = keyof typeof FATES;

/** Headings of docs/uwsgi.md, in their order. */
export const AREAS = {
  listen: 'Listeners and sockets',
  tls: 'TLS',
  app: 'The app',
  worker: 'Processes and threads of the app',
  request: 'Requests',
  static: 'Static files',
  limit: 'Limits and times',
  process: 'Processes of the front',
  rights: 'Rights',
  log: 'Logs',
  stats: 'Statistics',
  config: 'Configuration files',
  fleet: 'Fleets and other routers',
  asking: 'Questions and orders',
  other: 'Other languages and plugins',
} as const;

export interface UwsgiRow {
  readonly fate: Fate;
  readonly area: keyof typeof AREAS;
  /** Why, or what to do. */
  readonly text: string;
  /** The setting that takes the value as it is, where there is one. */
  readonly to?: SettingKey;
  /** What a worker's option is where the app is none of uWSGI's: the setting that takes the value, or nothing that is needed; left out: refused. */
  readonly beside?: SettingKey | 'needless';
  /** Options, separated by blanks, as `s|socket=`: short name, long name, `=` for a value, `?` for a value that may be left out. */
  readonly names: readonly string[];
}

export interface UwsgiOption {
  readonly name: string;
  /** One letter; null: none. */
  readonly short: string | null;
  readonly takes: 'nothing' | 'value' | 'maybe a value';
  readonly row: UwsgiRow;
}

/** All rows of the table. */
export const UWSGI_ROWS: readonly UwsgiRow[] = [...FRONT_OPTIONS, ...REFUSED_OPTIONS, ...WORKER_OPTIONS];

const TAKES = { '=': 'value', '?': 'maybe a value' } as const;

function readName(word: string, row: UwsgiRow): UwsgiOption {
  const [, letter, name = '', mark] = /^(?:(.)\|)?([^=?]+)([=?])?$/.exec(word) ?? [];
  const takes = mark === '=' || mark === '?' ? TAKES[mark] : 'nothing';
  return { name, short: letter ?? null, takes, row };
}

/** Every option of a row. */
export function optionsOfRow(row: UwsgiRow): readonly UwsgiOption[] {
  return row.names.flatMap((names) => names.split(' ')).map((word) => readName(word, row));
}

const ALL: readonly UwsgiOption[] = UWSGI_ROWS.flatMap(optionsOfRow);
const BY_NAME: ReadonlyMap<string, UwsgiOption> = new Map(ALL.map((option) => [option.name, option]));

/** Every option of the table. */
export function uwsgiOptions(): readonly UwsgiOption[] {
  return ALL;
}

/** The option with this long name, without `--`; null: uWSGI has none. */
export function uwsgiOption(name: string): UwsgiOption | null {
  return BY_NAME.get(name) ?? null;
}

/** The option with this letter; null: uWSGI has none. */
export function uwsgiShort(letter: string): UwsgiOption | null {
  return ALL.find(({ short }) => short === letter) ?? null;
}

/** The option that this beginning of a name can only mean, as getopt_long(3) completes it; null: none or several. */
export function uwsgiAbbreviation(start: string): UwsgiOption | null {
  const [first, ...others] = ALL.filter(({ name }) => name.startsWith(start));
  if (first === undefined) return null;
  // Names with one letter are names of one option.
  return others.every(({ short }) => short !== null && short === first.short) ? first : null;
}
