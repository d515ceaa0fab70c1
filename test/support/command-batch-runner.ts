/** Runs the command once for each line of arguments on stdin, one after the other in this one process, and prints what each said. */
import { text } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';
import { CLI, type CommandResult } from './command.js';

const own = { stdout: process.stdout.write, stderr: process.stderr.write };

/** The command runs when its file is loaded; under another name it is loaded anew, and what it imports is there already. */
async function run(args: readonly string[], number: number): Promise<CommandResult> {
  const said = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    process[name].write = (chunk: string | Uint8Array): boolean => {
      said[name] += Buffer.from(chunk).toString();
      return true;
    };
  }
  process.argv.splice(2, Number.POSITIVE_INFINITY, ...args);
  process.exitCode = undefined;
  try {
    await import(`${pathToFileURL(CLI).href}?run=${number}`);
    return { code: Number(process.exitCode ?? 0), ...said };
  } finally {
    Object.assign(process.stdout, { write: own.stdout });
    Object.assign(process.stderr, { write: own.stderr });
    process.stdout.removeAllListeners('error');
    process.removeAllListeners('uncaughtException');
  }
}

const lines = (await text(process.stdin)).trim().split('\n');
const results: CommandResult[] = [];
for (const [number, line] of lines.entries()) {
  const args: readonly string[] = JSON.parse(line);
  results.push(await run(args, number));
}
process.exitCode = 0;
process.stdout.write(JSON.stringify(results));
