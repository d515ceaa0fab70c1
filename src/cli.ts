#!/usr/bin/env node
/** The command's process: its streams, its last words for an error that nobody expected, and its exit code. */
import { ownRelease } from './system/release.js';
import { type CommandIo, EXIT_SUCCESS, printError } from './terminal/console.js';

/** All that people try; `-v` with more beside it is uWSGI's. */
const VERSION_WORDS: ReadonlySet<string> = new Set(['--version', '-v', '-V', 'version']);

const io: CommandIo = { stdout: process.stdout, stderr: process.stderr, environment: process.env };
// A reader that went away (`tlsfront --help | head -1`) is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(EXIT_SUCCESS);
});
process.on('uncaughtException', (error) => process.exit(printError(io, error)));

// Bundles run, and stack traces name the sources; the processes that are started inherit the arguments.
if (process.env.TLSFRONT_DEBUG === '1') {
  process.setSourceMapsEnabled(true);
  process.execArgv.push('--enable-source-maps');
}

const argv = process.argv.slice(2);
if (argv.length === 1 && VERSION_WORDS.has(argv[0] ?? '')) process.stdout.write(`${ownRelease()}\n`);
// Loaded for what is more than a version, and never before it.
else
  void import('./command-line/main.js').then(async ({ main }) => {
    process.exitCode = await main(argv, io);
    // A channel to a parent (fork, pm2) must not keep a command that has ended; a cluster's worker that closes it would exit with 0.
    if (process.connected) process.exit();
  });
