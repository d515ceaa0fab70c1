/** Whether a command line may be uWSGI's: a cheap look, so that the table of its options is loaded for few lines only. */
import { COMMANDS } from '../help/command-help.js';
import { optionOf, SETTING_KEYS } from '../table.js';

/** Our words, and the options of a uWSGI line behind them. */
export interface Cut {
  /** Words for our own parser: the command, and what only it knows. */
  readonly ours: readonly string[];
  readonly uwsgi: readonly string[];
}

const FILE_OF_OPTIONS = /\.(?:ini|ya?ml|json|js|xml)(?::[\w-]*)?$/;
const UWSGI_MARKS: ReadonlySet<string> = new Set(['--master', '-M', '--listen', '-l', '--log-format']);

/** The command before the options: `check`, `config export`, or none. Null: another command, which takes none of uWSGI's. */
export function cutCommandWords(words: readonly string[]): Cut | null {
  const [first = '', second] = words;
  if (first === 'check') return cutCheck(words);
  if (first === 'config' && second === 'export') return { ours: words.slice(0, 2), uwsgi: words.slice(2) };
  const isCommand = first === 'help' || COMMANDS.some(([name]) => name === first) || first === 'man';
  return isCommand || first === 'completion' ? null : { ours: [], uwsgi: words };
}

/** `check --print --json`: its own words; `--json FILE` is uWSGI's. */
function cutCheck(words: readonly string[]): Cut {
  const isOwn = (word: string, index: number): boolean =>
    index === 0 || word === '--print' || (word === '--json' && !FILE_OF_OPTIONS.test(words[index + 1] ?? ''));
  return { ours: words.filter(isOwn), uwsgi: words.filter((word, index) => !isOwn(word, index)) };
}

/** True for a line with a word that we do not have, or that both have; and where UWSGI_* variables are set. */
export function mayBeUwsgi(words: readonly string[], environment: Readonly<NodeJS.ProcessEnv>): boolean {
  const flags = new Set(SETTING_KEYS.flatMap((key) => [optionOf(key).flag, optionOf(key).short]));
  return (
    words.some((word) => {
      const flag = word.startsWith('--') ? (word.split('=', 1)[0] ?? word) : word;
      return word.startsWith('-') ? !flags.has(flag) || UWSGI_MARKS.has(flag) : FILE_OF_OPTIONS.test(word);
    }) || Object.keys(environment).some((name) => name.startsWith('UWSGI_'))
  );
}
