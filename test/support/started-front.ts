/** The real command as a user starts it, with a private data folder: its log, its pids, its end, and whatever it leaves behind. */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CLI, cleanEnvironment, withoutTimes } from './command.js';
import { until, within } from './deadline.js';
import { builtProgram } from './workspace.js';

export interface StartedFrontOptions {
  /** Everything before `--`. */
  readonly arguments: readonly string[];
  /** The app's command; left out: none. */
  readonly app?: readonly string[];
  readonly environment?: NodeJS.ProcessEnv;
  readonly folder?: string;
  /** For Node itself, before the built command. */
  readonly nodeArguments?: readonly string[];
  /** Program and first arguments in place of node and the built command. */
  readonly program?: readonly [program: string, ...first: readonly string[]];
}

/** Program and argument that run the bundled sample app; the front gives it PORT and HOST. */
export const SAMPLE_APP: readonly string[] = [process.execPath, builtProgram('sampleApp')];

/** Ends a wait that nothing else would end; a machine with ten times more to do than it can must not reach it. */
export const PATIENCE_MS = 60_000;

const MARK = 'FRONT_TEST_MARK';

/** Pids of every living process that inherited the mark, however it was started, and of those whom this master has marked. */
function findMarked(mark: string, master: number): number[] {
  const marks = [`${MARK}=${mark}`, `TLSFRONT_FRONT=${master}-`];
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => {
      const environment = readOr(`/proc/${name}/environ`);
      return marks.some((text) => environment.includes(text));
    })
    .map(Number);
}

function readOr(file: string): string {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return '';
  }
}

/** A `tlsfront` that was started; `stop` it in an after hook. */
export class StartedFront {
  /** Everything it and its children wrote, as it was written. */
  written = '';
  readonly dataFolder = mkdtempSync(join(tmpdir(), 'tlsfront-data-'));
  readonly child: ChildProcess;
  /** The exit code, or the name of the signal that ended it. */
  readonly ended: Promise<number | string>;
  private readonly mark = randomUUID();

  private constructor(options: StartedFrontOptions) {
    const { arguments: given, app, environment, folder, nodeArguments = [], program } = options;
    const [name, ...first] = program ?? [process.execPath, ...nodeArguments, CLI];
    const args = [...first, ...given, ...(app === undefined ? [] : ['--', ...app])];
    this.child = spawn(name, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...cleanEnvironment(),
        XDG_DATA_HOME: this.dataFolder,
        [MARK]: this.mark,
        ...environment,
      },
      ...(folder === undefined ? {} : { cwd: folder }),
    });
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.written += text;
      });
    }
    this.ended = new Promise((resolve) => {
      this.child.once('error', (error) => resolve(error.message));
      // Not 'close': a child that outlives the master would keep the pipes open.
      this.child.once('exit', (code, signal) => resolve(signal ?? code ?? 'unknown'));
    });
  }

  /** What was written, without the times before the lines. */
  get log(): string {
    return withoutTimes(this.written);
  }

  /** Starts it without waiting for anything. */
  static launch(options: StartedFrontOptions): StartedFront {
    return new StartedFront(options);
  }

  /** Starts it and waits for its ready line. */
  static async start(options: StartedFrontOptions): Promise<StartedFront> {
    const front = new StartedFront(options);
    try {
      await front.logged(/tlsfront is ready/);
      return front;
    } catch (error) {
      await front.stop().catch(() => undefined);
      throw error;
    }
  }

  /** Waits until the log, from `from` on, matches. */
  async logged(pattern: RegExp, from = 0): Promise<RegExpExecArray> {
    const found = until(
      () => pattern.exec(this.log.slice(from)) ?? this.failEarly(pattern),
      PATIENCE_MS,
      `${pattern} in the log`,
    );
    return found.catch((error: unknown) => {
      throw new Error(`${error instanceof Error ? error.message : String(error)}\n${this.log}`);
    });
  }

  private failEarly(pattern: RegExp): undefined {
    if (this.child.exitCode === null && this.child.signalCode === null) return undefined;
    throw new Error(`it ended with ${this.child.exitCode ?? this.child.signalCode} before ${pattern}`);
  }

  /** Port of the n-th listener of a kind, as the boot lines name it. */
  port(kind: 'https' | 'http' | 'http-to-https' = 'https', nth = 0): number {
    const lines = [
      ...this.log.matchAll(
        new RegExp(`(?:^|"message":")tlsfront ${kind} bound on \\S+?:(\\d+)(?:$|")`, 'gm'),
      ),
    ];
    const port = lines[nth]?.[1];
    if (port === undefined) throw new Error(`no ${kind} listener ${nth} in the log\n${this.log}`);
    return Number(port);
  }

  /** PEM of the development authority that signed the front's certificate. */
  get ca(): string {
    return readFileSync(this.authorityFile, 'utf8');
  }

  get authorityFile(): string {
    return join(this.dataFolder, 'tlsfront/development/authority.pem');
  }

  get masterPid(): number {
    return this.child.pid ?? 0;
  }

  /** Pid of the newest process of that name and number. */
  pid(kind: 'http' | 'worker', index = 1): number {
    const spawned = new RegExp(`spawned tlsfront ${kind} ${index} \\((?:new )?pid: (\\d+)\\)`, 'g');
    const pid = [...this.log.matchAll(spawned)].at(-1)?.[1];
    if (pid === undefined) throw new Error(`no ${kind} ${index} in the log\n${this.log}`);
    return Number(pid);
  }

  /** Pids of all its living processes: master, routers, keepers, apps. */
  processes(): number[] {
    return findMarked(this.mark, this.masterPid);
  }

  /** Waits until not one process is left. */
  async nothingLeft(): Promise<void> {
    await until(() => this.processes().length === 0, PATIENCE_MS, `the end of ${this.describeLeft()}`);
  }

  private describeLeft(): string {
    return this.processes()
      .map((pid) => `${pid} ${readOr(`/proc/${pid}/cmdline`).replaceAll('\0', ' ')}`)
      .join(', ');
  }

  /** SIGTERM, and the exit code. @throws Error when it does not end or leaves a process behind */
  async stop(): Promise<number | string> {
    try {
      this.child.kill('SIGTERM');
      const how = await within(this.ended, PATIENCE_MS, 'the end after SIGTERM').catch((error: unknown) => {
        throw new Error(`${error instanceof Error ? error.message : String(error)}\n${this.log}`);
      });
      await this.nothingLeft();
      return how;
    } finally {
      for (const pid of this.processes()) {
        try {
          process.kill(pid, 'SIGKILL');
        } catch {
          // It has just ended.
        }
      }
      // Held open by a child that outlives them all, these would keep the test file from ending.
      this.child.stdout?.destroy();
      this.child.stderr?.destroy();
      rmSync(this.dataFolder, { recursive: true, force: true, maxRetries: 3 });
    }
  }
}
