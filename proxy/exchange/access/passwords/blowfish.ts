/** Blowfish as bcrypt uses it (Schneier 1993; Provos and Mazières 1999): tables from the digits of pi, and the costly key schedule. */

/** Words of the tables: 18 subkeys, then four boxes of 256. */
const SUBKEYS = 18;
const WORDS = SUBKEYS + 4 * 256;

/** A key in force: subkeys and boxes in one list. */
export type KeySchedule = Uint32Array;

let initial: Uint32Array | null = null;

/** The first 33,344 binary digits of pi behind the point, by Machin's formula: 16 arctan(1/5) - 4 arctan(1/239). */
function digitsOfPi(): Uint32Array {
  if (initial !== null) return initial;
  const bits = BigInt(WORDS * 32);
  const guard = 64n;
  const one = 1n << (bits + guard);
  const arctan = (inverse: bigint): bigint => {
    const square = inverse * inverse;
    let power = one / inverse;
    let sum = power;
    for (let odd = 3n, sign = -1n; power > 0n; odd += 2n, sign = -sign) {
      power /= square;
      sum += (sign * power) / odd;
    }
    return sum;
  };
  const pi = (16n * arctan(5n) - 4n * arctan(239n)) >> guard;
  const fraction = (pi & ((1n << bits) - 1n)).toString(16).padStart(WORDS * 8, '0');
  initial = Uint32Array.from({ length: WORDS }, (_, index) => {
    return Number.parseInt(fraction.slice(index * 8, index * 8 + 8), 16);
  });
  return initial;
}

/** Encrypts the two words at `at` of `block` in place. */
export function encipher(schedule: KeySchedule, block: Uint32Array, at: number): void {
  let left = (block[at] ?? 0) ^ (schedule[0] ?? 0);
  let right = block[at + 1] ?? 0;
  for (let round = 1; round <= 16; round += 2) {
    right ^= mix(schedule, left) ^ (schedule[round] ?? 0);
    left ^= mix(schedule, right) ^ (schedule[round + 1] ?? 0);
  }
  block[at] = right ^ (schedule[17] ?? 0);
  block[at + 1] = left;
}

function mix(schedule: KeySchedule, word: number): number {
  const first = schedule[SUBKEYS + (word >>> 24)] ?? 0;
  const second = schedule[SUBKEYS + 256 + ((word >>> 16) & 0xff)] ?? 0;
  const third = schedule[SUBKEYS + 512 + ((word >>> 8) & 0xff)] ?? 0;
  const fourth = schedule[SUBKEYS + 768 + (word & 0xff)] ?? 0;
  return ((((first + second) | 0) ^ third) + fourth) | 0;
}

/** The words of a byte string that is repeated without end. */
function wordsOf(bytes: Buffer, count: number): Uint32Array {
  let at = 0;
  return Uint32Array.from({ length: count }, () => {
    let word = 0;
    for (let byte = 0; byte < 4; byte += 1) {
      word = (word << 8) | (bytes[at] ?? 0);
      at = (at + 1) % bytes.length;
    }
    return word >>> 0;
  });
}

/** One pass of the key schedule. @param salt words that are mixed in by turns; null: zeros */
function expand(schedule: KeySchedule, key: Uint32Array, salt: Uint32Array | null): void {
  for (let index = 0; index < SUBKEYS; index += 1)
    schedule[index] = (schedule[index] ?? 0) ^ (key[index] ?? 0);
  const block = new Uint32Array(2);
  for (let index = 0; index < WORDS; index += 2) {
    if (salt !== null) {
      block[0] = (block[0] ?? 0) ^ (salt[index & 2] ?? 0);
      block[1] = (block[1] ?? 0) ^ (salt[(index & 2) + 1] ?? 0);
    }
    encipher(schedule, block, 0);
    schedule[index] = block[0] ?? 0;
    schedule[index + 1] = block[1] ?? 0;
  }
}

/**
 * The expensive key schedule of bcrypt.
 * @param cost the logarithm of how often key and salt are mixed in
 * @param salt 16 bytes; @param key 1 to 72 bytes
 */
export function expensiveKeySchedule(cost: number, salt: Buffer, key: Buffer): KeySchedule {
  const schedule = Uint32Array.from(digitsOfPi());
  const keyWords = wordsOf(key, SUBKEYS);
  const saltAsKey = wordsOf(salt, SUBKEYS);
  expand(schedule, keyWords, wordsOf(salt, 4));
  for (let round = 2 ** cost; round > 0; round -= 1) {
    expand(schedule, keyWords, null);
    expand(schedule, saltAsKey, null);
  }
  return schedule;
}
