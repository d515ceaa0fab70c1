/** The subcommands that have no parser of their own: each loads what it runs when it runs. */
import type { Command } from 'commander';
import { renderHelp } from '../options/help/help.js';
import { ownRelease } from '../system/release.js';
import { type Commander, type CommandLine, flagsOf, layer, prepareParser } from './flags.js';
import { serveDemo } from './serve-line.js';

/** `tlsfront demo`, `check`, `config schema` and `config export`: those that read all options. */
export function addReaders(commander: Commander, root: Command, line: CommandLine): void {
  const demo = root.command('demo');
  prepareWhenNamed(commander, root, demo);
  demo.action(async () => line.done(await serveDemo(line, flagsOf(line, demo))));
  const check = root.command('check').option('--print').option('--json');
  prepareWhenNamed(commander, root, check);
  check.action(async () => line.done(await runCheckLine(line, check)));
  const group = root.command('config').helpCommand(true);
  group.helpInformation = renderHelp;
  group.command('schema').action(async () => {
    const { printSchema } = await import('../commands/config.js');
    line.done(printSchema(line.io));
  });
  const exporter = group.command('export');
  prepareWhenNamed(commander, group, exporter);
  exporter.action(async () => {
    const { exportConfig } = await import('../commands/config.js');
    line.done(exportConfig(await layer(line, flagsOf(line, exporter)), line.io));
  });
}

/** The commands that print what the package knows, or prepare this machine. */
export function addTools(root: Command, { io, done }: CommandLine): void {
  root.command('completion [shell]').action(async (shell?: string) => {
    done((await import('../commands/completion/completion.js')).printCompletion(shell, root, io));
  });
  root.command('man').action(async () => {
    done((await import('../commands/completion/manual.js')).printManual(ownRelease(), io));
  });
  root.command('doctor').action(async () => {
    done(await (await import('../commands/doctor.js')).runDoctor(io));
  });
  const setup = root.command('setup [names...]').option('--undo').option('--yes').option('--dry-run');
  setup.action(async (names: string[]) => {
    done(await (await import('../commands/setup/setup.js')).runSetup({ ...setup.opts(), names }, io));
  });
  const clean = root.command('clean').option('--yes').option('--dry-run');
  clean.action(async () => {
    done(await (await import('../commands/clean.js')).runClean(clean.opts(), io));
  });
  root.command('password [user]').action(async (user?: string) => {
    done(await (await import('../commands/password.js')).runPassword(user, io));
  });
  root.command('docs [topic]').action(async (topic?: string) => {
    done((await import('../commands/docs.js')).printDocs(topic, io));
  });
}

/** Options for the one subcommand that the line names: all of them for each would take longer than the rest of the parser. */
function prepareWhenNamed(commander: Commander, parent: Command, parser: Command): void {
  parent.hook('preSubcommand', (_parent, named) => {
    if (named === parser) prepareParser(commander, parser);
  });
}

async function runCheckLine(line: CommandLine, parser: Command): Promise<number> {
  const { print, json } = parser.opts<{ print?: true; json?: true }>();
  const { runCheck } = await import('../commands/check.js');
  return runCheck(
    () => layer(line, flagsOf(line, parser)),
    { print: print === true, json: json === true },
    line.io,
    () => line.readUwsgi?.().outcomes ?? [],
  );
}
