/** What a fuzz target is, and how one of its cases is run, named and replayed. */
import { SeededRandom } from '../../support/random.js';

/** What a codec made of an input: nothing, at least one whole message, or all of it. */
export type Outcome = 'refused' | 'partial' | 'accepted';

/** One codec under test. */
export interface FuzzTarget {
  readonly name: string;
  /** An input built from the grammar, most of them damaged afterwards. */
  generate(random: SeededRandom): Buffer;
  /** Reads the input in every way that must come to the same. Throws when an invariant does not hold. */
  check(input: Buffer): Outcome;
}

/** An invariant that did not hold. */
export class Violation extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'Violation';
  }
}

/** Throws a Violation that shows both sides where they differ. */
export function same(found: unknown, expected: unknown, what: string): void {
  const left = JSON.stringify(found);
  const right = JSON.stringify(expected);
  if (left === right) return;
  let at = 0;
  while (left?.[at] === right?.[at]) at += 1;
  const from = Math.max(0, at - 60);
  throw new Violation(`${what}: …${left?.slice(from, at + 60)}… is not …${right?.slice(from, at + 60)}…`);
}

export function holds(condition: boolean, what: string): void {
  if (!condition) throw new Violation(what);
}

/** How many inputs ended how. */
export type Tally = Record<Outcome, number>;

/** One line that brings the failure back. */
export function reproduction(target: FuzzTarget, input: Buffer, where: string): string {
  return `${where} npm run fuzz -- --target ${target.name} --replay ${input.toString('hex')}`;
}

/** Runs case `index` of `seed`; a failure is thrown with its reproduction in the message. */
export function runCase(target: FuzzTarget, seed: number, index: number): Outcome {
  const input = target.generate(SeededRandom.ofCase(seed, index));
  try {
    return target.check(input);
  } catch (error) {
    const reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
    throw new Error(`${reproduction(target, input, `seed ${seed} case ${index}:`)}\n${reason}`);
  }
}

/** Runs cases [from, to) of a seed; `begin` is told of each. */
export function runCases(
  target: FuzzTarget,
  seed: number,
  from: number,
  to: number,
  begin: (seed: number, index: number) => void,
): Tally {
  const tally: Tally = { refused: 0, partial: 0, accepted: 0 };
  for (let index = from; index < to; index += 1) {
    begin(seed, index);
    tally[runCase(target, seed, index)] += 1;
  }
  return tally;
}

/** A number that depends on every byte (FNV-1a), so that a replayed input is read in the same ways. */
export function hashOf(input: Buffer): number {
  let hash = 0x811c9dc5;
  for (const byte of input) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}

/** Cuts the input at random places; `most` is the longest piece. Pieces are views. */
export function cutAnywhere(random: SeededRandom, input: Buffer, most: number): Buffer[] {
  const pieces: Buffer[] = [];
  for (let at = 0; at < input.length; ) {
    const end = Math.min(input.length, at + 1 + random.below(most));
    pieces.push(input.subarray(at, end));
    at = end;
  }
  return pieces;
}
