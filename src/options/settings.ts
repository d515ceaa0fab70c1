/** Lays the sources of settings over each other (flag, environment, file, default) and remembers where each value came from. */
import type { OptionRow } from './option-row.js';
import { isSharedKey } from './sites/site-keys.js';
import { environmentName, optionOf, SETTING_KEYS, type SettingKey } from './table.js';

/** Where a value came from, the strongest first. */
export const ORIGINS = ['command line', 'environment', 'file', 'default'] as const;

export type Origin = (typeof ORIGINS)[number];

/** One source's raw values as written; a switch is `true` or `false`. */
export type SettingLayer = Partial<Record<SettingKey, readonly string[]>>;

/** What a configuration file says, above its sites or in one of them. */
export interface FileLayer {
  readonly path: string;
  readonly values: SettingLayer;
  /** What to call each value in a message: `tlsfront.toml:3: listen`. */
  readonly labels: Readonly<Partial<Record<SettingKey, string>>>;
  /** Program and arguments that start the app; null: it names none. */
  readonly command: readonly string[] | null;
  /** Those that it describes; a site has none. */
  readonly sites: readonly SiteLayer[];
}

/** One site of a file. */
export interface SiteLayer extends Omit<FileLayer, 'sites'> {
  readonly name: string;
  /** What to call it in a message: `tlsfront.toml:12: [site.shop]`. */
  readonly label: string;
}

/** The settings of one site. */
export interface SiteSettings {
  readonly name: string;
  readonly label: string;
  readonly settings: Settings;
}

/** A value as written, with its origin. Without a value and a default: no values. */
export interface Setting {
  readonly values: readonly string[];
  readonly origin: Origin;
  /** What to call it in a message: the flag, the environment variable or the line of a file it came from. */
  readonly label: string;
}

/** Variables with our prefix that are no settings. */
const OTHER_VARIABLES = new Set([
  'TLSFRONT_CODE_CACHE',
  'TLSFRONT_DEBUG',
  'TLSFRONT_REQUIRE_TOOLS',
  'TLSFRONT_FRONT',
  'TLSFRONT_DAEMON',
  'TLSFRONT_SUCCESSOR_OF',
  'TLSFRONT_URL',
]);

/** What Kubernetes sets in every container beside a service that is named tlsfront. */
const KUBERNETES_VARIABLE = /^TLSFRONT_(?:SERVICE|PORT)(?:_|$)/;

/** The values found in the environment. An empty variable counts as not set. */
export function readEnvironment(environment: Readonly<NodeJS.ProcessEnv>): SettingLayer {
  const layer: SettingLayer = {};
  for (const key of SETTING_KEYS) {
    const text = environment[environmentName(key)]?.trim() ?? '';
    if (text === '') continue;
    const { repeatable, lines } = optionOf(key);
    layer[key] = repeatable === true ? text.split(lines === true ? /\s*\n\s*/ : /\s+/) : [text];
  }
  // The name that browsers, curl and Wireshark's manual know.
  const keyLog = environment.SSLKEYLOGFILE ?? '';
  if (layer.keylog === undefined && keyLog !== '') layer.keylog = [keyLog];
  return layer;
}

/**
 * Variables that begin with `TLSFRONT_` and mean nothing. They are told, not refused: orchestrators put variables of
 * their own making beside ours, and a rollback must start with the variables of the newer version still there.
 */
export function unknownVariables(environment: Readonly<NodeJS.ProcessEnv>): readonly string[] {
  const known = new Set(SETTING_KEYS.map(environmentName));
  return Object.keys(environment)
    .filter((name) => name.startsWith('TLSFRONT_') && !known.has(name))
    .filter((name) => !OTHER_VARIABLES.has(name) && !KUBERNETES_VARIABLE.test(name))
    .sort();
}

/** The settings that say what the app is. */
const APP_KEYS: readonly SettingKey[] = ['upstream', 'wsgiFile', 'asgiFile', 'uwsgiOption'];

