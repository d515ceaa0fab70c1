/** A second reporter of node's runner: says on standard error which of how many test files has just ended. */
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('.', import.meta.url));
// Not TLSFRONT_…: a front that a test starts would warn of a setting that it does not know.
const total = process.env.FRONT_TEST_FILES ?? '?';

/** What this reporter reads of an event of node:test. */
interface Event {
  readonly type: string;
  readonly data?: { readonly name?: string; readonly file?: string; readonly nesting?: number };
}

export default async function* progress(events: AsyncIterable<Event>): AsyncGenerator<string> {
  const started = performance.now();
  let ended = 0;
  for await (const { type, data } of events) {
    const { name, file, nesting } = data ?? {};
    // A file is a test, too: one outside all others that bears the file's name.
    if (type !== 'test:complete' || nesting !== 0 || name === undefined || !file?.endsWith(name)) continue;
    ended += 1;
    const seconds = Math.round((performance.now() - started) / 1000);
    yield `[${ended} of ${total}] ${relative(root, file).replace(/\.test\.js$/, '')} (${seconds} s)\n`;
  }
}
