/** The arguments of the commands that speak with a running front. */
import type { Command } from 'commander';
import type { CommandIo } from '../../terminal/console.js';
import type { DeployOptions } from './deploy.js';
import type { FrontChoice } from './find-front.js';

interface ControlOptions extends FrontChoice {
  readonly json?: true;
  readonly now?: true;
  readonly follow?: true;
  readonly reopen?: true;
  readonly once?: true;
  readonly upgrade?: true;
}

function addChoice(parser: Command): Command {
  return parser
    .option('--pid <number>', 'process id of the front, where several run')
    .option('--socket <file>', 'its control socket');
}

/** Binds them; `done` gets the exit code of the one that runs. @param command what stands behind `--`; null: nothing does */
export function addControl(
  root: Command,
  command: readonly string[] | null,
  io: CommandIo,
  done: (exitCode: number) => void,
): void {
  const bind = (
    parser: Command,
    description: string,
    action: (options: ControlOptions) => Promise<number>,
  ) => {
    parser
      .helpCommand(false)
      .description(description)
      .action(async (options: ControlOptions) => done(await action(options)));
  };
  bind(
    addChoice(root.command('status')).option('--json', 'print one JSON object'),
    'show what a running front does; exit code 0 while it takes requests, else 1',
    async (options) => (await import('./status.js')).runStatus(options, io),
  );
  bind(
    addChoice(root.command('top')).option('--once', 'print one frame and end; needs no terminal'),
    'show live what a running front does: requests, routes, apps, processes, certificates; q ends it',
    async (options) => (await import('./top.js')).runTop(options, io),
  );
  bind(
    root.command('list').option('--json', 'print one JSON array'),
    'list the running fronts of this user',
    async (options) => (await import('./status.js')).runList(options, io),
  );
  bind(
    addChoice(root.command('reload')).option(
      '--upgrade',
      'start the program as it is on disk now, in place of the one that runs',
    ),
    'start a new generation; returns when it serves, or says why the old one stays (exit code 1 or 2)',
    async (options) => (await import('./orders.js')).runReload(options, io),
  );
  addChoice(root.command('stop [name]'))
    .option('--now', 'end what is open')
    .helpCommand(false)
    .description('drain and end the front, or the one project of this name; returns when it has ended')
    .action(async (name: string | undefined, options: ControlOptions) => {
      const { runStop, runStopProject } = await import('./orders.js');
      done(
        await (name === undefined ? runStop(options, io) : runStopProject(name, options.now === true, io)),
      );
    });
  bind(
    addChoice(root.command('logs'))
      .option('-f, --follow', 'go on with every further line')
      .option('--reopen', 'open the log file anew, for rotation, as SIGUSR2 does'),
    "print the log file's end, or the master's latest lines where the log goes to stderr",
    async (options) => (await import('./orders.js')).runLogs(options, io),
  );
  addInterventions(root, io, done);
  addDeploy(root, command, io, done);
  addBans(root, io, done);
}

function addWord(word: string, before: readonly string[] = []): readonly string[] {
  return [...before, word];
}

function addInterventions(root: Command, io: CommandIo, done: (exitCode: number) => void): void {
  addChoice(root.command('drain <upstream>'))
    .option('--timeout <duration>', 'how long to wait for what is in flight there (default: 60s)')
    .helpCommand(false)
    .description(
      'take one of several apps out: it gets no new requests; returns when nothing is in flight there',
    )
    .action(async (upstream: string, options: FrontChoice & { readonly timeout?: string }) => {
      done(await (await import('./interventions.js')).runDrain(upstream, options, io));
    });
  addChoice(root.command('maintenance [on|off]'))
    .option('--message <text>', 'what the page says')
    .option('--allow <cidr>', 'clients that the apps serve all the same; may be repeated', addWord)
    .helpCommand(false)
    .description('answer every request with 503 and a page; without a word: say whether it does')
    .action(
      async (
        word: string | undefined,
        options: FrontChoice & { readonly message?: string; readonly allow?: readonly string[] },
      ) => {
        done(await (await import('./interventions.js')).runMaintenance(word, options, io));
      },
    );
  addChoice(root.command('pause'))
    .option('--max <duration>', 'longest hold of a request, after which it gets 503 (default: 30s)')
    .helpCommand(false)
    .description('hold requests, their bodies unread, until resume; returns when every router does')
    .action(async (options: FrontChoice & { readonly max?: string }) => {
      done(await (await import('./interventions.js')).runPause(options, io));
    });
  addChoice(root.command('resume'))
    .helpCommand(false)
    .description('let held requests go, in the order in which they came; exit code 1 where none is held')
    .action(async (options: FrontChoice) => {
      done(await (await import('./interventions.js')).runResume(options, io));
    });
  addChoice(root.command('undrain <upstream>'))
    .helpCommand(false)
    .description('give an app back that was drained; exit code 1 where it was not')
    .action(async (upstream: string, options: FrontChoice) => {
      done(await (await import('./interventions.js')).runUndrain(upstream, options, io));
    });
}

function addDeploy(
  root: Command,
  command: readonly string[] | null,
  io: CommandIo,
  done: (exitCode: number) => void,
): void {
  addChoice(root.command('deploy [app]'))
    .option('--upstream <address>', 'where the new version runs; may be repeated', addWord)
    .option(
      '--health-path <path>',
      "what it is asked for (default: the front's own, or / with any answer below 500)",
    )
    .option('--checks <n>', 'how many answers in a row must be good (default: 3)')
    .option('--timeout <duration>', 'for its start and the checks (default: 30s)')
    .option('--drain <duration>', 'how long the old version may take to empty (default: 30s)')
    .helpCommand(false)
    .action(async (app: string | undefined, options: DeployOptions) => {
      done(await (await import('./deploy.js')).runDeploy(app, command, options, io));
    });
}

function addBans(root: Command, io: CommandIo, done: (exitCode: number) => void): void {
  addChoice(root.command('ban <address> [time]'))
    .helpCommand(false)
    .description(
      'refuse an address or network (203.0.113.0/24), for a time such as 10m, or until it is taken back',
    )
    .action(async (address: string, time: string | undefined, options: ControlOptions) => {
      done(await (await import('./bans.js')).runBan(address, time, options, io));
    });
  addChoice(root.command('unban <address>'))
    .helpCommand(false)
    .description('take a ban back; exit code 1 where there is none')
    .action(async (address: string, options: ControlOptions) => {
      done(await (await import('./bans.js')).runUnban(address, options, io));
    });
  addChoice(root.command('bans').option('--json', 'print one JSON array'))
    .helpCommand(false)
    .description('list what is banned, and until when')
    .action(async (options: ControlOptions) => {
      done(await (await import('./bans.js')).runBans(options, io));
    });
}
