/**
 * A second reporter of node's runner: says on standard error which of how many test files has just ended, and leaves the names of
 * the tests that failed in a file, for the last lines of all.
 */
import { writeFileSync } from 'node:fs';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('.', import.meta.url));
// Not TLSFRONT_…: a front that a test starts would warn of a setting that it does not know.
const total = process.env.FRONT_TEST_FILES ?? '?';
const failuresFile = process.env.FRONT_TEST_FAILURES;

/** What this reporter reads of an event of node:test. */
interface Event {
  readonly type: string;
  readonly data?: {
    readonly name?: string;
    readonly file?: string;
    readonly nesting?: number;
    readonly details?: { readonly error?: { readonly failureType?: string } };
  };
}

export default async function* progress(events: AsyncIterable<Event>): AsyncGenerator<string> {
  const started = performance.now();
  const failures: string[] = [];
  let ended = 0;
  for await (const { type, data } of events) {
    const { name, file, nesting, details } = data ?? {};
    // A file is a test, too: one outside all others that bears the file's name.
    const isFile = nesting === 0 && name !== undefined && file?.endsWith(name) === true;
    if (type === 'test:fail' && details?.error?.failureType !== 'subtestsFailed') {
      failures.push(isFile ? shortName(file) : `${shortName(file)}: ${name}`);
    }
    if (type !== 'test:complete' || !isFile) continue;
    ended += 1;
    const seconds = Math.round((performance.now() - started) / 1000);
    yield `[${ended} of ${total}] ${shortName(file)} (${seconds} s)\n`;
  }
  if (failuresFile !== undefined) writeFileSync(failuresFile, failures.join('\n'));
}

function shortName(file = '?'): string {
  return relative(root, file).replace(/\.test\.js$/, '');
}
