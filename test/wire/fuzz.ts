/** The fuzz program: `npm run fuzz -- --minutes N [--seed S] [--target T]`, `--case N` for one of its cases, `--replay HEX` for an input. */
import { parseArgs } from 'node:util';
import { settledBytes } from './fuzz/heap.js';
import { type FuzzTarget, type Outcome, reproduction, runCase, runCases, type Tally } from './fuzz/target.js';
import { TARGETS } from './fuzz/targets.js';
import { Watchdog } from './fuzz/watchdog.js';

/** Cases of one target in a row. */
const TURN = 2_000;
/** A codec that keeps something of every input passes this in seconds. */
const MAX_GROWTH_BYTES = 32 << 20;
const NAMES = TARGETS.map((target) => target.name).join(', ');

class UsageError extends Error {}

interface Order {
  readonly targets: readonly FuzzTarget[];
  readonly seed: number;
  readonly minutes: number;
  readonly onlyCase: number;
  readonly replay: string | undefined;
}

function numberOf(text: string | undefined, name: string, otherwise: number): number {
  if (text === undefined) return otherwise;
  const value = Number(text);
  if (text === '' || !(value >= 0)) throw new UsageError(`--${name}, ${JSON.stringify(text)} is no number`);
  return value;
}

function orderOf(values: Record<string, string | undefined>): Order {
  const wanted = values.target;
  const targets = wanted === undefined ? TARGETS : TARGETS.filter((target) => target.name === wanted);
  if (targets.length === 0) throw new UsageError(`--target ${wanted}, there are ${NAMES}`);
  const onlyCase = numberOf(values.case, 'case', -1);
  const replay = values.replay;
  if ((onlyCase >= 0 || replay !== undefined) && wanted === undefined) {
    throw new UsageError('--target, --case and --replay need one');
  }
  if (replay !== undefined && !/^(?:[0-9a-f]{2})*$/i.test(replay)) throw new UsageError('--replay, not hex');
  const seed = numberOf(values.seed, 'seed', Date.now() & 0x7fff_ffff);
  return { targets, seed, minutes: numberOf(values.minutes, 'minutes', 1), onlyCase, replay };
}

function readOrder(): Order {
  const text = { type: 'string' } as const;
  const options = { minutes: text, seed: text, target: text, case: text, replay: text };
  try {
    return orderOf({ ...parseArgs({ options }).values });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function replayed(target: FuzzTarget, hex: string): Outcome {
  const input = Buffer.from(hex, 'hex');
  try {
    return target.check(input);
  } catch (error) {
    const reason = error instanceof Error ? error.stack : String(error);
    throw new Error(`${reproduction(target, input, 'replayed:')}\n${reason}`);
  }
}

function add(sum: Tally, more: Tally): void {
  sum.accepted += more.accepted;
  sum.partial += more.partial;
  sum.refused += more.refused;
}

/** The targets take turns until the time is over. */
async function runFor({ targets, seed, minutes }: Order): Promise<void> {
  const watchdog = new Watchdog(targets.length === 1 ? (targets[0]?.name ?? '') : 'TARGET');
  const sums = targets.map((): Tally => ({ accepted: 0, partial: 0, refused: 0 }));
  const endsAt = performance.now() + minutes * 60_000;
  let startBytes = 0;
  for (let from = 0; performance.now() < endsAt; from += TURN) {
    for (const [index, target] of targets.entries()) {
      const tally = runCases(target, seed, from, from + TURN, (caseSeed, number) =>
        watchdog.begin(caseSeed, number),
      );
      const sum = sums[index];
      if (sum !== undefined) add(sum, tally);
    }
    const bytes = settledBytes();
    // Tables and compiled code settle in the first turns.
    if (from <= 2 * TURN) startBytes = bytes;
    const growth = bytes - startBytes;
    if (growth > MAX_GROWTH_BYTES)
      throw new Error(`heap grew by ${growth} bytes up to case ${from + TURN} of seed ${seed}`);
  }
  await watchdog.close();
  for (const [index, { name }] of targets.entries()) {
    const { accepted, partial, refused } = sums[index] ?? { accepted: 0, partial: 0, refused: 0 };
    const inputs = accepted + partial + refused;
    process.stdout.write(
      `${name}: ${inputs} inputs, ${accepted} accepted, ${partial} in part, ${refused} refused\n`,
    );
  }
}

async function main(): Promise<void> {
  const order = readOrder();
  const [target] = order.targets;
  if (target !== undefined && order.replay !== undefined) {
    process.stdout.write(`${target.name}: ${replayed(target, order.replay)}\n`);
  } else if (target !== undefined && order.onlyCase >= 0) {
    process.stdout.write(`${target.name}: ${runCase(target, order.seed, order.onlyCase)}\n`);
  } else {
    process.stdout.write(`seed ${order.seed}\n`);
    await runFor(order);
  }
}

try {
  await main();
} catch (error) {
  const isUsage = error instanceof UsageError;
  const message = error instanceof Error ? error.message : String(error);
  const hint = isUsage
    ? 'docs/testing.md shows the options'
    : 'the line above with --replay runs this input alone';
  process.stderr.write(`error: ${message}\nhint: ${hint}\n`);
  process.exitCode = isUsage ? 2 : 1;
}
