/** Runs a subcommand's function in this process and keeps what it writes. */
import type { CommandIo } from '../../src/terminal/console.js';

export interface Captured {
  readonly status: number;
  readonly out: string;
  readonly err: string;
}

/** Calls the command with streams of its own; `terminal` makes them a terminal. */
export async function captured<O>(
  command: (options: O, io: CommandIo) => Promise<number>,
  options: O,
  terminal = false,
  environment: NodeJS.ProcessEnv = {},
): Promise<Captured> {
  let out = '';
  let err = '';
  const stdout = {
    isTTY: terminal,
    write: (text: string) => {
      out += text;
    },
  };
  const stderr = {
    write: (text: string) => {
      err += text;
    },
  };
  return { status: await command(options, { stdout, stderr, environment }), out, err };
}
