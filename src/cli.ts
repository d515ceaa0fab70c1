#!/usr/bin/env node
/** The command: reads the arguments, loads the one subcommand they name, and ends with its exit code. */
import type { Command } from 'commander';
import { addAcme } from './commands/acme/acme-parser.js';
import { addAuthority } from './commands/authority/authority-parser.js';
import { addChain } from './commands/chain/chain-parser.js';
import { collect } from './commands/collect.js';
import { addControl } from './commands/control/control-parser.js';
import { loadSettings } from './options/config-file/load.js';
import { findHelp, renderHelp } from './options/help.js';
import { misused } from './options/read-setting.js';
import type { SettingLayer, Settings } from './options/settings.js';
import { expandShorthand } from './options/shorthand.js';
import { optionOf, SETTING_KEYS } from './options/table.js';
import { translateUsageError } from './options/usage-errors.js';
import { type Cut, cutCommandWords, mayBeUwsgi } from './options/uwsgi/quick-look.js';
import type { Translation } from './options/uwsgi/translate.js';
import type { Config } from './shared/config.js';
import { ownRelease } from './system/release.js';
import { type CommandIo, EXIT_SUCCESS, printError, printNote, printWarning } from './terminal/console.js';

type Commander = typeof import('commander');

/** All that people try; `-v` with more beside it is uWSGI's. */
const VERSION_WORDS: ReadonlySet<string> = new Set(['--version', '-v', '-V', 'version']);

