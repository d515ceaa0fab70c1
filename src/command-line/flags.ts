/** What stands on the command line: a parser with our options, and the flags that it found as a layer of settings. */
import type * as commander from 'commander';
import type { Command } from 'commander';
import { collect } from '../commands/collect.js';
import { loadSettings } from '../options/config-file/load.js';
import { renderHelp } from '../options/help/help.js';
import { misused } from '../options/read-setting.js';
import type { SettingLayer, Settings } from '../options/settings.js';
import { optionOf, SETTING_KEYS } from '../options/table.js';
import type { Translation } from '../options/uwsgi/translate.js';
import { type CommandIo, printWarning } from '../terminal/console.js';

export type Commander = typeof commander;

/** One command line while it is read and run. */
export interface CommandLine {
  readonly io: CommandIo;
  /** The app's command behind `--`; null: none. */
  readonly command: readonly string[] | null;
  /** Reads the words of a uWSGI line anew, and the files that they name; null: the line is ours. */
  readonly readUwsgi: (() => Translation) | null;
  /** Takes the exit code of the subcommand that ran. */
  readonly done: (exitCode: number) => void;
}

/** A parser with our options, our help text, and no exits or messages of its own. */
export function prepareParser({ Option }: Commander, parser: Command): Command {
  for (const key of SETTING_KEYS) {
    const { flag, short, argument } = optionOf(key);
    const names = short === undefined ? flag : `${short}, ${flag}`;
    const option = new Option(argument === null ? names : `${names} <value>`);
    if (argument !== null) {
      option.argParser<readonly string[]>((value, before) => {
        if (value.startsWith('--')) {
          throw misused(`${flag} needs a value, and ${value} follows`, `write ${flag} ${argument}`);
        }
        return collect(value, before);
      });
    }
    parser.addOption(option);
  }
  parser.helpInformation = renderHelp;
  return parser;
}

/** Options may stand before and after the subcommand's name; those after it win, and those of a uWSGI line come last. */
export function flagsOf(line: CommandLine, parser: Command): SettingLayer {
  const flags: SettingLayer = {};
  for (let one: Command | null = parser; one !== null; one = one.parent) {
    Object.assign(flags, { ...readFlags(one), ...flags });
  }
  return line.readUwsgi === null ? flags : { ...line.readUwsgi().values, ...flags };
}

/** The settings in force; what looks wrong in them is told. */
export async function layer(line: CommandLine, flags: SettingLayer): Promise<Settings> {
  const settings = await loadSettings(flags, line.io.environment, line.command);
  for (const warning of settings.warnings) printWarning(line.io, warning);
  return settings;
}

/** What this parser found on the command line, in the raw form of a settings layer. */
function readFlags(parser: Command): SettingLayer {
  const flags: SettingLayer = {};
  for (const key of SETTING_KEYS) {
    const { flag, argument } = optionOf(key);
    const name = parser.options.find(({ long }) => long === flag)?.attributeName();
    if (name === undefined || parser.getOptionValueSource(name) !== 'cli') continue;
    const value: unknown = parser.getOptionValue(name);
    if (argument === null) flags[key] = ['true'];
    else if (Array.isArray(value)) flags[key] = value.map(String);
  }
  return flags;
}
