/** Which hashes of passwords are read: bcrypt, as `htpasswd -B` writes it, and scrypt, as `tlsfront password` does. */

/** bcrypt's own base 64, and the cost as a logarithm. */
const BCRYPT = /^\$2[aby]\$(\d\d)\$([./A-Za-z0-9]{22})([./A-Za-z0-9]{31})$/;
/** The PHC string format, as passlib writes it too. */
const SCRYPT =
  /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d{1,2})\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{22,86})$/;

/** Each step doubles the time; at 16 a password takes some seconds. */
const MAX_BCRYPT_COST = 16;
const MAX_SCRYPT_BYTES = 256 * 1024 ** 2;

export type PasswordHash =
  | { readonly kind: 'bcrypt'; readonly cost: number; readonly salt: string; readonly digest: string }
  | {
      readonly kind: 'scrypt';
      readonly N: number;
      readonly r: number;
      readonly p: number;
      /** Base 64 without padding. */
      readonly salt: string;
      readonly digest: string;
    };

/** The parts of a hash; null: it is none that is read. */
export function parsePasswordHash(text: string): PasswordHash | null {
  const [, cost, bcryptSalt = '', bcryptDigest = ''] = BCRYPT.exec(text) ?? [];
  if (cost !== undefined) {
    const isFit = Number(cost) >= 4 && Number(cost) <= MAX_BCRYPT_COST;
    return isFit ? { kind: 'bcrypt', cost: Number(cost), salt: bcryptSalt, digest: bcryptDigest } : null;
  }
  const [, ln, r, p, salt = '', digest = ''] = SCRYPT.exec(text) ?? [];
  if (ln === undefined) return null;
  const parsed = { kind: 'scrypt', N: 2 ** Number(ln), r: Number(r), p: Number(p), salt, digest } as const;
  const isFit = parsed.N >= 1024 && parsed.r >= 1 && parsed.p >= 1 && parsed.p <= 16;
  return isFit && scryptBytes(parsed) <= MAX_SCRYPT_BYTES ? parsed : null;
}

/** Memory that a scrypt takes (RFC 7914 §2). */
export function scryptBytes({
  N,
  r,
  p,
}: {
  readonly N: number;
  readonly r: number;
  readonly p: number;
}): number {
  return 128 * r * (N + p + 2);
}

/** What else stands in htpasswd files, for words; null: nothing that is known. */
export function nameForeignHash(text: string): string | null {
  return FOREIGN.find(([form]) => form.test(text))?.[1] ?? null;
}

const FOREIGN: readonly (readonly [form: RegExp, name: string])[] = [
  [/^\$2[abxy]\$/, 'a bcrypt hash that is broken, or costs more than 16'],
  [/^\$scrypt\$/, 'a scrypt hash that is broken, or takes more than 256 MiB'],
  [/^\$apr1\$/, "Apache's MD5 (apr1)"],
  [/^\{SHA\}/, 'unsalted SHA-1'],
  [/^\{SSHA\}/, 'salted SHA-1'],
  [/^\$1\$/, 'MD5 (crypt)'],
  [/^\$[56]\$/, 'SHA-2 (crypt)'],
  [/^\$(?:y|gy|7)\$/, 'yescrypt'],
  [/^\$argon2/, 'Argon2'],
  [/^\$pbkdf2/, 'PBKDF2'],
  [/^[./A-Za-z0-9]{13}$/, 'DES (crypt), or no hash at all'],
];
