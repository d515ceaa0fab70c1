/** Examines certificate files as a whole: text, key, chain and certificates; touches neither disk nor network. */
import type { KeyObject } from 'node:crypto';
import { type Finding, finding, positionText, type Severity } from '../findings.js';
import { type Certificate, readCertificate } from '../formats/certificate.js';
import { chooseKey, type KeyReading, readKey } from '../formats/key.js';
import { readPem } from '../formats/pem.js';
import type { PemFile } from '../formats/pem-block.js';
import { judgeCertificates, listed } from './certificate-findings.js';
import { buildChain, type Chain, withoutDuplicates } from './chain.js';
import { judgeChain } from './chain-findings.js';
import type { Source } from './input-file.js';
import { judgePath } from './path-findings.js';
import { NO_ROOTS, PUBLIC_ROOTS, type RootStore } from './roots.js';

/** What to examine. */
export interface InspectionInput {
  /** Files whose certificates are sent to clients, in the order given. */
  readonly certificates: readonly Source[];
  /** Files that may complete the chain; a self-signed certificate in them counts as trusted. */
  readonly bundle?: readonly Source[];
  /** The private key's file; a key inside a certificate file is found without it. */
  readonly key?: Source;
  readonly passphrase?: string;
  /** Host names that clients will ask for. */
  readonly hosts?: readonly string[];
  readonly now?: Date;
  /** The roots that every client knows; Mozilla's by default. */
  readonly roots?: RootStore;
  /** Roots that this machine trusts beyond those. */
  readonly localRoots?: RootStore;
}

/** What was found. */
export interface Inspection {
  /** Errors first, then warnings, then notes. */
  readonly findings: readonly Finding[];
  /** The certificates of the certificate files, in the order found. */
  readonly found: readonly Certificate[];
  /** Absent when no certificate can be a server's own. */
  readonly chain: Chain | undefined;
  readonly key: KeyObject | undefined;
}

/** Examines everything and reports all that is wrong, not only the first. */
export function inspect(input: InspectionInput): Inspection {
  const { hosts = [], now = new Date(), roots = PUBLIC_ROOTS, localRoots = NO_ROOTS, passphrase } = input;
  const files = input.certificates.map(({ bytes, file }) => readPem(bytes, file, passphrase));
  const bundleFiles = (input.bundle ?? []).map(({ bytes, file }) => readPem(bytes, file, passphrase));
  const findings: Finding[] = [...files, ...bundleFiles].flatMap((file) => file.findings);
  const found = files.flatMap((file) => certificatesOf(file, findings));
  const bundle = bundleFiles.flatMap((file) => certificatesOf(file, findings));
  for (const file of files) findings.push(...judgeBlocks(file, found.length > 0));
  const { key, findings: keyFindings } = findKey(input, files, found);
  findings.push(...keyFindings);
  const given = withoutDuplicates(found);
  const chain = buildChain({ given, bundle, key, hosts, roots, localRoots, now });
  if (chain !== undefined) {
    if (key !== undefined && !chain.leaf.x509.checkPrivateKey(key)) {
      findings.push(keyMismatch(chain.leaf, key, [...found, ...bundle], input));
    }
    findings.push(
      ...judgeChain(chain, { found, bundle }),
      ...judgePath(chain),
      ...judgeCertificates(chain, hosts, now),
    );
  } else if (found.length === 0 && findings.every(({ severity }) => severity !== 'error')) {
    const [file] = input.certificates;
    const labels = [...new Set(files.flatMap(({ blocks }) => blocks.map(({ label }) => label)))];
    const message = `there is no certificate${labels.length === 0 ? '' : `, only ${labels.join(', ')}`}`;
    findings.push(finding('no_certificate', message, file && { file: file.file }));
  } else if (found.length > 0) {
    const names = listed(found.map(({ label }) => label));
    findings.push(
      finding('no_leaf', `only certificates of authorities are given (${names})`, found[0]?.position),
    );
  }
  return { findings: findings.sort(bySeverity), found, chain, key };
}

