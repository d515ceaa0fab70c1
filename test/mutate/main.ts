/** `npm run mutate`: breaks the compiled code in one small place at a time and says which change no test notices. */
import { createHash } from 'node:crypto';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { PACKAGE_ROOT } from '../support/workspace.js';
import { CoverageMap, collect, hashOf } from './coverage-map.js';
import { reasonFor } from './equivalents.js';
import { applied, type Mutant, mutantsOf } from './mutants.js';
import { isRoom, MIN_SCORE, ROOMS, type RoomName } from './rooms.js';
import { TestCopy } from './test-copy.js';

/** A test file that takes this long unbroken is not asked. */
const MEASURE_LIMIT_MS = 300_000;
/** What a broken test file gets beside a multiple of its own time. */
const SPARE_MS = 30_000;
const SLOWER = 5;

const HELP = `npm run mutate -- [--room NAME]... [--most N] [--seed S] [--files N] [--processes 1|2] [--only WORD]

  --room NAME   one of ${Object.keys(ROOMS).join(', ')}; all without it
  --most N      mutants a room (30), the same ones for the same seed
  --seed S      which ones (1)
  --files N     test files a mutant at most (all that run it); the likeliest and cheapest come first
  --processes N 1 or 2 test files at a time (2)
  --only WORD   mutants of files whose path contains it
  --measure     only measures which tests run what
  --as-is       measures nothing: what was measured before is good enough
  --tests WORD  measures again the test files whose path contains the word
  --list        only prints the mutants
`;

