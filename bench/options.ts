/** The bench's command line. */
import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';

export interface BenchOptions {
  readonly quick: boolean;
  readonly scenarios: readonly string[];
  readonly peers: readonly string[];
  readonly rounds: number;
  readonly measureMs: number;
  readonly nodePaths: readonly string[];
  readonly output: string | null;
  /** A stored result to report again instead of measuring. */
  readonly from: string | null;
  readonly docs: boolean;
  readonly help: boolean;
  /** A revision of this repository to measure this tree against, instead of the peers; null: none. */
  readonly compare: string | null;
  /** With `compare`: how many per cent dearer a scenario may be, in the median of the rounds. */
  readonly boundPercent: number;
}

/** Wrong use of the command line: exit code 2. */
export class UsageError extends Error {}

export const USAGE = `usage: npm run bench -- [options]

  --quick              few peers, few scenarios, short rounds: under two minutes
  --scenario NAME,…    only these scenarios
  --peer NAME,…        only these peers
  --rounds N           measurements of each peer in each scenario (5; quick: 3)
  --seconds N          length of one measurement (2; quick: 0.5)
  --node PATH          run the peers on this Node too (repeatable)
  --output FILE        where the result goes (bench/results/DATE.json)
  --docs               write docs/performance.md and .svg (a complete run does by itself)
  --from FILE          measure nothing: report this stored result again
  --compare REV        measure this tree beside a revision of it: the scenarios of every day, 7 rounds, in turns;
                       exit code 1 when one is dearer by more than --bound
  --bound PERCENT      how much dearer a scenario may be (2)
  --help               this text, with the names of all peers and scenarios
`;

function splitNames(values: readonly string[] | undefined): string[] {
  return (values ?? []).flatMap((value) => value.split(',')).filter((name) => name !== '');
}

function readPositive(name: string, text: string | undefined, fallback: number): number {
  if (text === undefined) return fallback;
  const value = Number(text);
  if (!(value > 0 && value <= 600)) throw new UsageError(`--${name} ${text}, not a number between 0 and 600`);
  return value;
}

/** Reads the arguments after the program's name; throws UsageError. */
export function readOptions(words: readonly string[]): BenchOptions {
  const text = { type: 'string' } as const;
  const list = { type: 'string', multiple: true } as const;
  const flag = { type: 'boolean', default: false } as const;
  const parse = () =>
    parseArgs({
      args: [...words],
      options: {
        ...{ quick: flag, docs: flag, help: flag, scenario: list, peer: list, node: list },
        ...{ rounds: text, seconds: text, output: text, from: text, compare: text, bound: text },
      },
    }).values;
  let values: ReturnType<typeof parse>;
  try {
    values = parse();
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
  for (const path of values.node ?? []) {
    if (!existsSync(path)) throw new UsageError(`--node ${path}, no such file`);
  }
  const quick = values.quick === true;
  const compare = values.compare ?? null;
  if (compare === null && values.bound !== undefined) throw new UsageError('--bound belongs to --compare');
  const misplaced = (['peer', 'from', 'docs', 'quick', 'output'] as const).find(
    (name) => values[name] !== undefined && values[name] !== false,
  );
  if (compare !== null && misplaced !== undefined) {
    throw new UsageError(`--${misplaced} means nothing beside --compare`);
  }
  return {
    quick,
    scenarios: splitNames(values.scenario),
    peers: splitNames(values.peer),
    rounds: Math.ceil(readPositive('rounds', values.rounds, roundsOf(quick, compare))),
    measureMs: Math.round(readPositive('seconds', values.seconds, quick ? 0.5 : 2) * 1000),
    nodePaths: [process.execPath, ...(values.node ?? [])],
    output: values.output ?? null,
    from: values.from ?? null,
    docs: values.docs === true,
    help: values.help === true,
    compare,
    boundPercent: readPositive('bound', values.bound, 2),
  };
}

function roundsOf(quick: boolean, compare: string | null): number {
  if (compare !== null) return 7;
  return quick ? 3 : 5;
}

/** The entries whose name was asked for, or the default set; throws UsageError on a name nobody has. */
export function choose<Entry extends { readonly name: string; readonly quick: boolean }>(
  kind: string,
  entries: readonly Entry[],
  wanted: readonly string[],
  quick: boolean,
): Entry[] {
  const known = (name: string): boolean =>
    entries.some((entry) => entry.name === name || entry.name.startsWith(`${name}@`));
  const unknown = wanted.find((name) => !known(name));
  if (unknown !== undefined) {
    throw new UsageError(`unknown ${kind} ${unknown}, known are ${entries.map((e) => e.name).join(', ')}`);
  }
  if (wanted.length === 0) return entries.filter((entry) => !quick || entry.quick);
  return entries.filter((entry) =>
    wanted.some((name) => entry.name === name || entry.name.startsWith(`${name}@`)),
  );
}