const SEVERITIES: readonly Severity[] = ['error', 'warning', 'note'];

function bySeverity(one: Finding, other: Finding): number {
  return SEVERITIES.indexOf(one.severity) - SEVERITIES.indexOf(other.severity);
}

function certificatesOf(file: PemFile, findings: Finding[]): Certificate[] {
  return file.blocks.flatMap((block) => {
    if (block.kind !== 'certificate') return [];
    const certificate = readCertificate(block.der, block.position);
    if (certificate !== undefined) return [certificate];
    findings.push(
      finding('unreadable_certificate', 'the block holds no readable certificate', block.position),
    );
    return [];
  });
}

/** Blocks that are no certificates: a mistake where there is no certificate at all, harmless beside one. */
function judgeBlocks(file: PemFile, hasCertificates: boolean): Finding[] {
  return file.blocks.flatMap(({ kind, label, position }) => {
    if (kind === 'certificate') return [];
    if (hasCertificates && kind === 'key') {
      // A key file named beside certificate files is no mistake, and a PKCS#12 bundle is made to hold both.
      const together = file.blocks.some((other) => other.kind === 'certificate');
      if (!together || file.findings.some(({ code }) => code === 'pkcs12_bundle')) return [];
      return [
        finding(
          'key_in_certificate_file',
          'the private key is in the same file as the certificate',
          position,
        ),
      ];
    }
    if (hasCertificates || kind === 'other') {
      return [finding('other_block', `the block ${label} is no certificate and is skipped`, position)];
    }
    if (kind === 'key') {
      return [finding('key_given', `${file.file} holds a private key where a certificate belongs`, position)];
    }
    if (kind === 'request') {
      const message = `${file.file} holds a certificate request (CSR), not the certificate`;
      return [finding('request_given', message, position)];
    }
    return [finding('public_key_given', `${file.file} holds a public key, not a certificate`, position)];
  });
}

function findKey(
  input: InspectionInput,
  files: readonly PemFile[],
  found: readonly Certificate[],
): KeyReading {
  const { key: source, passphrase } = input;
  const isFor =
    (certificates: readonly Certificate[]) =>
    (key: KeyObject): boolean =>
      certificates.some(({ x509 }) => x509.checkPrivateKey(key));
  // The key of an authority may lie in the same file: the server's own counts.
  const fitting = [isFor(found.filter(({ authority }) => authority !== true)), isFor(found)];
  if (source === undefined) {
    const blocks = files.flatMap((file) => file.blocks);
    return chooseKey(blocks, passphrase, fitting) ?? { key: undefined, findings: [] };
  }
  const file = readPem(source.bytes, source.file, passphrase);
  const reading = readKey(file, passphrase, fitting);
  const findings = [...file.findings.filter(({ code }) => code !== 'other_text'), ...reading.findings];
  if ((source.mode & 0o004) !== 0 && file.blocks.some(({ kind }) => kind === 'key')) {
    const message = `every user of this machine can read the private key ${source.file}`;
    findings.push(finding('key_readable_by_others', message, { file: source.file }));
  }
  return { key: reading.key, findings };
}

function keyMismatch(
  leaf: Certificate,
  key: KeyObject,
  certificates: readonly Certificate[],
  input: InspectionInput,
): Finding {
  const fitting = certificates.find(({ x509 }) => x509.checkPrivateKey(key));
  const where = input.key === undefined ? undefined : { file: input.key.file };
  const message = `the private key does not belong to the certificate of ${leaf.label} (${positionText(leaf.position)})`;
  if (fitting === undefined) return finding('key_mismatch', message, where);
  return finding(
    'key_mismatch',
    `${message}; it fits ${fitting.label} (${positionText(fitting.position)})`,
    where,
  );
}
