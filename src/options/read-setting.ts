/** Reads one setting as what its row says it is, or throws an error that names it as the user wrote it. */
import { FrontError } from '../shared/errors.js';
import type { Platform } from '../system/platform.js';
import type { Settings } from './settings.js';
import type { SettingKey } from './table.js';
import { formatDuration, formatSize, parseCount, parseDuration, parseSize } from './values/quantities.js';

/** An error about a value: `--mercy abc: not a time`. */
export function invalid(label: string, value: string, reason: string, hint: string): FrontError {
  return new FrontError('config_invalid', `${label} ${value}: ${reason}`, { hint });
}

/** An error about how options go together. */
export function misused(message: string, hint: string): FrontError {
  return new FrontError('config_usage', message, { hint });
}

/** The text in force (the last one given), or null. */
export function readText(settings: Settings, key: SettingKey): string | null {
  const setting = settings.get(key);
  const text = setting.values.at(-1);
  if (text === '')
    throw invalid(setting.label, "''", 'the value is empty', `give ${settings.row(key).argument}`);
  return text ?? null;
}

/** Every value of a repeatable setting; values with commas are taken apart where the row allows it. */
export function readList(settings: Settings, key: SettingKey): readonly string[] {
  const { values, label } = settings.get(key);
  const parts = settings.row(key).commas === true ? values.flatMap((value) => value.split(',')) : values;
  const texts = parts.map((part) => part.trim());
  if (texts.includes('')) {
    throw invalid(label, `'${values.join(' ')}'`, 'a value is empty', `give ${settings.row(key).argument}`);
  }
  return texts;
}

const SWITCH_WORDS: ReadonlyMap<string, boolean> = new Map([
  ['1', true],
  ['true', true],
  ['yes', true],
  ['on', true],
  ['0', false],
  ['false', false],
  ['no', false],
  ['off', false],
]);

/** A switch; in the environment 1, true, yes, on and 0, false, no, off are understood. */
export function readSwitch(settings: Settings, key: SettingKey): boolean {
  const { values, label } = settings.get(key);
  const text = values.at(-1);
  if (text === undefined) return false;
  const value = SWITCH_WORDS.get(text.toLowerCase());
  if (value === undefined) throw invalid(label, text, 'neither on nor off', 'write 1 or 0');
  return value;
}

/** One of the row's choices. */
export function readChoice(settings: Settings, key: SettingKey): string {
  const { choices = [] } = settings.row(key);
  const text = readText(settings, key) ?? '';
  if (choices.includes(text)) return text;
  throw invalid(settings.get(key).label, text, 'unknown', `choose ${choices.join(', ')}`);
}

const NUMBERS = {
  count: { parse: parseCount, format: String, noun: 'a whole number', example: '4' },
  size: { parse: parseSize, format: formatSize, noun: 'a size', example: '4096, 32k, 1m or 2g' },
  duration: {
    parse: parseDuration,
    format: formatDuration,
    noun: 'a time',
    example: '500ms, 30s, 5m or plain seconds',
  },
};

/** A count, bytes or milliseconds, by the row's kind, within the row's bounds. */
export function readNumber(settings: Settings, key: SettingKey): number {
  const { kind, least = 0, most = Number.MAX_SAFE_INTEGER } = settings.row(key);
  const { parse, format, noun, example } = NUMBERS[kind === 'size' || kind === 'duration' ? kind : 'count'];
  const { label } = settings.get(key);
  const text = readText(settings, key) ?? '';
  const value = parse(text);
  if (value === null) throw invalid(label, text, `not ${noun}`, `write it as ${example}`);
  if (value < least) throw invalid(label, text, 'too small', `the least is ${format(least)}`);
  if (value > most) throw invalid(label, text, 'too large', `the most is ${format(most)}`);
  return value;
}

/** Refuses a file that is missing, a folder, or not readable by us. @throws FrontError config_invalid */
export function requireFile(platform: Platform, label: string, path: string, hint: string): void {
  const reason = platform.whyUnreadable(path);
  if (reason !== null) throw invalid(label, path, reason, hint);
}

/** An option of the command line that could not have an effect is a misunderstanding; tell it. @throws FrontError config_usage */
export function refuseWithout(settings: Settings, keys: readonly SettingKey[], needed: string): void {
  for (const key of keys) {
    const { origin, label } = settings.get(key);
    if (origin !== 'command line') continue;
    throw misused(`${label} has no effect without ${needed}`, `leave ${label} out, or add ${needed}`);
  }
}
