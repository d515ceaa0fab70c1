/** Signs ACME requests: flattened JSON Web Signatures (RFC 7515, RFC 7518) with an account's key, and account bindings. */
import {
  createHash,
  createHmac,
  createPrivateKey,
  createPublicKey,
  type JsonWebKey,
  type KeyObject,
  sign,
} from 'node:crypto';

/** The protected header's members that change from request to request (RFC 8555 §6.2). */
export interface JwsTarget {
  readonly url: string;
  /** URL of the account; null: the key itself is sent, as when an account is made. */
  readonly accountUrl: string | null;
  /** null inside a key change (RFC 8555 §7.3.5). */
  readonly nonce: string | null;
}

interface Algorithm {
  readonly name: string;
  readonly hash: string;
}

/** By the curve of the key (RFC 7518 §3.4). */
const CURVES: ReadonlyMap<string, Algorithm> = new Map([
  ['prime256v1', { name: 'ES256', hash: 'sha256' }],
  ['secp384r1', { name: 'ES384', hash: 'sha384' }],
  ['secp521r1', { name: 'ES512', hash: 'sha512' }],
]);

/** Bytes as base64 for URLs without padding (RFC 8555 §6.1). */
export function base64url(bytes: Buffer | string): string {
  return Buffer.from(bytes).toString('base64url');
}

/** An account's private key, and all that is derived from it. */
export class AccountKey {
  private readonly privateKey: KeyObject;
  private readonly algorithm: Algorithm;
  /** The public key alone, its members in the order that a thumbprint needs (RFC 7638 §3.3). */
  readonly publicJwk: JsonWebKey;

  /** @throws Error when the text holds no key, TypeError when it is one that no JWS here can be signed with */
  constructor(pem: string) {
    this.privateKey = createPrivateKey(pem);
    this.algorithm = algorithmOf(this.privateKey);
    this.publicJwk = publicJwkOf(this.privateKey);
  }

  /** SHA-256 thumbprint (RFC 7638), half of each key authorization. */
  get thumbprint(): string {
    return createHash('sha256').update(JSON.stringify(this.publicJwk)).digest('base64url');
  }

  /** @param payload a JSON value; null: POST-as-GET (RFC 8555 §6.3) */
  sign({ url, accountUrl, nonce }: JwsTarget, payload: object | null): string {
    const header = {
      alg: this.algorithm.name,
      ...(nonce === null ? {} : { nonce }),
      url,
      ...(accountUrl === null ? { jwk: this.publicJwk } : { kid: accountUrl }),
    };
    const first = base64url(JSON.stringify(header));
    const second = payload === null ? '' : base64url(JSON.stringify(payload));
    const signature = sign(this.algorithm.hash, Buffer.from(`${first}.${second}`), {
      key: this.privateKey,
      // R and S side by side (RFC 7518 §3.4); of no meaning for RSA.
      dsaEncoding: 'ieee-p1363',
    });
    return JSON.stringify({ protected: first, payload: second, signature: base64url(signature) });
  }

  /** The value of `externalAccountBinding` (RFC 8555 §7.3.4). @param hmacKey base64url or base64, as the authority gave it */
  bind(keyId: string, hmacKey: string, url: string): object {
    const first = base64url(JSON.stringify({ alg: 'HS256', kid: keyId, url }));
    const second = base64url(JSON.stringify(this.publicJwk));
    const signature = createHmac('sha256', Buffer.from(hmacKey, 'base64'))
      .update(`${first}.${second}`)
      .digest('base64url');
    return { protected: first, payload: second, signature };
  }
}

function algorithmOf(key: KeyObject): Algorithm {
  if (key.asymmetricKeyType === 'rsa') return { name: 'RS256', hash: 'sha256' };
  const found = CURVES.get(key.asymmetricKeyDetails?.namedCurve ?? '');
  if (found === undefined)
    throw new TypeError('an account needs an RSA key, or one on P-256, P-384 or P-521');
  return found;
}

function publicJwkOf(privateKey: KeyObject): JsonWebKey {
  const { kty = '', crv, e, n, x, y } = createPublicKey(privateKey).export({ format: 'jwk' });
  if (kty === 'RSA' && e !== undefined && n !== undefined) return { e, kty, n };
  if (crv !== undefined && x !== undefined && y !== undefined) return { crv, kty, x, y };
  throw new TypeError('the key has no public part');
}
