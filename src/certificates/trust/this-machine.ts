/** The machine that we run on, as the search for trust stores asks for it. */
import { spawn } from 'node:child_process';
import { accessSync, constants, existsSync, readdirSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { Machine, Step } from './trust-store.js';

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
    read: (path) => {
      try {
        return readFileSync(path, 'utf8');
      } catch {
        return undefined;
      }
    },
    writable: (path) => isAccessible(path, constants.W_OK),
    find: (program) =>
      [...(environment.PATH ?? '').split(delimiter), ...MORE_FOLDERS]
        .map((folder) => join(folder, program))
        .find((path) => isAccessible(path, constants.X_OK)),
    run: (argv) => runProgram(argv, environment),
  };
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
): Promise<{ status: number; out: string }> {
  return new Promise((resolve) => {
    const child = spawn(program, rest, { env: environment, stdio: ['ignore', 'pipe', 'pipe'] });
    let out = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        out += text;
      });
    }
    child.once('error', (error) => resolve({ status: 127, out: error.message }));
    child.once('close', (status) => resolve({ status: status ?? 1, out }));
  });
}
