/** Takes a command line apart as uWSGI does (getopt_long): options with their values, and words that stand alone. */
import { closestName } from '../help/closest.js';
import { optionOf, SETTING_KEYS, type SettingKey } from '../table.js';
import { type UwsgiOption, uwsgiAbbreviation, uwsgiOption, uwsgiOptions, uwsgiShort } from './rows.js';

/** One option of a line or file as written. */
export interface Given {
  /** Long name without `--`. */
  readonly name: string;
  /** Null: none was given. */
  readonly value: string | null;
  /** What to call it in a message: `--http` or `uwsgi.ini:3: http`. */
  readonly label: string;
}

export interface Line {
  readonly given: readonly Given[];
  /** Words without an option before them. */
  readonly alone: readonly string[];
  /** What cannot be understood, a sentence each. */
  readonly faults: readonly string[];
}

/** The setting of ours with this long name; null: none. */
export function settingNamed(name: string): SettingKey | null {
  return SETTING_KEYS.find((key) => optionOf(key).flag === `--${name}`) ?? null;
}

function settingWithShort(letter: string): SettingKey | null {
  return SETTING_KEYS.find((key) => optionOf(key).short === `-${letter}`) ?? null;
}

interface Known {
  readonly name: string;
  readonly takes: UwsgiOption['takes'];
}

function knownSetting(key: SettingKey | null): Known | null {
  if (key === null) return null;
  const { flag, argument } = optionOf(key);
  return { name: flag.slice(2), takes: argument === null ? 'nothing' : 'value' };
}

function known(name: string): Known | null {
  return uwsgiOption(name) ?? knownSetting(settingNamed(name)) ?? uwsgiAbbreviation(name);
}

/** The option that was probably meant by an unknown name, of uWSGI's and ours; null: none is near. */
export function nearestOption(name: string): string | null {
  const ours = SETTING_KEYS.map((key) => optionOf(key).flag.slice(2));
  return closestName(name, [...ours, ...uwsgiOptions().map((option) => option.name)]);
}

function meant(name: string): string {
  const near = nearestOption(name);
  return near === null ? '' : ` (did you mean --${near}?)`;
}

/** Reads the words of a line; unknown options become faults. */
export function takeApart(words: readonly string[]): Line {
  const given: Given[] = [];
  const alone: string[] = [];
  const faults: string[] = [];
  let index = 0;
  /** Adds the option; `attached` is the text that stands in the same word. */
  const add = ({ name, takes }: Known, label: string, attached: string | null): void => {
    if (takes !== 'value' || attached !== null) {
      given.push({ name, value: attached, label });
      return;
    }
    const value = words[index];
    if (value === undefined) faults.push(`${label} needs a value`);
    index += 1;
    given.push({ name, value: value ?? null, label });
  };
  const readLetters = (letters: string): void => {
    for (let at = 0; at < letters.length; at += 1) {
      const letter = letters[at] ?? '';
      const option = uwsgiShort(letter) ?? knownSetting(settingWithShort(letter));
      if (option === null) {
        faults.push(`-${letter} is not an option`);
        return;
      }
      const rest = letters.slice(at + 1);
      const takesRest = option.takes !== 'nothing' && rest !== '';
      add(option, `-${letter}`, takesRest ? rest : null);
      if (takesRest || option.takes === 'value') return;
    }
  };
  while (index < words.length) {
    const word = words[index] ?? '';
    index += 1;
    if (word.startsWith('--')) {
      const [, name = '', value] = /^--([^=]*)(?:=(.*))?$/s.exec(word) ?? [];
      const option = known(name);
      if (option === null) faults.push(`--${name} is not an option${meant(name)}`);
      else add(option, `--${name}`, value ?? null);
    } else if (word.startsWith('-') && word.length > 1) readLetters(word.slice(1));
    else alone.push(word);
  }
  return { given, alone, faults };
}
