/** A command line from its words to its exit code: whose options they are, the one subcommand that they name, and what went wrong. */
import type { Command } from 'commander';
import { addAcme } from '../commands/acme/acme-parser.js';
import { addAuthority } from '../commands/authority/authority-parser.js';
import { addChain } from '../commands/chain/chain-parser.js';
import { addControl } from '../commands/control/control-parser.js';
import { findHelp } from '../options/help/help.js';
import { translateUsageError } from '../options/help/usage-errors.js';
import { expandShorthand } from '../options/shorthand.js';
import { optionOf, SETTING_KEYS } from '../options/table.js';
import { type Cut, cutCommandWords, mayBeUwsgi } from '../options/uwsgi/quick-look.js';
import { ownRelease } from '../system/release.js';
import { type CommandIo, EXIT_SUCCESS, printError, printNote } from '../terminal/console.js';
import { type Commander, type CommandLine, flagsOf, prepareParser } from './flags.js';
import { serveLine } from './serve-line.js';
import { addReaders, addTools } from './subcommands.js';

/** A line whose options are uWSGI's, cut in two. */
interface UwsgiLine {
  /** Our words of it. */
  readonly ours: Cut['ours'];
  readonly read: NonNullable<CommandLine['readUwsgi']>;
}

/** Runs the command line to its end and gives the exit code. */
export async function main(argv: readonly string[], io: CommandIo): Promise<number> {
  const [words, given] = cutCommand(argv);
  const help = findHelp(words);
  if (help !== null) {
    io.stdout.write(help);
    return EXIT_SUCCESS;
  }
  if (words[0] === 'service') return service(argv.slice(1), io);
  let uwsgi: UwsgiLine | null;
  try {
    uwsgi = await cutUwsgiLine(words, given, io);
  } catch (error) {
    return printError(io, error);
  }
  const commander = await import('commander');
  let exitCode: number = EXIT_SUCCESS;
  const done = (code: number): void => {
    exitCode = code;
  };
  // A lone script becomes a command.
  const [own, found] = cutCommand(uwsgi?.ours ?? expandAndTell(words, given, io));
  const command = given ?? found;
  const parser = buildParser(commander, { io, command, readUwsgi: uwsgi?.read ?? null, done });
  try {
    await parser.parseAsync(uwsgi === null ? cutUnknownFlags(own) : own, { from: 'user' });
    return exitCode;
  } catch (error) {
    if (!(error instanceof commander.CommanderError)) return printError(io, error);
    // Help and the version end in an "error" with exit code 0.
    if (error.exitCode === 0) return EXIT_SUCCESS;
    return printError(io, translateUsageError(error.code, error.message, parser.args));
  }
}

/** Binds the subcommands. */
export function buildParser(commander: Commander, line: CommandLine): Command {
  const { io, command, done } = line;
  const root = prepareParser(commander, new commander.Command('tlsfront'))
    .version(ownRelease(), '--version')
    .enablePositionalOptions()
    .helpCommand(true)
    .configureOutput({ writeOut: (text) => io.stdout.write(text), writeErr: () => undefined })
    .exitOverride()
    .action(async () => done(await serveLine(line, () => flagsOf(line, root))));
  addReaders(commander, root, line);
  addTools(root, line);
  addChain(root, io, done);
  addAuthority(root, io, done);
  addAcme(root, io, done);
  addControl(root, command, io, done);
  return root;
}

/** Cuts `--flag=value` of a flag we do not have in two, so that the parser finds the flag that was meant. */
function cutUnknownFlags(words: readonly string[]): readonly string[] {
  const flags = new Set(SETTING_KEYS.map((key) => optionOf(key).flag));
  return words.flatMap((word) => {
    const end = word.startsWith('--') ? word.indexOf('=') : -1;
    return end === -1 || flags.has(word.slice(0, end)) ? [word] : [word.slice(0, end), word.slice(end + 1)];
  });
}

/** Cuts at the first `--` before the parser sees it: `tlsfront -- check` starts a program that is called check. */
function cutCommand(argv: readonly string[]): [words: readonly string[], command: readonly string[] | null] {
  const end = argv[0] === 'chain' ? -1 : argv.indexOf('--');
  return end === -1 ? [argv, null] : [argv.slice(0, end), argv.slice(end + 1)];
}

/** Null: the options of this line are ours. */
async function cutUwsgiLine(
  words: readonly string[],
  command: readonly string[] | null,
  io: CommandIo,
): Promise<UwsgiLine | null> {
  const cut = cutCommandWords(words);
  if (cut === null || !mayBeUwsgi(cut.uwsgi, io.environment)) return null;
  const { isUwsgiLine, readUwsgiLine } = await import('../options/uwsgi/line.js');
  if (!isUwsgiLine(cut.uwsgi, io.environment)) return null;
  const { theseSurroundings } = await import('../options/uwsgi/surroundings.js');
  const { thisPlatform } = await import('../system/platform.js');
  const around = theseSurroundings(io.environment, thisPlatform());
  const read: UwsgiLine['read'] = () => readUwsgiLine(cut.uwsgi, command, around);
  for (const note of read().notes) printNote(io, note);
  return { ours: cut.ours, read };
}

/** `tlsfront service`: what follows its own words is a command line of the front, which is checked before it is written down. */
async function service(words: readonly string[], io: CommandIo): Promise<number> {
  try {
    const { runService } = await import('../commands/service/service.js');
    return await runService(words, io, (front) =>
      main(['check', ...front], { ...io, stdout: { write: () => true } }),
    );
  } catch (error) {
    return printError(io, error);
  }
}

/** A lone app with its flag; where it was found by looking, the long form is said. */
function expandAndTell(
  words: readonly string[],
  command: readonly string[] | null,
  io: CommandIo,
): readonly string[] {
  const expanded = expandShorthand(words);
  const end = expanded.indexOf('--');
  // Two apps: the line as it stands says so.
  if (end !== -1 && command !== null) return words;
  const options = expanded.filter(
    (word, index) => expanded[index - 1] === '--uwsgi-option' && !words.includes(word),
  );
  const name = expanded.findIndex(
    (word, index) => word === '--callable' && !words.includes(word) && index > 0,
  );
  const long = [
    ...options.map((option) => `--${option}`),
    ...(name === -1 ? [] : expanded.slice(name - 2, name + 2)),
    ...(end === -1 ? [] : expanded.slice(end)),
  ];
  if (long.length > 0) printNote(io, `that is ${long.join(' ')}`);
  return expanded;
}
