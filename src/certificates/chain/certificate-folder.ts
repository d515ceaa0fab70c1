/** Finds the certificates in a folder, by what the files hold: name.crt with name.key, and the folders of ACME clients. */
import { readdir } from 'node:fs/promises';
import { dirname, extname, join, parse } from 'node:path';
import { FrontError } from '../../shared/errors.js';
import { type Certificate, readCertificate } from '../formats/certificate.js';
import { openKey } from '../formats/key.js';
import { readPem } from '../formats/pem.js';
import type { PemBlock } from '../formats/pem-block.js';
import { fileFailure } from '../store/file-failure.js';
import { readSource } from './input-file.js';

/** Files of one certificate, ready for loadCertificate. */
export interface FoundCertificate {
  readonly certFile: string;
  readonly keyFile: string;
  /** Other certificate files beside it; they may complete the chain. */
  readonly beside: readonly string[];
  /** `name.ca` beside `name.key` or `name.crt`: whose certificates clients of these names must show (uWSGI's --sni-dir). */
  readonly clientAuthorityFile: string | null;
}

const MAX_DEPTH = 3;
const CERTIFICATE_FILE = /\.(?:pem|crt|cer|cert|ca-bundle|chain|der|p7b|p12|pfx|key)$/i;

interface Read {
  readonly file: string;
  readonly certificates: readonly Certificate[];
  readonly keys: readonly PemBlock[];
}

/**
 * Every key with the certificate that it belongs to, in the order of their paths.
 * @throws FrontError config_invalid when a folder or file cannot be read, a key has no certificate, or nothing is found
 */
export async function findCertificates(folder: string, passphrase?: string): Promise<FoundCertificate[]> {
  const files = await listFiles(folder, 0);
  const read: Read[] = [];
  for (const file of files.filter((name) => CERTIFICATE_FILE.test(name))) {
    read.push(await readFile(file, passphrase));
  }
  const found = read.flatMap((one) => one.keys.map((block) => match(one.file, block, read, passphrase)));
  if (found.length > 0) return withClientAuthorities(found, files);
  throw new FrontError('config_invalid', `there is no private key in the folder ${folder}`, {
    hint: 'put name.crt and name.key into it, or name the folder of an ACME client',
  });
}

async function listFiles(folder: string, depth: number): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((cause: unknown) => {
    throw new FrontError('config_invalid', `the folder ${folder} cannot be read: ${fileFailure(cause)}`, {
      hint: 'let this user read the folder, or start as root and give --uid',
      cause,
    });
  });
  const files: string[] = [];
  for (const entry of entries.sort((one, other) => (one.name < other.name ? -1 : 1))) {
    // Hidden entries are other programs' own: Kubernetes keeps old versions in ..data folders.
    if (entry.name.startsWith('.')) continue;
    const path = join(folder, entry.name);
    if (!entry.isDirectory()) files.push(path);
    else if (depth < MAX_DEPTH) files.push(...(await listFiles(path, depth + 1)));
  }
  return files;
}

/** An authority that belongs to no certificate is an error: to leave it out would open what was meant to be closed. */
function withClientAuthorities(
  found: readonly FoundCertificate[],
  files: readonly string[],
): FoundCertificate[] {
  const authorities = files.filter((name) => extname(name).toLowerCase() === '.ca');
  const stem = (file: string): string => join(parse(file).dir, parse(file).name);
  const ofWhom = (one: FoundCertificate, authority: string): boolean =>
    [one.keyFile, one.certFile].some((file) => stem(file) === stem(authority));
  const lonely = authorities.find((authority) => !found.some((one) => ofWhom(one, authority)));
  if (lonely !== undefined) {
    const name = parse(lonely).name;
    throw new FrontError('config_invalid', `${lonely} is the client authority of no certificate`, {
      hint: `call it as the key whose clients it signs (${name}.key, ${name}.ca); if it holds intermediates, call it .ca-bundle`,
    });
  }
  return found.map((one) => ({
    ...one,
    clientAuthorityFile: authorities.find((authority) => ofWhom(one, authority)) ?? null,
  }));
}

async function readFile(file: string, passphrase: string | undefined): Promise<Read> {
  const { bytes } = await readSource(file, 'certificate');
  const { blocks } = readPem(bytes, file, passphrase);
  return {
    file,
    certificates: blocks.flatMap((block) =>
      block.kind === 'certificate' ? (readCertificate(block.der, block.position) ?? []) : [],
    ),
    keys: blocks.filter(({ kind }) => kind === 'key').slice(0, 1),
  };
}

/** The certificate that fits the key: in its own file, else beside it; the file with the most certificates, else the first. */
function match(
  keyFile: string,
  block: PemBlock,
  read: readonly Read[],
  passphrase: string | undefined,
): FoundCertificate {
  const { key, findings } = openKey(block, passphrase);
  const [problem] = findings;
  if (key === undefined) {
    throw new FrontError(
      'certificate_broken',
      `${keyFile}: ${problem?.message ?? 'the key cannot be read'}`,
      {
        hint: problem?.fix ?? 'give the key in PEM form',
      },
    );
  }
  const near = read.filter(({ file }) => dirname(file) === dirname(keyFile));
  const fitting = near
    .filter(({ certificates }) => certificates.some(({ x509 }) => x509.checkPrivateKey(key)))
    .sort((one, other) => other.certificates.length - one.certificates.length);
  const [best] = fitting;
  if (best === undefined) {
    throw new FrontError('certificate_broken', `no certificate beside ${keyFile} belongs to it`, {
      hint: 'put the certificate of that key into the same folder, or take the key out of it',
    });
  }
  const others = near.filter((one) => !fitting.includes(one) && one.certificates.length > 0);
  return {
    certFile: best.file,
    keyFile,
    beside: others.map(({ file }) => file),
    clientAuthorityFile: null,
  };
}
