/** Passwords of PKCS#12 bundles: key derivation, decryption and integrity (RFC 7292 appendix B and C, RFC 8018). */
import { createDecipheriv, createHash, createHmac, pbkdf2Sync, timingSafeEqual } from 'node:crypto';
import { DER_INTEGER, type DerValue, readDer, readDerChildren, readOid } from './der.js';

/** The bundle asks for something that this reader does not do; the message says what. */
export class UnsupportedBundle extends Error {}

/** A bundle may ask for no more rounds than this, so that a hostile one costs seconds at most. */
const MAX_ROUNDS = 3_000_000;

const PBES2 = '1.2.840.113549.1.5.13';
const PBKDF2 = '1.2.840.113549.1.5.12';
const HASHES: Readonly<Record<string, string>> = {
  '1.3.14.3.2.26': 'sha1',
  '2.16.840.1.101.3.4.2.4': 'sha224',
  '2.16.840.1.101.3.4.2.1': 'sha256',
  '2.16.840.1.101.3.4.2.2': 'sha384',
  '2.16.840.1.101.3.4.2.3': 'sha512',
  '1.2.840.113549.2.7': 'sha1',
  '1.2.840.113549.2.8': 'sha224',
  '1.2.840.113549.2.9': 'sha256',
  '1.2.840.113549.2.10': 'sha384',
  '1.2.840.113549.2.11': 'sha512',
};
const CIPHERS: Readonly<Record<string, { name: string; keyBytes: number }>> = {
  '2.16.840.1.101.3.4.1.2': { name: 'aes-128-cbc', keyBytes: 16 },
  '2.16.840.1.101.3.4.1.22': { name: 'aes-192-cbc', keyBytes: 24 },
  '2.16.840.1.101.3.4.1.42': { name: 'aes-256-cbc', keyBytes: 32 },
  '1.2.840.113549.3.7': { name: 'des-ede3-cbc', keyBytes: 24 },
};
const PBE_SHA1_3DES = '1.2.840.113549.1.12.1.3';
const PBE_SHA1_RC2 = ['1.2.840.113549.1.12.1.5', '1.2.840.113549.1.12.1.6'];
/** Block size of the hashes in bytes (RFC 7292 appendix B.2 calls it v). */
const BLOCK_BYTES: Readonly<Record<string, number>> = { sha384: 128, sha512: 128 };

/**
 * Decrypts what an AlgorithmIdentifier describes.
 * @returns undefined when the password does not fit
 * @throws UnsupportedBundle
 */
export function decryptBundle(algorithm: DerValue, encrypted: Buffer, password: string): Buffer | undefined {
  const [oid, parameters] = readDerChildren(algorithm.content);
  if (oid === undefined || parameters === undefined)
    throw new UnsupportedBundle('its encryption is not named');
  const name = readOid(oid.content);
  const { cipher, key, iv } =
    name === PBES2 ? readPbes2(parameters, password) : readPbe(name, parameters, password);
  const decipher = createDecipheriv(cipher, key, iv);
  try {
    return Buffer.concat([decipher.update(encrypted), decipher.final()]);
  } catch {
    return undefined;
  }
}

interface OpenCipher {
  readonly cipher: string;
  readonly key: Buffer;
  readonly iv: Buffer;
}

/** RFC 8018 §6.2. */
function readPbes2(parameters: DerValue, password: string): OpenCipher {
  const [derivation, scheme] = readDerChildren(parameters.content);
  const [kdf, kdfParameters] = readDerChildren(derivation?.content ?? Buffer.alloc(0));
  const [cipherOid, iv] = readDerChildren(scheme?.content ?? Buffer.alloc(0));
  const cipher = CIPHERS[readOid(cipherOid?.content ?? Buffer.alloc(0))];
  if (readOid(kdf?.content ?? Buffer.alloc(0)) !== PBKDF2 || cipher === undefined || iv === undefined) {
    throw new UnsupportedBundle('it is encrypted in a way that is not known here');
  }
  const [salt, rounds, ...rest] = readDerChildren(kdfParameters?.content ?? Buffer.alloc(0));
  const prf = rest.find(({ tag }) => tag === 0x30);
  const hash = prf === undefined ? 'sha1' : HASHES[readOid(readDer(prf.content)?.content ?? Buffer.alloc(0))];
  if (salt === undefined || hash === undefined)
    throw new UnsupportedBundle('its key derivation is not known here');
  const key = pbkdf2Sync(password, salt.content, readRounds(rounds), cipher.keyBytes, hash);
  return { cipher: cipher.name, key, iv: iv.content };
}

