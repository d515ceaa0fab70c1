/** Issues certificates: the only import of the X.509 library, loaded when something must be issued. */

import type { KeyObject } from 'node:crypto';
import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  randomBytes,
  webcrypto,
  X509Certificate,
} from 'node:crypto';
import { isIP } from 'node:net';
import type { Extension, X509Certificate as LibraryCertificate } from '@peculiar/x509';
import { derOctets } from '../formats/der-write.js';
import { pemOfKey } from '../formats/pem-text.js';
import { requireNames } from '../host-names.js';
import { NAME_CONSTRAINTS_OID, type PermittedNames, writeNameConstraints } from './name-constraints.js';

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
  readonly hash?: 'SHA-1' | 'SHA-256' | 'SHA-384' | 'SHA-512';
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

/** OIDs of RFC 5280 §4.2.1.12. */
const PURPOSE_OIDS: Readonly<Record<Purpose, string>> = {
  server: '1.3.6.1.5.5.7.3.1',
  client: '1.3.6.1.5.5.7.3.2',
  email: '1.3.6.1.5.5.7.3.4',
};

/** RFC 8737 §6.1. */
const ACME_IDENTIFIER_OID = '1.3.6.1.5.5.7.1.31';

type Library = typeof import('@peculiar/x509');
let library: Promise<Library> | undefined;

/** The library's dependency injection needs Reflect metadata in place before it is evaluated. */
function loadLibrary(): Promise<Library> {
  library ??= import('reflect-metadata').then(() => import('@peculiar/x509'));
  return library;
}

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
  return names.find((name) => isIP(name) === 0 && name.length <= 64);
}

/** Issues a certificate, signed by the issuer, or by itself when there is none. */
export async function issueCertificate(
  request: CertificateRequest,
  issuer?: KeyPairPem,
): Promise<KeyPairPem> {
  const x509 = await loadLibrary();
  const key = request.key ?? newEcdsaKey();
  const publicKey = publicKeyDer(key);
  const subject = subjectName(request);
  const issuerCertificate = issuer === undefined ? undefined : new x509.X509Certificate(issuer.certPem);
  const algorithm = signatureAlgorithm(
    issuer === undefined ? key : createPrivateKey(issuer.keyPem),
    request.hash,
  );
  const certificate = await x509.X509CertificateGenerator.create(
    {
      serialNumber: newSerialNumber(),
      subject,
      issuer: issuerCertificate?.subjectName ?? subject,
      notBefore: request.notBefore,
      notAfter: request.notAfter,
      publicKey,
      signingKey: await webcrypto.subtle.importKey('pkcs8', algorithm.keyDer, algorithm.parameters, false, [
        'sign',
      ]),
      signingAlgorithm: algorithm.parameters,
      extensions: [
        ...usageExtensions(x509, request, key),
        await x509.SubjectKeyIdentifierExtension.create(publicKey, false, webcrypto),
        await issuerKeyExtension(x509, issuerCertificate, publicKey),
        ...(request.issuerUrl === undefined
          ? []
          : [new x509.AuthorityInfoAccessExtension({ caIssuers: request.issuerUrl })]),
        ...(request.acmeIdentifier === undefined
          ? []
          : [new x509.Extension(ACME_IDENTIFIER_OID, true, derOctets(Buffer.from(request.acmeIdentifier)))]),
        ...(request.revocationUrl === undefined
          ? []
          : [new x509.CRLDistributionPointsExtension([request.revocationUrl])]),
      ],
    },
    webcrypto,
  );
  return {
    certPem: `${certificate.toString('pem').trim()}\n`,
    keyPem: pemOfKey(key),
  };
}

function subjectName(request: CertificateRequest): Record<string, string[]>[] {
  const parts: Record<string, string[]>[] = [];
  if (request.organization !== undefined) parts.push({ O: [request.organization] });
  if (request.commonName !== undefined) parts.push({ CN: [request.commonName] });
  return parts;
}

/** 127 bits, positive and never zero (RFC 5280 §4.1.2.2; browsers ask for 64 random bits at least). */
function newSerialNumber(): string {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
  return bytes.toString('hex');
}

function publicKeyDer(key: KeyObject): Buffer {
  return createPublicKey(key).export({ type: 'spki', format: 'der' });
}

function signatureAlgorithm(key: KeyObject, hash = 'SHA-256') {
  const keyDer = key.export({ type: 'pkcs8', format: 'der' });
  if (key.asymmetricKeyType === 'rsa') return { keyDer, parameters: { name: 'RSASSA-PKCS1-v1_5', hash } };
  const curve = key.asymmetricKeyDetails?.namedCurve;
  const namedCurve = curve === 'secp384r1' ? 'P-384' : curve === 'secp521r1' ? 'P-521' : 'P-256';
  return { keyDer, parameters: { name: 'ECDSA', namedCurve, hash } };
}

function usageExtensions(x509: Library, request: CertificateRequest, key: KeyObject): Extension[] {
  const { authority, purposes = [], names = [] } = request;
  const flags = x509.KeyUsageFlags;
  const extensions: Extension[] = [
    new x509.BasicConstraintsExtension(authority !== undefined, authority?.pathLength, true),
    new x509.KeyUsagesExtension(
      authority !== undefined
        ? flags.keyCertSign | flags.cRLSign
        : key.asymmetricKeyType === 'rsa'
          ? flags.digitalSignature | flags.keyEncipherment
          : flags.digitalSignature,
      true,
    ),
  ];
  if (authority?.permitted !== undefined) {
    // Not critical, although RFC 5280 §4.2.1.10 asks for it: clients that know constraints hold to them either way, and those
    // that do not (mbedTLS, macOS before 10.13) would refuse everything that this authority vouches for.
    extensions.push(
      new x509.Extension(NAME_CONSTRAINTS_OID, false, writeNameConstraints(authority.permitted)),
    );
  }
  if (purposes.length > 0) {
    extensions.push(new x509.ExtendedKeyUsageExtension(purposes.map((purpose) => PURPOSE_OIDS[purpose])));
  }
  if (names.length > 0) {
    extensions.push(new x509.SubjectAlternativeNameExtension(names.map(generalName)));
  }
  return extensions;
}

function generalName(name: string): { type: 'ip' | 'email' | 'dns'; value: string } {
  if (isIP(name) !== 0) return { type: 'ip', value: name };
  return { type: name.includes('@') ? 'email' : 'dns', value: name };
}

/** Names the issuer's key by the identifier that the issuer's own certificate carries (RFC 5280 §4.2.1.1). */
async function issuerKeyExtension(
  x509: Library,
  issuer: LibraryCertificate | undefined,
  ownKey: Buffer,
): Promise<Extension> {
  const keyId = issuer?.getExtension(x509.SubjectKeyIdentifierExtension)?.keyId;
  if (keyId !== undefined) return new x509.AuthorityKeyIdentifierExtension(keyId);
  return x509.AuthorityKeyIdentifierExtension.create(issuer?.publicKey ?? ownKey, false, webcrypto);
}
