/** Tells a uWSGI line from one of ours, and reads it. */

import { APP_NAMES } from './app-options.js';
import { optionsOfWord } from './by-looking.js';
import { collectOptions, formOf, givenByEnvironment, LOADERS } from './collect.js';
import { uwsgiOption } from './rows.js';
import type { Surroundings } from './surroundings.js';
import { type Translation, translateOptions } from './translate.js';
import { type Given, type Line, settingNamed, takeApart } from './words.js';

/** Ours too, where a command stands behind the options. */
const OF_COMMANDS: ReadonlySet<string> = new Set(['version', 'help', 'print']);

function isForeign({ name, value, label }: Given): boolean {
  if (OF_COMMANDS.has(name)) return false;
  if (name === 'json') return formOf(value ?? '') !== null;
  // An abbreviation is no proof: it may be a misspelt option of ours.
  const isWhole = !label.startsWith('--') || label === `--${name}`;
  return isWhole && settingNamed(name) === null && uwsgiOption(name) !== null;
}

function namesApp({ given, alone }: Line): boolean {
  const isOurs = (name: string): boolean => name === 'upstream' || name === 'asgi-file';
  return given.some(({ name }) => isOurs(name) || APP_NAMES.has(name)) || alone.length > 0;
}

/**
 * Whether a line is to be read as uWSGI reads it: it has an option that only uWSGI has, or --master, or a bare number
 * after --listen beside --wsgi-file, or a file of uWSGI's options; or it names no app and the environment does.
 */
export function isUwsgiLine(words: readonly string[], environment: Readonly<NodeJS.ProcessEnv>): boolean {
  const line = takeApart(words);
  const { given, alone } = line;
  if (given.some((one) => isForeign(one) || one.name === 'master')) return true;
  if (alone.some((word) => formOf(word) !== null)) return true;
  const has = (name: string): boolean => given.some((one) => one.name === name);
  const queue = given.some(({ name, value }) => name === 'listen' && /^\d+$/.test(value ?? ''));
  if (queue && has('wsgi-file') && (has('http') || has('https'))) return true;
  return (
    !namesApp(line) &&
    givenByEnvironment(environment).some(({ name }) => APP_NAMES.has(name) || LOADERS.has(name))
  );
}

/**
 * The line in our words; called again when the front reloads, so that files of options are read anew.
 * @param command what stands behind `--`; null: nothing
 * @throws FrontError config_usage, config_invalid
 */
export function readUwsgiLine(
  words: readonly string[],
  command: readonly string[] | null,
  around: Surroundings,
): Translation {
  const { given, alone, faults } = takeApart(words);
  const files = alone.filter((word) => formOf(word) !== null);
  const others = alone.filter((word) => formOf(word) === null).flatMap(givenByWord);
  const strays = others.filter((one) => typeof one === 'string');
  const found = others.filter((one) => typeof one !== 'string');
  const collected = collectOptions({ given: [...given, ...found], alone: files, faults }, around);
  const all = collected.given;
  const hasOtherApp = command !== null || all.some(takesEverything);
  return translateOptions(all, { hasOtherApp, asked: collected.asked, faults: [...faults, ...strays] });
}

/** An app that runs already and has no route of its own: it may stand beside no other. */
function takesEverything({ name, value }: Given): boolean {
  return (name === 'upstream' || name === 'http-to') && value?.includes('=') !== true;
}

/** A word that stands alone: an address, a Python file; or a sentence about it. */
function givenByWord(word: string): readonly (Given | string)[] {
  const options = optionsOfWord(word);
  if (options !== null) {
    return options.map((option) => {
      const at = option.indexOf('=');
      return { name: option.slice(0, at), value: option.slice(at + 1), label: word };
    });
  }
  if (/\.(?:py|wsgi)$/.test(word)) return [{ name: 'wsgi-file', value: word, label: word }];
  if (/^(?:https?:\/\/\S+|[\w.-]*:\d+|\d+)$/.test(word))
    return [{ name: 'upstream', value: word, label: word }];
  return [`'${word}' stands alone`];
}
