/** Loaded first into every process of a measured test: writes down which parts of our code ran, also when the process is killed. */
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { Session } from 'node:inspector';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** How much a process that is killed may leave unsaid. */
const SAVED_EVERY_MS = 400;

/** A function's parts, the outer before the inner: the innermost that holds a place says whether it ran. */
export interface RangeCount {
  readonly startOffset: number;
  readonly endOffset: number;
  readonly count: number;
}

export interface ScriptCoverage {
  readonly url: string;
  readonly functions: readonly { readonly ranges: readonly RangeCount[] }[];
}

const dist = new URL('../../', import.meta.url).href;
const folder = fileURLToPath(new URL('../covered', dist));
const session = new Session();
let written = 0;

session.connect();
session.post('Profiler.enable');
// Without counts a function is told of once, and what runs in it later never.
session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
mkdirSync(folder, { recursive: true });
setInterval(save, SAVED_EVERY_MS).unref();
process.on('exit', save);

/** What ran since the last time; Node calls back at once. */
function save(): void {
  session.post('Profiler.takePreciseCoverage', (_error, report) => {
    const ours = report.result.filter(
      ({ url }: ScriptCoverage) => url.startsWith(dist) && !url.startsWith(`${dist}test/`),
    );
    if (ours.length === 0) return;
    written += 1;
    const name = join(folder, `${process.pid}-${written}`);
    writeFileSync(`${name}.part`, JSON.stringify(ours));
    renameSync(`${name}.part`, `${name}.json`);
  });
}