/** RFC 7292 appendix C: the schemes of older bundles. */
function readPbe(name: string, parameters: DerValue, password: string): OpenCipher {
  if (PBE_SHA1_RC2.includes(name)) {
    throw new UnsupportedBundle('it is encrypted with RC2, which OpenSSL has given up');
  }
  if (name !== PBE_SHA1_3DES) throw new UnsupportedBundle('it is encrypted in a way that is not known here');
  const [salt, rounds] = readDerChildren(parameters.content);
  const derive = (purpose: number, bytes: number): Buffer =>
    deriveKey('sha1', password, salt?.content ?? Buffer.alloc(0), purpose, readRounds(rounds), bytes);
  return { cipher: 'des-ede3-cbc', key: derive(1, 24), iv: derive(2, 8) };
}

function readRounds(value: DerValue | undefined): number {
  const known = value?.tag === DER_INTEGER && value.content.length > 0 && value.content.length <= 6;
  const rounds = known ? value.content.readUIntBE(0, value.content.length) : 1;
  if (rounds < 1 || rounds > MAX_ROUNDS)
    throw new UnsupportedBundle(`it asks for ${rounds} rounds of hashing`);
  return rounds;
}

/** Whether the MacData (RFC 7292 §4) was made of the content with this password. */
export function isIntact(macData: DerValue, content: Buffer, password: string): boolean {
  const [digestInfo, salt, rounds] = readDerChildren(macData.content);
  const [algorithm, digest] = readDerChildren(digestInfo?.content ?? Buffer.alloc(0));
  const hash = HASHES[readOid(readDer(algorithm?.content ?? Buffer.alloc(0))?.content ?? Buffer.alloc(0))];
  if (hash === undefined || salt === undefined || digest === undefined) {
    throw new UnsupportedBundle('its integrity check is not known here');
  }
  const length = createHash(hash).digest().length;
  const key = deriveKey(hash, password, salt.content, 3, readRounds(rounds), length);
  const own = createHmac(hash, key).update(content).digest();
  return own.length === digest.content.length && timingSafeEqual(own, digest.content);
}

/**
 * RFC 7292 appendix B.2.
 * @param purpose 1: key, 2: initial vector, 3: integrity
 */
export function deriveKey(
  hash: string,
  password: string,
  salt: Buffer,
  purpose: number,
  rounds: number,
  bytes: number,
): Buffer {
  const block = BLOCK_BYTES[hash] ?? 64;
  const characters = Buffer.from(`${password}\0`, 'utf16le').swap16();
  let input: Buffer = Buffer.concat([fill(salt, block), fill(characters, block)]);
  const diversifier = Buffer.alloc(block, purpose);
  const out: Buffer[] = [];
  for (let length = 0; length < bytes; ) {
    let digest = createHash(hash).update(diversifier).update(input).digest();
    for (let round = 1; round < rounds; round += 1) digest = createHash(hash).update(digest).digest();
    out.push(digest);
    length += digest.length;
    input = addToBlocks(input, fillOne(digest, block), block);
  }
  return Buffer.concat(out).subarray(0, bytes);
}

/** The bytes repeated up to the next whole block; nothing stays nothing. */
function fill(bytes: Buffer, block: number): Buffer {
  return bytes.length === 0 ? bytes : fillOne(bytes, Math.ceil(bytes.length / block) * block);
}

function fillOne(bytes: Buffer, length: number): Buffer {
  return Buffer.alloc(length, bytes);
}

/** Each block plus the number plus one, modulo its size. */
function addToBlocks(input: Buffer, addend: Buffer, block: number): Buffer {
  const sum = Buffer.from(input);
  for (let start = 0; start < sum.length; start += block) {
    let carry = 1;
    for (let index = block - 1; index >= 0; index -= 1) {
      carry += (sum[start + index] ?? 0) + (addend[index] ?? 0);
      sum[start + index] = carry & 0xff;
      carry >>= 8;
    }
  }
  return sum;
}