const { values } = parseArgs({
  options: {
    room: { type: 'string', multiple: true },
    most: { type: 'string', default: '30' },
    seed: { type: 'string', default: '1' },
    files: { type: 'string', default: '1000' },
    processes: { type: 'string', default: '2' },
    only: { type: 'string', default: '' },
    measure: { type: 'boolean', default: false },
    'as-is': { type: 'boolean', default: false },
    tests: { type: 'string', multiple: true },
    list: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

const dist = join(PACKAGE_ROOT, 'dist');
const map = new CoverageMap(dist);
const copies: TestCopy[] = [];

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** Runs the tasks, as many at a time as there are copies of the code. */
async function withCopies<T>(
  tasks: readonly T[],
  work: (task: T, copy: TestCopy) => Promise<void>,
): Promise<void> {
  const waiting = [...tasks];
  while (copies.length < Math.min(2, Math.max(1, Number(values.processes)))) copies.push(new TestCopy());
  await Promise.all(
    copies.map(async (copy) => {
      for (let task = waiting.shift(); task !== undefined; task = waiting.shift()) await work(task, copy);
    }),
  );
}

/** What units need comes first: they are cheap, and most mutants end there. */
function testFiles(): readonly string[] {
  const order = ['wire', 'unit', 'edge', 'cli', 'process', 'hostile', 'fault', 'browser'];
  const rank = (file: string): number => order.indexOf(file.slice(0, file.indexOf('/')));
  return readdirSync(join(dist, 'test'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.test.js') && !name.endsWith('.long.test.js'))
    .sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
}

async function measure(): Promise<void> {
  const tests = testFiles();
  const stale =
    values.tests === undefined
      ? tests.filter((test) => map.get(test)?.hash !== hashOf(join(dist, 'test', test)))
      : tests.filter((test) => values.tests?.some((word) => test.includes(word)));
  if (stale.length > 0) say(`measuring what ${stale.length} of ${tests.length} test files run`);
  let done = 0;
  await withCopies(stale, async (test, copy) => {
    const { outcome, ms, failed, output } = await copy.run(test, MEASURE_LIMIT_MS, true);
    const files = collect(join(copy.root, 'covered'), copy.dist);
    map.set(test, { hash: hashOf(join(dist, 'test', test)), passed: outcome === 'passed', ms, files });
    done += 1;
    if (values.tests !== undefined && outcome !== 'passed') say(output);
    const note = outcome === 'passed' ? '' : `: ${outcome}, not asked (${failed ?? ''})`;
    say(
      `[${done} of ${stale.length}] ${test} ${(ms / 1000).toFixed(1)} s, ${Object.keys(files).length} files${note}`,
    );
  });
}

/** The seed's sample: each mutant has a place in a shuffled order that other changes of the code do not move. */
function sampleOf(room: RoomName): readonly Mutant[] {
  const files = ROOMS[room].flatMap((folder) =>
    readdirSync(join(dist, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.js'))
      .map((name) => join(folder, name)),
  );
  const seen = new Map<string, number>();
  const reference = copies[0] ?? new TestCopy();
  if (copies.length === 0) copies.push(reference);
  const ranked = files
    .flatMap((file) => mutantsOf(file, reference.read(file)))
    .map((mutant) => {
      const name = `${values.seed} ${mutant.file} ${mutant.code} ${mutant.change}`;
      const nth = (seen.get(name) ?? 0) + 1;
      seen.set(name, nth);
      return { mutant, rank: createHash('sha1').update(`${name} ${nth}`).digest('hex') };
    })
    .sort((a, b) => (a.rank < b.rank ? -1 : 1));
  return ranked
    .slice(0, Number(values.most))
    .map(({ mutant }) => mutant)
    .filter(({ file }) => file.includes(values.only));
}

/** The tests to ask, the likeliest and cheapest first. */
function asked({ file, start }: Mutant): { readonly tests: readonly string[]; readonly left: number } {
  const words = file.split('/').slice(1, -1);
  const likeness = (test: string): number => words.filter((word) => test.split('/').includes(word)).length;
  const runners = [...map.runnersOf(file, start, hashOf(join(dist, file)))].sort(
    (a, b) => likeness(b) - likeness(a) || (map.get(a)?.ms ?? 0) - (map.get(b)?.ms ?? 0),
  );
  const tests = runners.slice(0, Number(values.files));
  return { tests, left: runners.length - tests.length };
}

type Verdict = { readonly killed: boolean; readonly by: string };

async function judge(mutant: Mutant, copy: TestCopy): Promise<Verdict> {
  const { tests, left } = asked(mutant);
  if (tests.length === 0) return { killed: false, by: 'no test runs it' };
  const whole = copy.read(mutant.file);
  for (const test of tests) {
    const limitMs = SPARE_MS + SLOWER * (map.get(test)?.ms ?? 0);
    copy.write(mutant.file, applied(whole, mutant));
    const { outcome, failed } = await copy
      .run(test, limitMs, false)
      .finally(() => copy.write(mutant.file, whole));
    // No kill is what a busy machine does, nor a test file that fails or is gone without the change too.
    if (outcome !== 'passed' && (await copy.run(test, limitMs, false)).outcome === 'passed') {
      return { killed: true, by: `${test}: ${failed ?? 'never ends'}` };
    }
  }
  return {
    killed: false,
    by: `${tests.length} test files pass${left > 0 ? `, ${left} were not asked` : ''}`,
  };
}

interface Score {
  /** Of the table. */
  readonly row: string;
  readonly isLow: boolean;
}

async function score(room: RoomName): Promise<Score> {
  const sample = sampleOf(room);
  const equivalent = sample.filter((mutant) => reasonFor(mutant) !== undefined);
  const counted = sample.filter((mutant) => !equivalent.includes(mutant));
  if (values.list)
    for (const { file, line, change, code } of counted) say(`${file}:${line} ${change} | ${code}`);
  if (values.list) return { row: '', isLow: false };
  let killed = 0;
  await withCopies(counted, async (mutant, copy) => {
    const verdict = await judge(mutant, copy);
    if (verdict.killed) killed += 1;
    const place = `${mutant.file}:${mutant.line} ${mutant.change}`;
    say(
      verdict.killed
        ? `killed    ${place} (${verdict.by})`
        : `SURVIVED  ${place}: ${verdict.by}\n            ${mutant.code}`,
    );
  });
  const percent = counted.length === 0 ? 100 : (100 * killed) / counted.length;
  const row = `| ${room} | ${counted.length} | ${killed} | ${equivalent.length} | ${percent.toFixed(1)} % |`;
  return { row, isLow: percent < MIN_SCORE };
}

async function main(): Promise<number> {
  const rooms = values.room ?? Object.keys(ROOMS);
  const known = rooms.filter(isRoom);
  if (values.help || known.length < rooms.length) {
    process.stderr.write(HELP);
    return values.help ? 0 : 2;
  }
  try {
    if (!values.list && !values['as-is']) await measure();
    if (values.measure) return 0;
    const scores: Score[] = [];
    for (const room of known) {
      const each = await score(room);
      scores.push(each);
      say(each.row);
    }
    if (values.list) return 0;
    const table = [
      '| room | mutants | killed | equivalent | score |',
      '| --- | --- | --- | --- | --- |',
      ...scores.map(({ row }) => row),
    ];
    say(`\n${table.join('\n')}`);
    writeFileSync(join(dist, '.mutate-scores.md'), `${table.join('\n')}\n`);
    const low = scores.filter(({ isLow }) => isLow);
    if (low.length > 0) process.stderr.write(`error: ${low.length} rooms are below ${MIN_SCORE} %\n`);
    return low.length > 0 ? 1 : 0;
  } finally {
    for (const copy of copies) copy.remove();
  }
}

// Broken off, it leaves neither a test nor a copy.
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    for (const copy of copies) copy.remove();
    process.exit(1);
  });
}

process.exitCode = await main();
