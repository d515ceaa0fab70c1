/** What can be written after each command: its words, and its own options or those of the front. */
import type { Command } from 'commander';
import { optionOf, SETTING_KEYS } from '../../options/table.js';

/** An option, of the front or of one command. */
export interface OptionWord {
  readonly flag: string;
  /** `-l`; undefined: there is none. */
  readonly short: string | undefined;
  readonly value: 'none' | 'file' | 'any' | readonly string[];
  readonly description: string;
}

export interface CommandWords {
  /** `chain check`; empty: what stands before any command. */
  readonly path: string;
  readonly options: readonly OptionWord[];
  /** What may follow; empty: files, or whatever the user knows. */
  readonly words: readonly string[];
  /** All options of the front are taken too. */
  readonly takesFrontOptions: boolean;
}

export const FRONT_OPTIONS: readonly OptionWord[] = SETTING_KEYS.map(optionOf).map((row) => {
  const { flag, short, argument, kind, choices, description } = row;
  const value = argument === null ? 'none' : (choices ?? (kind === 'file' ? 'file' : 'any'));
  return { flag, short, value, description };
});

/** Commands that take the options of the front. */
const FRONT_COMMANDS: ReadonlySet<string> = new Set(['demo', 'check', 'config export']);

/** Has no parser of its own: what follows its words is a command line of the front. */
const SERVICE: readonly CommandWords[] = [
  { path: 'service', options: [], words: ['print', 'install', 'uninstall'], takesFrontOptions: false },
  ...['print', 'install', 'uninstall'].map((verb) => ({
    path: `service ${verb}`,
    options: [
      valued('--unit', 'any', 'name of the unit'),
      ...(verb === 'uninstall' ? [] : [valued('--user', 'any', 'account that it runs as')]),
      valued('--root', 'file', 'folder beneath which the unit is written'),
    ],
    words: [],
    takesFrontOptions: verb !== 'uninstall',
  })),
];

/** Words that an argument takes whose name does not say them. */
const ARGUMENT_WORDS: Readonly<Record<string, readonly string[]>> = { completion: ['bash', 'zsh', 'fish'] };

function valued(flag: string, value: 'file' | 'any', description: string): OptionWord {
  return { flag, short: undefined, value, description };
}

/** Every command that the parser knows, and `service`; groups come before their members. */
export function readCommandWords(root: Command): readonly CommandWords[] {
  return [...root.commands.flatMap((command) => wordsOf(command, '')), ...SERVICE];
}

function wordsOf(command: Command, before: string): readonly CommandWords[] {
  const path = `${before}${command.name()}`;
  const takesFrontOptions = FRONT_COMMANDS.has(path);
  const own = command.options.filter(({ long }) => long !== undefined && long !== null);
  const options = own.map(({ long, short, flags, description }) => ({
    flag: long ?? '',
    short: short ?? undefined,
    value: valueKind(flags),
    description,
  }));
  const members = command.commands.map((member) => member.name());
  const named = command.registeredArguments.flatMap((argument) => choicesOf(argument.name()));
  const words = members.length > 0 ? members : (ARGUMENT_WORDS[path] ?? named);
  return [
    { path, options, words, takesFrontOptions },
    ...command.commands.flatMap((member) => wordsOf(member, `${path} `)),
  ];
}

/** `--cert-file <file>`. */
function valueKind(flags: string): OptionWord['value'] {
  const name = /[<[]([^>\]]+)[>\]]$/.exec(flags)?.[1];
  if (name === undefined) return 'none';
  return /^(?:file|folder|dir)\b/.test(name) ? 'file' : 'any';
}

/** `on|off`. */
function choicesOf(name: string): readonly string[] {
  return name.includes('|') ? name.split('|') : [];
}

/** A word in single quotes for any of the three shells; none of our texts has one that must be kept. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", '’')}'`;
}
