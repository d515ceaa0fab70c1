/** Runs the built command as a user would, away from any terminal and from the caller's own TLSFRONT_* variables. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { within } from './deadline.js';
import { builtProgram, PACKAGE_ROOT } from './workspace.js';

const BATCH_MS = 60_000;

export const CLI = builtProgram('command');

export interface CommandResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Log lines without their times: what they say. */
export function withoutTimes(text: string): string {
  return text.replaceAll(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z /gm, '');
}

/**
 * The caller's environment without settings of ours and without what decides about colour. The fronts of a run share what is compiled, as
 * those of a user do.
 */
export function cleanEnvironment(): NodeJS.ProcessEnv {
  const ours = /^(?:(?:TLSFRONT|UWSGI)_.*|NO_COLOR|FORCE_COLOR|NODE_OPTIONS|npm_lifecycle_event)$/;
  const others = Object.entries(process.env).filter(([name]) => !ours.test(name));
  return { ...Object.fromEntries(others), TLSFRONT_CODE_CACHE: process.env.FRONT_TEST_CODE ?? 'off' };
}

/**
 * Runs `tlsfront` with these arguments until it ends by itself.
 * @param limitMs the test fails when it takes longer; @param input what its standard input has; left out: nothing
 */
export async function runCommand(
  args: readonly string[],
  environment: NodeJS.ProcessEnv = {},
  limitMs = 60_000,
  input?: string,
): Promise<CommandResult> {
  const child = spawn(process.execPath, [CLI, ...args], {
    env: { ...cleanEnvironment(), ...environment },
    stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
  });
  child.stdin?.on('error', () => {}).end(input);
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout?.on('data', (chunk: Buffer) => out.push(chunk));
  child.stderr?.on('data', (chunk: Buffer) => err.push(chunk));
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  try {
    const code = await within(ended, limitMs, `the end of tlsfront ${args.join(' ')}`);
    return {
      code,
      stdout: Buffer.concat(out).toString(),
      stderr: withoutTimes(Buffer.concat(err).toString()),
    };
  } finally {
    child.kill('SIGKILL');
  }
}

const BATCH_RUNNER = join(PACKAGE_ROOT, 'dist/test/support/command-batch-runner.js');

/**
 * What the command says to each of these arguments, all in one process of Node: for many that are over at once, as usage errors
 * are; a start of Node for each would take most of their time. @returns the results in the order of the arguments
 */
export async function runCommands(all: readonly (readonly string[])[]): Promise<readonly CommandResult[]> {
  const child = spawn(process.execPath, [BATCH_RUNNER], {
    env: cleanEnvironment(),
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (part: string) => {
    text += part;
  });
  child.stdin.end(all.map((args) => JSON.stringify(args)).join('\n'));
  const ended = new Promise<void>((resolve) => child.once('close', resolve));
  try {
    await within(ended, BATCH_MS, `the end of ${all.length} commands`);
  } finally {
    child.kill('SIGKILL');
  }
  return JSON.parse(text);
}
