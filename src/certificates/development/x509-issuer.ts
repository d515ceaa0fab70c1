/** Issues certificates (RFC 5280 §4) with the writers of DER that stand here. */

import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
  X509Certificate,
} from 'node:crypto';
import { ipFamily } from '../../shared/addresses/ip-family.js';
import { readFields } from '../formats/certificate.js';
import { readDerChildren } from '../formats/der.js';
import { derBits, derSequence, derTagged, derTime, derUnsigned } from '../formats/der-write.js';
import { pemOfCertificate, pemOfKey } from '../formats/pem-text.js';
import { requireNames } from '../host-names.js';
import type { PermittedNames } from './name-constraints.js';
import { certificateExtensions } from './x509-extensions.js';
import { distinguishedName, type SignatureHash, signatureAlgorithm } from './x509-parts.js';

/** A certificate and its private key, both PEM with LF line ends. */
export interface KeyPairPem {
  readonly certPem: string;
  /** PKCS#8, not encrypted. */
  readonly keyPem: string;
}

/** What a certificate may be used for (RFC 5280 §4.2.1.12). */
export type Purpose = 'server' | 'client' | 'email';

/** What to put into a certificate. */
export interface CertificateRequest {
  readonly commonName?: string;
  readonly organization?: string;
  /** Subject alternative names: DNS names, wildcards, IP addresses, e-mail addresses. */
  readonly names?: readonly string[];
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** Makes it an authority; `pathLength` bounds the intermediates beneath it, `permitted` the names. */
  readonly authority?: { readonly pathLength?: number; readonly permitted?: PermittedNames };
  /** Empty: no extended key usage extension. */
  readonly purposes?: readonly Purpose[];
  /** The subject's private key; a new ECDSA P-256 key when absent. */
  readonly key?: KeyObject;
  /** Where clients may download the issuer's certificate (RFC 5280 §4.2.2.1). */
  readonly issuerUrl?: string;
  /** Digest that proves a name to an ACME authority (RFC 8737 §3): 32 bytes. */
  readonly acmeIdentifier?: Uint8Array;
  /** Where clients may fetch the list of revoked certificates (RFC 5280 §4.2.1.13). */
  readonly revocationUrl?: string;
  /** Hash of the signature; SHA-256 when absent. */
  readonly hash?: SignatureHash;
}

/** Options of a server's leaf. */
export interface LeafOptions {
  readonly now?: Date;
  readonly validDays?: number;
  readonly purposes?: readonly Purpose[];
  readonly key?: KeyObject;
}

/** Milliseconds of a day. */
export const DAY_MS = 86_400_000;
/** Clocks of containers and phones lag; a certificate that starts a little earlier is valid there too. */
const BACKDATE_MS = 5 * 60_000;

/** A new ECDSA P-256 private key: the smallest handshake that every browser takes. */
export function newEcdsaKey(): KeyObject {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
}

/** A new RSA private key. */
export function newRsaKey(modulusBits = 2048): KeyObject {
  return generateKeyPairSync('rsa', { modulusLength: modulusBits }).privateKey;
}

/**
 * A server certificate for the names, 90 days by default, never longer than its authority.
 * @throws FrontError config_invalid when a name is no host name.
 */
export async function issueLeaf(
  authority: KeyPairPem,
  names: readonly string[],
  options: LeafOptions = {},
): Promise<KeyPairPem> {
  const canonical = requireNames(names);
  const now = options.now ?? new Date();
  const authorityEnd = Date.parse(new X509Certificate(authority.certPem).validTo);
  const wantedEnd = now.getTime() + (options.validDays ?? 90) * DAY_MS;
  const commonName = commonNameOf(canonical);
  return issueCertificate(
    {
      ...(commonName === undefined ? {} : { commonName }),
      organization: 'tlsfront development certificate',
      names: canonical,
      notBefore: new Date(now.getTime() - BACKDATE_MS),
      notAfter: new Date(Math.min(wantedEnd, authorityEnd)),
      purposes: options.purposes ?? ['server'],
      ...(options.key === undefined ? {} : { key: options.key }),
    },
    authority,
  );
}

/**
 * The first name that may stand as common name, for lists; clients read the alternative names. Not an address, which OpenSSL holds
 * for a DNS name and against the authority's name constraints; 64 characters at most (RFC 5280 appendix A.1).
 */
export function commonNameOf(names: readonly string[]): string | undefined {
  return names.find((name) => ipFamily(name) === 0 && name.length <= 64);
}

/**
 * Issues a certificate, signed by the issuer, or by itself when there is none.
 * @throws TypeError when the issuer's key is neither RSA nor on a NIST curve
 */
export async function issueCertificate(
  request: CertificateRequest,
  issuer?: KeyPairPem,
): Promise<KeyPairPem> {
  const key = request.key ?? newEcdsaKey();
  const publicKey = createPublicKey(key).export({ type: 'spki', format: 'der' });
  const subject = distinguishedName(request);
  const authority = issuer === undefined ? null : new X509Certificate(issuer.certPem);
  const signingKey = issuer === undefined ? key : createPrivateKey(issuer.keyPem);
  const algorithm = signatureAlgorithm(signingKey, request.hash ?? 'SHA-256');
  const keyId = keyIdentifier(publicKey);
  const issuerKeyId = authority === null ? keyId : keyIdentifierOf(authority);
  const content = derSequence(
    derTagged(0, Buffer.of(0x02, 0x01, 0x02)),
    derUnsigned(newSerialNumber()),
    algorithm.identifier,
    authority === null ? subject : subjectOf(authority),
    derSequence(derTime(request.notBefore), derTime(request.notAfter)),
    subject,
    publicKey,
    derTagged(3, derSequence(...certificateExtensions(request, key, keyId, issuerKeyId))),
  );
  const signature = sign(algorithm.hash, content, signingKey);
  const certificate = derSequence(content, algorithm.identifier, derBits(signature));
  return { certPem: pemOfCertificate(certificate), keyPem: pemOfKey(key) };
}

/** 127 bits, positive and never zero (RFC 5280 §4.1.2.2; browsers ask for 64 random bits at least). */
function newSerialNumber(): Buffer {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
  return bytes;
}

/** SHA-1 of the key's bits (RFC 5280 §4.2.1.2, method 1): a name, not a proof. */
function keyIdentifier(publicKey: Buffer): Buffer {
  const [outer] = readDerChildren(publicKey);
  const bits = readDerChildren(outer?.content ?? publicKey)[1];
  return createHash('sha1')
    .update(bits?.content.subarray(1) ?? publicKey)
    .digest();
}

/** The identifier that the issuer's own certificate carries (RFC 5280 §4.2.1.1), or that of its key. */
function keyIdentifierOf(authority: X509Certificate): Buffer {
  const written = readFields(authority.raw)?.subjectKeyId;
  if (written !== undefined) return Buffer.from(written, 'hex');
  return keyIdentifier(authority.publicKey.export({ type: 'spki', format: 'der' }));
}

/** The issuer's subject, byte by byte: chains are matched so. */
function subjectOf(authority: X509Certificate): Buffer {
  const subject = readFields(authority.raw)?.subject;
  if (subject === undefined) throw new TypeError('the issuer is no certificate');
  return subject;
}
