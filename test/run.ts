/** Runs every compiled *.test.js below dist/test with node's test runner (Node 20 knows no globs). */
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** A file that takes longer hangs: it is ended and named, and the others run on. */
const FILE_LIMIT_MS = 300_000;

const root = fileURLToPath(new URL('.', import.meta.url));
const wanted = process.argv.slice(2);
const files = readdirSync(root, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.test.js'))
  .filter((name) => wanted.length === 0 || wanted.some((word) => name.includes(word)))
  .sort()
  .map((name) => join(root, name));
if (files.length === 0) {
  process.stderr.write(`error: no test file matches ${wanted.join(' ')}\n`);
  process.exit(2);
}
const result = spawnSync(
  process.execPath,
  [
    ...['--test', '--test-reporter=spec', `--test-concurrency=${availableParallelism()}`],
    ...[`--test-timeout=${FILE_LIMIT_MS}`, ...files],
  ],
  { stdio: 'inherit' },
);
process.exit(result.status ?? 1);
