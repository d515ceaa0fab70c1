/** A test authority with certificates of every kind, made in this process with the product's own issuing code, once each. */
import { createPrivateKey } from 'node:crypto';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { KeyPairPem } from '../../src/certificates/development/x509-issuer.js';
import {
  DAY_MS,
  issueCertificate,
  issueLeaf,
  newEcdsaKey,
  newRsaKey,
} from '../../src/certificates/development/x509-issuer.js';

export type { KeyPairPem } from '../../src/certificates/development/x509-issuer.js';

/** Passphrase of `TestCertificates.encryptedKeyPem`. */
export const TEST_PASSPHRASE = 'correct horse battery staple';

/** Certificates of one authority; every leaf names localhost, 127.0.0.1, ::1 and app.test unless its comment says otherwise. */
export interface TestCertificates {
  /** Self-signed; trust `root.certPem`. */
  readonly root: KeyPairPem;
  /** Beneath the root. */
  readonly intermediate: KeyPairPem;
  /** ECDSA, beneath the intermediate. */
  readonly leaf: KeyPairPem;
  /** RSA 2048, beneath the intermediate. */
  readonly rsaLeaf: KeyPairPem;
  /** ECDSA, directly beneath the root. */
  readonly directLeaf: KeyPairPem;
  /** Names other.test and *.other.test only. */
  readonly otherLeaf: KeyPairPem;
  /** Ended yesterday. */
  readonly expiredLeaf: KeyPairPem;
  /** Begins tomorrow. */
  readonly futureLeaf: KeyPairPem;
  /** For TLS client authentication, beneath the root; common name "Test Client". */
  readonly client: KeyPairPem;
  /** A client certificate of an authority nobody knows. */
  readonly strangerClient: KeyPairPem;
  /** leaf followed by intermediate. */
  readonly chainPem: string;
  /** rsaLeaf followed by intermediate. */
  readonly rsaChainPem: string;
  /** leaf's key, encrypted under TEST_PASSPHRASE. */
  readonly encryptedKeyPem: string;
}

const NAMES = ['localhost', '127.0.0.1', '::1', 'app.test'];

let made: Promise<TestCertificates> | undefined;

/** The certificates, made at the first call of this process. */
export function testCertificates(): Promise<TestCertificates> {
  made ??= makeAll();
  return made;
}

async function makeAll(): Promise<TestCertificates> {
  const root = await issueTestAuthority('Test Root');
  const intermediate = await issueTestAuthority('Test Intermediate', root);
  const leaf = await issueLeaf(intermediate, NAMES);
  const rsaLeaf = await issueLeaf(intermediate, NAMES, { key: newRsaKey() });
  return {
    root,
    intermediate,
    leaf,
    rsaLeaf,
    directLeaf: await issueLeaf(root, NAMES),
    otherLeaf: await issueLeaf(intermediate, ['other.test', '*.other.test']),
    expiredLeaf: await issueLeaf(intermediate, NAMES, { now: daysFromNow(-31), validDays: 30 }),
    futureLeaf: await issueLeaf(intermediate, NAMES, { now: daysFromNow(1) }),
    client: await issueClient('Test Client', root),
    strangerClient: await issueClient('Stranger', await issueTestAuthority('Unknown Root')),
    chainPem: leaf.certPem + intermediate.certPem,
    rsaChainPem: rsaLeaf.certPem + intermediate.certPem,
    encryptedKeyPem: encryptKey(leaf.keyPem, TEST_PASSPHRASE),
  };
}

/** A moment so many days away. */
export function daysFromNow(days: number): Date {
  return new Date(Date.now() + days * DAY_MS);
}

/** A certificate authority for ten years, self-signed without an issuer. */
export function issueTestAuthority(commonName: string, issuer?: KeyPairPem): Promise<KeyPairPem> {
  return issueCertificate(
    {
      commonName,
      organization: 'tlsfront tests',
      notBefore: daysFromNow(-1),
      notAfter: daysFromNow(3650),
      authority: {},
      key: newEcdsaKey(),
    },
    issuer,
  );
}

/** A certificate for TLS client authentication. */
export function issueClient(commonName: string, issuer: KeyPairPem): Promise<KeyPairPem> {
  return issueCertificate(
    { commonName, notBefore: daysFromNow(-1), notAfter: daysFromNow(365), purposes: ['client'] },
    issuer,
  );
}

/** The key as encrypted PKCS#8 PEM. */
export function encryptKey(keyPem: string, passphrase: string): string {
  return createPrivateKey(keyPem)
    .export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase })
    .toString();
}

/** Files of `writeTestCertificates`, as absolute paths. */
export interface TestCertificateFiles {
  readonly rootFile: string;
  readonly intermediateFile: string;
  /** The leaf alone, as the tutorial's server.crt. */
  readonly certFile: string;
  readonly keyFile: string;
  /** leaf and intermediate. */
  readonly chainFile: string;
  readonly rsaChainFile: string;
  readonly rsaKeyFile: string;
  readonly clientCertFile: string;
  readonly clientKeyFile: string;
}

/** Writes the usual files into a folder (made when missing) for tests that start programs. */
export async function writeTestCertificates(folder: string): Promise<TestCertificateFiles> {
  const all = await testCertificates();
  mkdirSync(folder, { recursive: true });
  const write = (name: string, content: string): string => {
    const path = join(folder, name);
    writeFileSync(path, content);
    chmodSync(path, name.endsWith('.key') ? 0o600 : 0o644);
    return path;
  };
  return {
    rootFile: write('root.pem', all.root.certPem),
    intermediateFile: write('intermediate.pem', all.intermediate.certPem),
    certFile: write('server.crt', all.leaf.certPem),
    keyFile: write('server.key', all.leaf.keyPem),
    chainFile: write('chain.pem', all.chainPem),
    rsaChainFile: write('rsa-chain.pem', all.rsaChainPem),
    rsaKeyFile: write('rsa.key', all.rsaLeaf.keyPem),
    clientCertFile: write('client.crt', all.client.certPem),
    clientKeyFile: write('client.key', all.client.keyPem),
  };
}
