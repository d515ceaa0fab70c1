/** The machine that we run on, as the search for trust stores asks for it. */
import { spawn } from 'node:child_process';
import { accessSync, constants, existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { signalGroup } from '../../shared/process-group.js';
import type { Machine, ProgramEnd, RunBounds, Step } from './trust-store.js';

/** Debian keeps administration programs where an ordinary user's PATH does not look. */
const MORE_FOLDERS = ['/usr/sbin', '/sbin', '/usr/local/sbin'];

/** @param environment the process's own; PATH and HOME decide what is found */
export function thisMachine(home: string, environment: Readonly<NodeJS.ProcessEnv>): Machine {
  return {
    platform: process.platform,
    home,
    environment,
    exists: existsSync,
    list: (folder) => (existsSync(folder) ? readdirSync(folder) : []),
    read: (path) => attempt(() => readFileSync(path, 'utf8')),
    readBytes: (path) => attempt(() => readFileSync(path)),
    real: (path) => attempt(() => realpathSync(path)) ?? path,
    writable: (path) => isAccessible(path, constants.W_OK),
    find: (program) =>
      [...(environment.PATH ?? '').split(delimiter), ...MORE_FOLDERS]
        .map((folder) => join(folder, program))
        .find((path) => isAccessible(path, constants.X_OK)),
    run: (argv, bounds = {}) => runProgram(argv, environment, bounds),
  };
}

function attempt<Result>(look: () => Result): Result | undefined {
  try {
    return look();
  } catch {
    return undefined;
  }
}

function isAccessible(path: string, mode: number): boolean {
  try {
    accessSync(path, mode);
    return true;
  } catch {
    return false;
  }
}

function runProgram(
  [program, ...rest]: Step['argv'],
  environment: Readonly<NodeJS.ProcessEnv>,
  { limitMs, signal, environment: more = {} }: RunBounds,
): Promise<ProgramEnd> {
  return new Promise((resolve) => {
    // A bounded one leads a group of its own, so that its children end with it.
    const leads = process.platform !== 'win32' && (limitMs !== undefined || signal !== undefined);
    const env = { ...environment, ...more };
    const child = spawn(program, rest, { env, stdio: ['ignore', 'pipe', 'pipe'], detached: leads });
    let out = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        out += text;
      });
    }
    let wasCut = false;
    const killGroup = (): void => {
      if (child.pid !== undefined) signalGroup(child.pid, 'SIGKILL');
    };
    const kill = (): void => {
      if (leads) killGroup();
      else child.kill('SIGKILL');
      // One that left the group may hold these open.
      child.stdout.destroy();
      child.stderr.destroy();
    };
    const limit =
      limitMs === undefined
        ? undefined
        : setTimeout(() => {
            wasCut = true;
            kill();
          }, limitMs);
    signal?.addEventListener('abort', kill, { once: true });
    if (signal?.aborted) kill();
    const finish = (status: number, text: string): void => {
      clearTimeout(limit);
      signal?.removeEventListener('abort', kill);
      if (leads) killGroup();
      resolve({ status, out: text, wasCut });
    };
    child.once('error', (error) => finish(127, error.message));
    child.once('close', (status) => finish(status ?? 1, out));
  });
}
