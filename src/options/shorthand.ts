/** Command lines as people type them first: `tlsfront 8080`, `tlsfront index.py`. */
import { optionOf, SETTING_KEYS } from './table.js';
import { lookInto, optionsOfWord } from './uwsgi/by-looking.js';

/** A port, host:port or URL. */
const ADDRESS = /^(?:https?:\/\/\S+|(?:[\w.-]*|\[[\da-f:]+\]):\d{1,5}|\d{1,5})$/i;

/** Flags and short names that take the word after them. */
function takesValue(word: string): boolean {
  return SETTING_KEYS.map(optionOf).some(
    ({ flag, short, argument }) => argument !== null && (flag === word || short === word),
  );
}

/**
 * The words with the flag that a lone app was meant to have: an address is `--upstream`, a Python file `--wsgi-file`,
 * a module or a Django project what uWSGI calls it, and a script a command behind `--`.
 * Any other first word is a command, and everything stays as it is.
 */
export function expandShorthand(words: readonly string[]): readonly string[] {
  for (let index = lineStart(words); index < words.length; index += 1) {
    const word = words[index] ?? '';
    if (word.startsWith('-')) {
      if (takesValue(word)) index += 1;
      continue;
    }
    const options = optionsOfWord(word);
    if (options !== null) {
      const flags = options.flatMap((option) => ['--uwsgi-option', option]);
      return [...words.slice(0, index), ...flags, ...words.slice(index + 1)];
    }
    const [before, after] = [words.slice(0, index), words.slice(index + 1)];
    if (ADDRESS.test(word)) return [...before, '--upstream', word, ...after];
    if (!word.endsWith('.py')) return words;
    const found = lookInto(word);
    if ('command' in found) return [...before, ...after, '--', ...found.command];
    // Who names it knows better.
    const isNamed = after.some((other) => other.startsWith('--callable'));
    return [...before, ...(isNamed ? ['--wsgi-file', word] : found.options), ...after];
  }
  return words;
}

/** Where the front's own line begins behind `check` and `config export`. */
function lineStart([first, second]: readonly string[]): number {
  if (first === 'check') return 1;
  return first === 'config' && second === 'export' ? 2 : 0;
}
