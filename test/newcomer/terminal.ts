/** What a newcomer types, at a terminal that says yes with Enter, and what stands on it. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { until, within } from '../support/deadline.js';
import { atTerminal } from '../support/person.js';
import type { Python } from '../support/tools.js';

const LIMIT_MS = 120_000;
const MAX_TEXT_BYTES = 16 * 1024 * 1024;

/** One clean home, its programs, and a terminal as often as one is opened. */
export class Terminal {
  private readonly running: ChildProcess[] = [];

  constructor(
    private readonly python: Python,
    private readonly environment: NodeJS.ProcessEnv,
  ) {}

  /** Starts what stays, and waits until it says so. @returns all that stands on the terminal */
  async start(folder: string, argv: readonly string[], saying: RegExp): Promise<string> {
    const [program, ...rest] = [...atTerminal(this.python), ...argv];
    const child = spawn(program ?? '', rest, {
      cwd: folder,
      env: { ...this.environment, ANSWER: '\\r' },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    this.running.push(child);
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (part: string) => {
      text += part;
    });
    const told = (): string => `${argv.join(' ')}: ${saying} on the terminal\n${text}`;
    await until(
      () => {
        if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}: ${told()}`);
        return saying.test(text);
      },
      LIMIT_MS,
      `${argv.join(' ')}: ${saying}`,
    ).catch((error: unknown) => {
      throw new Error(`${String(error)}\n${text}`);
    });
    return text;
  }

  /** Runs what ends by itself. @returns what it printed; rejects with that where it fails */
  async run(...argv: readonly string[]): Promise<string> {
    const [program = '', ...rest] = argv;
    const options = { env: this.environment, timeout: LIMIT_MS, maxBuffer: MAX_TEXT_BYTES };
    return new Promise((resolve, reject) => {
      execFile(program, rest, options, (error, stdout, stderr) => {
        if (error === null) resolve(stdout + stderr);
        else reject(new Error(`${argv.join(' ')} ended with ${error.code}:\n${stdout}${stderr}`));
      });
    });
  }

  /** Closes what was started, the last first. */
  async closeAll(): Promise<void> {
    for (const child of this.running.splice(0).reverse()) {
      if (child.exitCode !== null) continue;
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGTERM');
      await within(ended, LIMIT_MS, 'the end of what was started');
    }
  }
}
