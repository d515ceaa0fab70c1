/** Verifies bcrypt hashes. Takes milliseconds to seconds: never in a router's own thread. */
import { timingSafeEqual } from 'node:crypto';
import { parsePasswordHash } from '../../../../src/shared/password-hash.js';
import { encipher, expensiveKeySchedule } from './blowfish.js';

/** bcrypt's own base 64, and the usual one. */
const ALPHABET = './ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
const STANDARD = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
/** Bytes of a password that count. */
const MAX_KEY_BYTES = 72;
const HASH_BYTES = 23;
const TEXT = Buffer.from('OrpheanBeholderScryDoubt');

/** Whether the password has this hash; false for what is no bcrypt. */
export function verifyBcrypt(password: string, hash: string): boolean {
  const parsed = parsePasswordHash(hash);
  // C strings end at a NUL: what stands behind it would not count.
  if (parsed?.kind !== 'bcrypt' || password.includes('\0')) return false;
  const key = Buffer.from(`${password}\0`).subarray(0, MAX_KEY_BYTES);
  const schedule = expensiveKeySchedule(parsed.cost, decode(parsed.salt), key);
  const block = Uint32Array.from({ length: TEXT.length / 4 }, (_, index) => TEXT.readUInt32BE(index * 4));
  for (let at = 0; at < block.length; at += 2) {
    for (let round = 0; round < 64; round += 1) encipher(schedule, block, at);
  }
  const found = Buffer.alloc(TEXT.length);
  for (const [index, word] of block.entries()) found.writeUInt32BE(word, index * 4);
  return timingSafeEqual(found.subarray(0, HASH_BYTES), decode(parsed.digest));
}

function decode(text: string): Buffer {
  const standard = [...text].map((character) => STANDARD[ALPHABET.indexOf(character)] ?? '').join('');
  return Buffer.from(standard, 'base64');
}
