/** Asks a person before something is changed, and does the parts of what was agreed upon. */
import { createInterface } from 'node:readline/promises';
import { FrontError } from '../shared/errors.js';
import { type CommandIo, EXIT_FAILURE, printError } from '../terminal/console.js';

/** @throws FrontError config_usage where nobody is there to ask */
export function requirePerson(hint: string): void {
  if (!process.stdin.isTTY) throw new FrontError('config_usage', 'there is nobody to ask', { hint });
}

/**
 * Goes on with a yes alone.
 * @param refusal what is said of a no
 * @throws FrontError config_usage when the user says no
 */
export async function confirm(
  question: string,
  refusal: string,
  hint = 'see what it does with --dry-run',
): Promise<void> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await terminal.question(`${question} [y/N] `);
  terminal.close();
  if (/^y(?:es)?$/i.test(answer.trim())) return;
  throw new FrontError('config_usage', refusal, { hint });
}

/** One part that cannot be done keeps no other from it. Resolves with its exit code. */
export async function attempt(io: CommandIo, work: () => Promise<number>): Promise<number> {
  try {
    return await work();
  } catch (error) {
    printError(io, error);
    return EXIT_FAILURE;
  }
}
