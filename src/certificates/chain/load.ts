/** Loads what a listener serves: the chain mended in memory, the key opened, or an error that says what to do. */
import type { KeyObject } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import { FrontError } from '../../shared/errors.js';
import { FINDINGS, type Finding, positionText } from '../findings.js';
import type { Certificate } from '../formats/certificate.js';
import { pemOfKey } from '../formats/pem-text.js';
import { readSource } from './input-file.js';
import { type Inspection, inspect } from './inspect.js';

/** The files of one certificate. */
export interface CertificateFiles {
  /** Leaf and intermediates, in any order, in one file or several. */
  readonly certFiles: readonly string[];
  /** Absent when the key is in a certificate file. */
  readonly keyFile?: string | undefined;
  /** Files that complete the chain. */
  readonly caBundleFiles?: readonly string[];
  readonly passphrase?: string | undefined;
  /** Host names to compare with the certificate; a mismatch is a finding, not an error. */
  readonly hosts?: readonly string[];
  readonly now?: Date;
}

/** A certificate that is ready to serve. */
export interface LoadedCertificate {
  readonly leaf: Certificate;
  /** Leaf first, each issuer after, without root and duplicates, LF line ends. */
  readonly chainPem: string;
  /** PKCS#8, not encrypted. */
  readonly keyPem: string;
  /** What was mended and what some clients will hold against it, worst first; notes included. */
  readonly findings: readonly Finding[];
  /** DNS names and addresses of the leaf. */
  readonly names: readonly string[];
  readonly notAfter: Date;
}

/**
 * Reads and examines the files as `tlsfront chain check` does.
 * @throws FrontError config_invalid when a file cannot be read
 * @throws FrontError certificate_broken when clients would reject what the files hold and it cannot be mended
 */
export async function loadCertificate(files: CertificateFiles): Promise<LoadedCertificate> {
  const { certFiles, keyFile, caBundleFiles = [], passphrase, hosts = [], now } = files;
  const inspection = inspect({
    certificates: await Promise.all(certFiles.map((file) => readSource(file, 'certificate'))),
    bundle: await Promise.all(caBundleFiles.map((file) => readSource(file, 'CA bundle'))),
    ...(keyFile === undefined ? {} : { key: await readSource(keyFile, 'key') }),
    ...(passphrase === undefined ? {} : { passphrase }),
    ...(now === undefined ? {} : { now }),
    hosts,
  });
  const { chain, key } = requireServable(inspection, certFiles);
  const chainPem = chain.certificates.map(({ pem }) => pem).join('');
  const keyPem = pemOfKey(key);
  requireAccepted(chainPem, keyPem, chain.leaf);
  return {
    leaf: chain.leaf,
    chainPem,
    keyPem,
    // Completing the chain from the bundle is what the bundle was given for.
    findings: inspection.findings.filter(({ code }) => code !== 'intermediate_in_bundle'),
    names: chain.leaf.names ?? [],
    notAfter: chain.leaf.notAfter,
  };
}

function requireServable(
  { findings, chain, key }: Inspection,
  certFiles: readonly string[],
): { chain: NonNullable<Inspection['chain']>; key: KeyObject } {
  const refused = findings.find(({ code }) => FINDINGS[code].atStart === 'refuse');
  if (refused !== undefined) throw broken(refused);
  const where = certFiles.join(', ');
  if (chain === undefined) {
    throw new FrontError('certificate_broken', `there is no certificate in ${where}`, {
      hint: FINDINGS.not_pem.fix,
    });
  }
  if (key === undefined) {
    throw new FrontError('certificate_broken', `there is no private key for ${where}`, {
      hint: 'give the key file with --key',
    });
  }
  return { chain, key };
}

/** The finding as an error: `file:line: sentence`, with the fix as the hint. */
function broken({ message, position, fix }: Finding): FrontError {
  const where = positionText(position);
  const told = where === '' || message.startsWith(position?.file ?? '') ? message : `${where}: ${message}`;
  return new FrontError('certificate_broken', told, { hint: fix });
}

/** OpenSSL has the last word; its security level differs between Node's versions. */
function requireAccepted(cert: string, key: string, leaf: Certificate): void {
  try {
    createSecureContext({ cert, key });
  } catch (cause) {
    const reason =
      cause instanceof Error ? (cause.message.split(':').at(-1) ?? cause.message) : String(cause);
    throw new FrontError(
      'certificate_broken',
      `OpenSSL does not take the certificate of ${leaf.label}: ${reason}`,
      {
        hint: `examine it with: tlsfront chain check ${leaf.position.file}`,
        cause,
      },
    );
  }
}