function namesApp(layer: SettingLayer): boolean {
  return APP_KEYS.some((key) => layer[key] !== undefined);
}

function sharedOf<Value>(layer: Partial<Record<SettingKey, Value>>): Partial<Record<SettingKey, Value>> {
  const shared: Partial<Record<SettingKey, Value>> = {};
  for (const key of SETTING_KEYS) if (isSharedKey(key) && layer[key] !== undefined) shared[key] = layer[key];
  return shared;
}

function withoutApp(layer: SettingLayer): SettingLayer {
  const rest = { ...layer };
  for (const key of APP_KEYS) delete rest[key];
  return rest;
}

/** Every setting as written: the command line over the environment over a file over the defaults. */
export class Settings {
  /** Program and arguments that start the app, from behind `--` or from the file; null when there is none. */
  readonly command: readonly string[] | null;
  /** Where the command came from. */
  readonly commandOrigin: Extract<Origin, 'command line' | 'file'>;
  /** What looks wrong and is not refused, a sentence each. */
  readonly warnings: readonly string[];
  /** The sites of the file, each as if it were a configuration of its own. */
  readonly sites: readonly SiteSettings[];
  private readonly environment: SettingLayer;
  private readonly fileValues: SettingLayer;

  /**
   * An app that one source names replaces those of the weaker ones; they do not add up to two.
   * @param command what stands behind `--` on the command line; null: nothing
   * @param file the configuration file; null: there is none
   */
  constructor(
    private readonly flags: SettingLayer,
    private readonly variables: Readonly<NodeJS.ProcessEnv>,
    command: readonly string[] | null = null,
    readonly file: FileLayer | null = null,
    isSite = false,
  ) {
    const inherited = isSite ? sharedOf(readEnvironment(variables)) : readEnvironment(variables);
    const isOnLine = command !== null || namesApp(flags);
    this.environment = isOnLine ? withoutApp(inherited) : inherited;
    const isNamed = isOnLine || namesApp(inherited);
    const values = file?.values ?? {};
    this.fileValues = isNamed ? withoutApp(values) : values;
    const written = file?.sites ?? [];
    this.sites = isNamed || file === null ? [] : written.map((site) => this.siteOf(file, site));
    const left = written.length - this.sites.length;
    this.warnings = [
      ...unknownVariables(variables).map((name) => `${name} is not a setting of tlsfront and is ignored`),
      ...(left > 0 ? [`the sites of ${file?.path} are left out: an app is named beside the file`] : []),
    ];
    this.commandOrigin = command === null ? 'file' : 'command line';
    this.command = command ?? (isNamed ? null : (file?.command ?? null));
  }

  /** What stands in the site before what stands above it. */
  private siteOf(file: FileLayer, site: SiteLayer): SiteSettings {
    const { name, label } = site;
    const values = { ...sharedOf(file.values), ...site.values };
    const labels = { ...sharedOf(file.labels), ...site.labels };
    const layer = { ...site, values, labels, sites: [] };
    return { name, label, settings: new Settings(sharedOf(this.flags), this.variables, null, layer, true) };
  }

  /** The value in force and where it came from. */
  get(key: SettingKey): Setting {
    const option = optionOf(key);
    const given = this.flags[key];
    if (given !== undefined) return { values: given, origin: 'command line', label: option.flag };
    const inherited = this.environment[key];
    if (inherited !== undefined) {
      return { values: inherited, origin: 'environment', label: environmentName(key) };
    }
    const written = this.fileValues[key];
    if (written !== undefined) {
      return { values: written, origin: 'file', label: this.file?.labels[key] ?? option.flag };
    }
    const values = option.default === null ? [] : [option.default];
    return { values, origin: 'default', label: option.flag };
  }

  /** An environment variable that a value names. */
  variable(name: string): string | undefined {
    return this.variables[name];
  }

  /** What the table says about the setting. */
  row(key: SettingKey): OptionRow {
    return optionOf(key);
  }

  /** True when somebody gave a value. */
  has(key: SettingKey): boolean {
    return this.get(key).origin !== 'default';
  }
}
