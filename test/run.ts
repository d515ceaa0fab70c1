/** Runs compiled test files with node's test runner, shows how far it is, and names last what failed (Node 20 knows no globs). */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** A file that takes longer hangs: it is ended and named, and the others run on. */
const FILE_LIMIT_MS = 600_000;
/** Files that are long by nature, by their last name: they run only when this word stands first (`npm run test:long`). */
const LONG = '--long';
const LONG_FILE = '.long.test.js';
/** They install a dozen servers from npm: they run only where they are asked for by this word. */
const ASKED = 'dev-servers/';
/** What a file takes of one quiet core, on average: measured with all tools installed. */
const FILE_MS = 4000;
const LONG_FILE_MS = 50_000;
/** Many files wait for time limits and for processes that start: more of them than cores keep the cores busy. */
const FILES_A_CORE = 2.5;
/** Begun first, the longest of all, lest one of them runs on alone when all others have ended. */
const LONGEST = ['fuzz', 'testssl', 'chain-differential', 'acme', 'fault/', 'process/', 'edge/'];
/** The rest are in node's own report. */
const MAX_NAMES = 60;

const root = fileURLToPath(new URL('.', import.meta.url));
const given = process.argv.slice(2);
const long = given[0] === LONG;
const wanted = long ? given.slice(1) : given;
const files = readdirSync(root, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.test.js') && name.endsWith(LONG_FILE) === long)
  .filter((name) => wanted.length === 0 || wanted.some((word) => name.includes(word)))
  .filter((name) => !name.includes(ASKED) || wanted.some((word) => word.includes(ASKED)))
  .sort((one, other) => rank(one) - rank(other) || (one < other ? -1 : 1))
  .map((name) => join(root, name));
if (files.length === 0) {
  process.stderr.write(
    `error: no test file matches ${wanted.join(' ')}\nhint: the files named .long.test.ts run by npm run test:long\n`,
  );
  process.exit(2);
}
const cores = availableParallelism();
const atOnce = Math.ceil(cores * FILES_A_CORE);
process.stderr.write(`${files.length} test files, ${atOnce} at a time: ${roughly()}\n`);
const notes = mkdtempSync(join(tmpdir(), 'tlsfront-run-'));
const failures = join(notes, 'failures');
const result = spawnSync(
  process.execPath,
  [
    ...['--test', `--test-concurrency=${atOnce}`, `--test-timeout=${FILE_LIMIT_MS}`],
    ...['--test-reporter=spec', '--test-reporter-destination=stdout'],
    ...[`--test-reporter=${join(root, 'progress.js')}`, '--test-reporter-destination=stderr'],
    ...files,
  ],
  {
    stdio: 'inherit',
    env: {
      ...process.env,
      FRONT_TEST_FILES: String(files.length),
      FRONT_TEST_FAILURES: failures,
      FRONT_TEST_CODE: join(notes, 'code'),
      // The tests have authorities of their own, and Node 20 reads this file at each start, which takes as long as the start itself.
      // The long ones install packages, for which a machine may need it.
      ...(long ? {} : { NODE_EXTRA_CA_CERTS: undefined }),
    },
  },
);
if (result.status !== 0) nameFailures();
rmSync(notes, { recursive: true, force: true });
process.exit(result.status ?? 1);

/** Where in the order of LONGEST a file stands. */
function rank(name: string): number {
  const at = LONGEST.findIndex((word) => name.includes(word));
  return at === -1 ? LONGEST.length : at;
}

/** Who keeps the end of the output alone finds there what to look for. */
function nameFailures(): void {
  let names: readonly string[] = [];
  try {
    names = readFileSync(failures, 'utf8').split('\n');
  } catch {
    // The runner itself has ended before its time.
  }
  const shown = names.slice(0, MAX_NAMES).map((name) => `  ${name.slice(0, 200)}\n`);
  const more = names.length > MAX_NAMES ? `  and ${names.length - MAX_NAMES} more\n` : '';
  process.stderr.write(`\nerror: tests that failed (${names.length}):\n${shown.join('')}${more}`);
}

function roughly(): string {
  const seconds = (files.length * (long ? LONG_FILE_MS : FILE_MS)) / cores / 1000;
  return seconds < 90
    ? `about ${Math.ceil(seconds / 10) * 10} seconds`
    : `about ${Math.ceil(seconds / 60)} minutes`;
}
