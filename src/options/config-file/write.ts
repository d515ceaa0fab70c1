/** Writes settings as a configuration file: what somebody gave, in the groups and the order of `--help`. */
import { OPTION_GROUPS, type OptionRow } from '../option-row.js';
import type { Settings } from '../settings.js';
import { optionOf, type SettingKey } from '../table.js';
import { COMMAND_KEY, FILE_KEYS, fileName } from './read.js';

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

/** The text of a `tlsfront.toml` that stands for the settings; defaults are left out. */
export function writeConfigFile(settings: Settings): string {
  const { command } = settings;
  const groups = OPTION_GROUPS.flatMap((group) => {
    const lines = FILE_KEYS.filter((key) => optionOf(key).group === group && settings.has(key)).map(
      (key: SettingKey) => `${fileName(key)} = ${valueText(optionOf(key), settings.get(key).values)}\n`,
    );
    const first = group === OPTION_GROUPS[0] && command !== null;
    const own = first ? [`${COMMAND_KEY} = [${command.map(quote).join(', ')}]\n`, ...lines] : lines;
    return own.length === 0 ? [] : [`# ${group}\n${own.join('')}`];
  });
  return groups.join('\n');
}
