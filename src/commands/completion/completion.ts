/** `tlsfront completion`: scripts that complete commands, their words, options and files, made from the table of options and from the parser. */
import type { Command } from 'commander';
import { misused } from '../../options/read-setting.js';
import { type CommandIo, EXIT_SUCCESS } from '../../terminal/console.js';
import { bashScript } from './bash.js';
import { readCommandWords } from './command-words.js';
import { fishScript } from './fish.js';
import { zshScript } from './zsh.js';

const SHELLS = { bash: bashScript, zsh: zshScript, fish: fishScript } as const;

function isShell(name: string): name is keyof typeof SHELLS {
  return Object.hasOwn(SHELLS, name);
}

/**
 * @param root knows every command
 * @throws FrontError config_usage for a shell that is none of the three
 */
export function printCompletion(shell: string | undefined, root: Command, io: CommandIo): number {
  if (shell === undefined || !isShell(shell)) {
    throw misused(
      shell === undefined ? 'completion needs the name of a shell' : `there is no completion for '${shell}'`,
      'write tlsfront completion bash, zsh or fish',
    );
  }
  io.stdout.write(SHELLS[shell](readCommandWords(root)));
  return EXIT_SUCCESS;
}
