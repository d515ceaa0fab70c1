/** Runs each line of arguments on stdin as a command, one after the other in this one process, and prints what each said. */
import { text } from 'node:stream/consumers';
import { main } from '../../src/command-line/main.js';
import type { CommandResult } from './command.js';

async function run(args: readonly string[]): Promise<CommandResult> {
  const said = { stdout: '', stderr: '' };
  const stdout = { write: (part: string) => (said.stdout += part) };
  const stderr = { write: (part: string) => (said.stderr += part) };
  const code = await main(args, { stdout, stderr, environment: process.env });
  return { code, ...said };
}

const lines = (await text(process.stdin)).trim().split('\n');
const results: CommandResult[] = [];
for (const line of lines) {
  const args: readonly string[] = JSON.parse(line);
  results.push(await run(args));
}
process.exitCode = 0;
process.stdout.write(JSON.stringify(results));
