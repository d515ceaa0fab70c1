/** Writes settings as a configuration file: what somebody gave, in the groups and the order of `--help`. */
import { OPTION_GROUPS, type OptionRow } from '../option-row.js';
import type { Settings } from '../settings.js';
import { isSharedKey, isSiteKey } from '../sites/site-keys.js';
import { optionOf, type SettingKey } from '../table.js';
import { COMMAND_KEY, FILE_KEYS, fileName, SITE_KEY } from './read.js';

/** A TOML basic string (TOML 1.0, string). */
function quote(text: string): string {
  // JSON's escapes are TOML's, but for DEL, which TOML wants escaped.
  return JSON.stringify(text).replaceAll('\u007f', '\\u007f');
}

function valueText(option: OptionRow, values: readonly string[]): string {
  const texts = values.map((value) => writeOne(option, value));
  return texts.length === 1 ? (texts[0] ?? '') : `[${texts.join(', ')}]`;
}

function writeOne({ kind }: OptionRow, value: string): string {
  if (kind === 'switch') return /^(?:1|true|yes|on)$/i.test(value) ? 'true' : 'false';
  const isNumber = kind === 'count' && /^(?:0|[1-9]\d{0,14})$/.test(value);
  return isNumber ? value : quote(value);
}

/** The lines of one table. @param wanted the keys that stand there */
function writeTable(settings: Settings, wanted: (key: SettingKey) => boolean): readonly string[] {
  const { command } = settings;
  return OPTION_GROUPS.flatMap((group) => {
    const keys = FILE_KEYS.filter((key) => optionOf(key).group === group && wanted(key));
    const lines = keys.map((key) => {
      return `${fileName(key)} = ${valueText(optionOf(key), settings.get(key).values)}\n`;
    });
    const first = group === OPTION_GROUPS[0] && command !== null;
    const own = first ? [`${COMMAND_KEY} = [${command.map(quote).join(', ')}]\n`, ...lines] : lines;
    return own.length === 0 ? [] : [`# ${group}\n${own.join('')}`];
  });
}

/** The text of a `tlsfront.toml` that stands for the settings; defaults are left out, and in a site what stands above it. */
export function writeConfigFile(settings: Settings): string {
  const isSame = (site: Settings, key: SettingKey): boolean =>
    isSharedKey(key) && site.get(key).values.join('\n') === settings.get(key).values.join('\n');
  const sites = settings.sites.map(({ name, settings: site }) => {
    const lines = writeTable(site, (key) => isSiteKey(key) && site.has(key) && !isSame(site, key));
    return `[${SITE_KEY}.${name}]\n${lines.join('')}`;
  });
  return [...writeTable(settings, (key) => settings.has(key)), ...sites].join('\n');
}
