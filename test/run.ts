/** Runs compiled test files with node's test runner, and shows how far it is (Node 20 knows no globs). */
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** A file that takes longer hangs: it is ended and named, and the others run on. */
const FILE_LIMIT_MS = 600_000;
/** Files that are long by nature, by their last name: they run only when this word stands first (`npm run test:long`). */
const LONG = '--long';
const LONG_FILE = '.long.test.js';
/** What a file takes of one quiet core, on average: measured with all tools installed. */
const FILE_MS = 6000;
const LONG_FILE_MS = 90_000;

const root = fileURLToPath(new URL('.', import.meta.url));
const given = process.argv.slice(2);
const long = given[0] === LONG;
const wanted = long ? given.slice(1) : given;
const files = readdirSync(root, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.test.js') && name.endsWith(LONG_FILE) === long)
  .filter((name) => wanted.length === 0 || wanted.some((word) => name.includes(word)))
  .sort()
  .map((name) => join(root, name));
if (files.length === 0) {
  process.stderr.write(
    `error: no test file matches ${wanted.join(' ')}\nhint: the files named .long.test.ts run by npm run test:long\n`,
  );
  process.exit(2);
}
const cores = availableParallelism();
process.stderr.write(`${files.length} test files, ${cores} at a time: ${roughly()}\n`);
const result = spawnSync(
  process.execPath,
  [
    ...['--test', `--test-concurrency=${cores}`, `--test-timeout=${FILE_LIMIT_MS}`],
    ...['--test-reporter=spec', '--test-reporter-destination=stdout'],
    ...[`--test-reporter=${join(root, 'progress.js')}`, '--test-reporter-destination=stderr'],
    ...files,
  ],
  { stdio: 'inherit', env: { ...process.env, FRONT_TEST_FILES: String(files.length) } },
);
process.exit(result.status ?? 1);

function roughly(): string {
  const seconds = (files.length * (long ? LONG_FILE_MS : FILE_MS)) / cores / 1000;
  return seconds < 90
    ? `about ${Math.ceil(seconds / 10) * 10} seconds`
    : `about ${Math.ceil(seconds / 60)} minutes`;
}
