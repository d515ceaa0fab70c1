/** How what became of a uWSGI line is said. */
import { optionOf, type SettingKey } from '../table.js';
import type { Fate } from './rows.js';
import { nearestOption } from './words.js';

/** What became of one option. */
interface Told {
  readonly label: string;
  readonly name: string;
  readonly fate: string;
}

/** What was written on the line; of a file's options their names. */
export function shortLabels(outcomes: readonly Told[], wanted: Fate): readonly string[] {
  const found = outcomes.filter(({ fate }) => fate === wanted);
  return [...new Set(found.map(({ label, name }) => (label.startsWith('-') ? label : name)))];
}

export function written(key: SettingKey, text: string): string {
  const { flag, argument } = optionOf(key);
  return argument === null ? flag : `${flag} ${/\s/.test(text) ? `'${text}'` : text}`;
}

export function nearestText(name: string): string {
  const near = nearestOption(name);
  return near === null ? 'tlsfront docs uwsgi lists the options' : `did you mean ${near}?`;
}

/** `a, b and c`. */
export function listed(words: readonly string[]): string {
  const last = words.at(-1) ?? '';
  return words.length < 2 ? last : `${words.slice(0, -1).join(', ')} and ${last}`;
}