/** A parser with our options, our help text, and no exits or messages of its own. */
function prepareParser({ Option }: Commander, parser: Command): Command {
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

/** What this parser found on the command line, in the raw form of a settings layer. */
function readFlags(parser: Command): SettingLayer {
  const layer: SettingLayer = {};
  for (const key of SETTING_KEYS) {
    const { flag, argument } = optionOf(key);
    const name = parser.options.find(({ long }) => long === flag)?.attributeName();
    if (name === undefined || parser.getOptionValueSource(name) !== 'cli') continue;
    const value: unknown = parser.getOptionValue(name);
    if (argument === null) layer[key] = ['true'];
    else if (Array.isArray(value)) layer[key] = value.map(String);
  }
  return layer;
}

/** @param load lays the sources of settings over each other, at the start and at each reload */
async function serveSettings(load: () => Promise<Settings>, io: CommandIo): Promise<number> {
  const settings = await load();
  for (const warning of settings.warnings) printWarning(io, warning);
  const { thisPlatform } = await import('./system/platform.js');
  const { resolveConfig } = await import('./options/resolve.js');
  const config = resolveConfig(settings, thisPlatform());
  let isBackground = false;
  const daemonFile = settings.get('daemonize').values.at(-1);
  if (daemonFile !== undefined) {
    const { takeDaemonMark } = await import('./system/daemon-mark.js');
    isBackground = takeDaemonMark();
    const { goToBackground } = await import('./commands/background.js');
    if (!isBackground) return goToBackground(config.logFile ?? daemonFile, io);
  }
  const { serve } = await import('./commands/serve.js');
  const readConfig = async (): Promise<Config> => resolveConfig(await load(), thisPlatform());
  return serve(config, readConfig, ownRelease(), io, isBackground);
}

/** The app of a command line that names none: the development script of this folder. */
async function withDevScript(settings: Settings, flags: SettingLayer, io: CommandIo): Promise<Settings> {
  const { command, file } = settings;
  const isNamed = settings.has('upstream') || settings.has('wsgiFile') || settings.has('uwsgiOption');
  if (command !== null || file !== null || isNamed) return settings;
  const { findDevScript } = await import('./commands/dev-script.js');
  const script = findDevScript(process.cwd());
  return script === null ? settings : await loadSettings(flags, io.environment, script);
}

async function serveRoot(parser: Command, command: readonly string[] | null, io: CommandIo): Promise<number> {
  const load = async (): Promise<Settings> => {
    const flags = flagsOf(parser);
    return withDevScript(await loadSettings(flags, io.environment, command), flags, io);
  };
  return serveSettings(load, io);
}

/** Reads the words of a uWSGI line anew, and the files that they name; null: the line is ours. */
let readLine: (() => Translation) | null = null;

/** Options may stand before and after the subcommand's name; those after it win. */
function flagsOf(parser: Command): SettingLayer {
  const flags = { ...(parser.parent === null ? {} : readFlags(parser.parent)), ...readFlags(parser) };
  return readLine === null ? flags : { ...readLine().values, ...flags };
}

/** The settings in force; what looks wrong in them is told. */
async function layer(
  flags: SettingLayer,
  command: readonly string[] | null,
  io: CommandIo,
): Promise<Settings> {
  const settings = await loadSettings(flags, io.environment, command);
  for (const warning of settings.warnings) printWarning(io, warning);
  return settings;
}

async function demo(flags: SettingLayer, command: readonly string[] | null, io: CommandIo): Promise<number> {
  if (command !== null || flags.upstream !== undefined || flags.wsgiFile !== undefined) {
    throw misused('demo brings its own app', 'leave out the word demo to serve yours');
  }
  const { demoCommand } = await import('./commands/demo.js');
  return serveSettings(() => loadSettings(flags, io.environment, demoCommand()), io);
}

async function check(parser: Command, command: readonly string[] | null, io: CommandIo): Promise<number> {
  const { print, json } = parser.opts<{ print?: true; json?: true }>();
  const { runCheck } = await import('./commands/check.js');
  const options = { print: print === true, json: json === true };
  return runCheck(
    () => layer(flagsOf(parser), command, io),
    options,
    io,
    () => readLine?.().outcomes ?? [],
  );
}

/** `tlsfront config schema` and `config export`. */
function addConfig(
  commander: Commander,
  root: Command,
  command: readonly string[] | null,
  io: CommandIo,
  done: (exitCode: number) => void,
): void {
  const group = root.command('config').helpCommand(true);
  group.helpInformation = renderHelp;
  group.command('schema').action(async () => {
    const { printSchema } = await import('./commands/config.js');
    done(printSchema(io));
  });
  const exporter = prepareParser(commander, group.command('export'));
  exporter.action(async () => {
    const { exportConfig } = await import('./commands/config.js');
    const flags = { ...readFlags(root), ...flagsOf(exporter) };
    done(exportConfig(await layer(flags, command, io), io));
  });
}

/** The commands that print what the package knows. */
function addTexts(root: Command, io: CommandIo, done: (exitCode: number) => void): void {
  root.command('completion [shell]').action(async (shell?: string) => {
    done((await import('./commands/completion.js')).printCompletion(shell, io));
  });
  root.command('man').action(async () => {
    done((await import('./commands/completion.js')).printManual(ownRelease(), io));
  });
  root.command('doctor').action(async () => {
    done(await (await import('./commands/doctor.js')).runDoctor(io));
  });
  const clean = root.command('clean').option('--yes').option('--dry-run');
  clean.action(async () => {
    done(await (await import('./commands/clean.js')).runClean(clean.opts(), io));
  });
  root.command('password [user]').action(async (user?: string) => {
    done(await (await import('./commands/password.js')).runPassword(user, io));
  });
  root.command('docs [topic]').action(async (topic?: string) => {
    done((await import('./commands/docs.js')).printDocs(topic, io));
  });
}

/** Binds the subcommands; `done` gets the exit code of the one that runs. */
function buildParser(
  commander: Commander,
  command: readonly string[] | null,
  io: CommandIo,
  done: (exitCode: number) => void,
): Command {
  const root = prepareParser(commander, new commander.Command('tlsfront'))
    .version(ownRelease(), '--version')
    .enablePositionalOptions()
    .helpCommand(true)
    .configureOutput({ writeOut: (text) => io.stdout.write(text), writeErr: () => undefined })
    .exitOverride()
    .action(async () => done(await serveRoot(root, command, io)));
  const demoParser = prepareParser(commander, root.command('demo'));
  demoParser.action(async () => done(await demo(flagsOf(demoParser), command, io)));
  const checkParser = prepareParser(commander, root.command('check').option('--print').option('--json'));
  checkParser.action(async () => done(await check(checkParser, command, io)));
  addConfig(commander, root, command, io, done);
  addTexts(root, io, done);
  addChain(root, io, done);
  addAuthority(root, io, done);
  addAcme(root, io, done);
  addControl(root, io, done);
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

/** Our words of a line whose options are uWSGI's; those are then read by `readLine`. Null: the line is ours. */
async function cutUwsgiLine(
  words: readonly string[],
  command: readonly string[] | null,
  io: CommandIo,
): Promise<Cut | null> {
  const cut = cutCommandWords(words);
  if (cut === null || !mayBeUwsgi(cut.uwsgi, io.environment)) return null;
  const { isUwsgiLine, readUwsgiLine } = await import('./options/uwsgi/line.js');
  if (!isUwsgiLine(cut.uwsgi, io.environment)) return null;
  const { theseSurroundings } = await import('./options/uwsgi/surroundings.js');
  const { thisPlatform } = await import('./system/platform.js');
  const around = theseSurroundings(io.environment, thisPlatform());
  readLine = () => readUwsgiLine(cut.uwsgi, command, around);
  for (const note of readLine().notes) printNote(io, note);
  return cut;
}

/** `tlsfront service`: what follows its own words is a command line of the front, which is checked before it is written down. */
async function service(words: readonly string[], io: CommandIo): Promise<number> {
  try {
    const { runService } = await import('./commands/service/service.js');
    return await runService(words, io, (front) =>
      main(['check', ...front], { ...io, stdout: { write: () => true } }),
    );
  } catch (error) {
    return printError(io, error);
  }
}

/** A lone app with its flag; where it was found by looking, the long form is said. */
function expandAndTell(words: readonly string[], io: CommandIo): readonly string[] {
  const expanded = expandShorthand(words);
  const found = expanded.filter(
    (word, index) => expanded[index - 1] === '--uwsgi-option' && !words.includes(word),
  );
  if (found.length > 0) printNote(io, `that is ${found.map((option) => `--${option}`).join(' ')}`);
  return expanded;
}

/** Runs the command line to its end and gives the exit code. */
async function main(argv: readonly string[], io: CommandIo): Promise<number> {
  const [words, command] = cutCommand(argv);
  const help = findHelp(words);
  if (help !== null) {
    io.stdout.write(help);
    return EXIT_SUCCESS;
  }
  if (words[0] === 'service') return service(argv.slice(1), io);
  let cut: Cut | null;
  try {
    cut = await cutUwsgiLine(words, command, io);
  } catch (error) {
    return printError(io, error);
  }
  const commander = await import('commander');
  let exitCode: number = EXIT_SUCCESS;
  const parser = buildParser(commander, command, io, (code) => {
    exitCode = code;
  });
  try {
    await parser.parseAsync(cut?.ours ?? cutUnknownFlags(expandAndTell(words, io)), { from: 'user' });
    return exitCode;
  } catch (error) {
    if (!(error instanceof commander.CommanderError)) return printError(io, error);
    // Help and the version end in an "error" with exit code 0.
    if (error.exitCode === 0) return EXIT_SUCCESS;
    return printError(io, translateUsageError(error.code, error.message, parser.args));
  }
}

const io: CommandIo = { stdout: process.stdout, stderr: process.stderr, environment: process.env };
// A reader that went away (`tlsfront --help | head -1`) is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(EXIT_SUCCESS);
});
process.on('uncaughtException', (error) => process.exit(printError(io, error)));

// Bundles run, and stack traces name the sources; the processes that are started inherit the arguments.
if (process.env.TLSFRONT_DEBUG === '1') {
  process.setSourceMapsEnabled(true);
  process.execArgv.push('--enable-source-maps');
}

const argv = process.argv.slice(2);
if (argv.length === 1 && VERSION_WORDS.has(argv[0] ?? '')) process.stdout.write(`${ownRelease()}\n`);
else process.exitCode = await main(argv, io);
// A channel to a parent (fork, pm2) must not keep a command that has ended; a cluster's worker that closes it would exit with 0.
if (process.connected) process.exit();
