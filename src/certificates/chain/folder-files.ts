/** Reads the certificate and key files of a folder and the folders in it. */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { FrontError } from '../../shared/errors.js';
import { FINDINGS, type Finding, finding } from '../findings.js';
import { type Certificate, readCertificate } from '../formats/certificate.js';
import { readPem } from '../formats/pem.js';
import type { PemBlock } from '../formats/pem-block.js';
import { fileFailure } from '../store/file-failure.js';
import { readSource } from './input-file.js';

/** What one file holds. */
export interface FolderFile {
  readonly file: string;
  readonly certificates: readonly Certificate[];
  readonly keys: readonly PemBlock[];
  readonly hasRequest: boolean;
  /** Why it cannot be served as it stands; null: nothing of it is damaged. */
  readonly damage: Finding | null;
}

/** The files of a folder, and those of them that cannot be read. */
export interface FolderFiles {
  readonly files: readonly FolderFile[];
  /** Paths of all files, whatever they are called. */
  readonly names: readonly string[];
  readonly unreadable: readonly { readonly file: string; readonly error: FrontError }[];
}

/** How deep folders in the folder are searched; the watch looks as deep. */
export const MAX_FOLDER_DEPTH = 3;
const CERTIFICATE_FILE = /\.(?:pem|crt|cer|cert|ca-bundle|chain|der|p7b|p12|pfx|key|rsa|ecdsa)$/i;

/** @throws FrontError config_invalid when the folder itself cannot be read */
export async function readFolderFiles(folder: string, passphrase?: string): Promise<FolderFiles> {
  const unreadable: { file: string; error: FrontError }[] = [];
  const names = await listFiles(folder, 0, unreadable);
  const files: FolderFile[] = [];
  for (const file of names.filter((name) => CERTIFICATE_FILE.test(name))) {
    try {
      files.push(await readFile(file, passphrase));
    } catch (error) {
      if (!(error instanceof FrontError)) throw error;
      unreadable.push({ file, error });
    }
  }
  return { files, names, unreadable };
}

async function listFiles(
  folder: string,
  depth: number,
  unreadable: { file: string; error: FrontError }[],
): Promise<string[]> {
  let names: string[];
  try {
    names = await readdir(folder);
  } catch (cause) {
    const error = new FrontError(
      'config_invalid',
      `the folder ${folder} cannot be read: ${fileFailure(cause)}`,
      { hint: 'let this user read the folder, or start as root and give --uid', cause },
    );
    if (depth === 0) throw error;
    unreadable.push({ file: folder, error });
    return [];
  }
  const files: string[] = [];
  for (const name of names.sort()) {
    // Hidden entries are other programs' own: Kubernetes keeps old versions in ..data folders.
    if (name.startsWith('.')) continue;
    const path = join(folder, name);
    // Links to folders are followed: so Kubernetes mounts the parts of a secret.
    const isFolder = await stat(path).then(
      (status) => status.isDirectory(),
      () => false,
    );
    if (!isFolder) files.push(path);
    else if (depth < MAX_FOLDER_DEPTH) files.push(...(await listFiles(path, depth + 1, unreadable)));
  }
  return files;
}

async function readFile(file: string, passphrase: string | undefined): Promise<FolderFile> {
  const { bytes } = await readSource(file, 'certificate');
  const { blocks, findings } = readPem(bytes, file, passphrase);
  const certificates: Certificate[] = [];
  const damages: Finding[] = [];
  for (const { kind, der, position } of blocks) {
    if (kind !== 'certificate') continue;
    const certificate = readCertificate(der, position);
    if (certificate !== undefined) certificates.push(certificate);
    else damages.push(finding('unreadable_certificate', 'the block holds no readable certificate', position));
  }
  damages.push(...findings.filter(({ code }) => FINDINGS[code].atStart === 'refuse'));
  return {
    file,
    certificates,
    keys: blocks.filter(({ kind }) => kind === 'key'),
    hasRequest: blocks.some(({ kind }) => kind === 'request'),
    damage: damages[0] ?? null,
  };
}
