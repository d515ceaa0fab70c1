/** Reads the files that people name for certificates and keys, and says in plain words why one cannot be read. */
import { open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { FrontError } from '../../shared/errors.js';
import { systemCode } from '../../shared/system-error.js';
import { fileFailure } from '../store/file-failure.js';

/** The largest file that is read: a system's whole trust store is a tenth of it. */
export const SOURCE_MAX_BYTES = 4 * 1024 * 1024;

/** A file's content. */
export interface Source {
  readonly file: string;
  readonly bytes: Buffer;
  /** Permission bits; pipes and Windows files count as private. */
  readonly mode: number;
}

/**
 * Reads a regular file or a pipe (`<(command)`), up to SOURCE_MAX_BYTES.
 * @param role what the file is for, as it reads in `the certificate file …`
 * @throws FrontError config_invalid naming the file and the reason
 */
export async function readSource(
  file: string,
  role: 'certificate' | 'key' | 'CA bundle' | 'passphrase' | 'revocation list',
): Promise<Source> {
  try {
    const handle = await open(file, 'r');
    try {
      const status = await handle.stat();
      const bytes = await readBounded(handle);
      const shared = status.isFile() && process.platform !== 'win32';
      return { file, bytes, mode: shared ? status.mode & 0o777 : 0o600 };
    } finally {
      await handle.close();
    }
  } catch (cause) {
    throw new FrontError('config_invalid', `the ${role} file ${file} cannot be read: ${fileFailure(cause)}`, {
      hint: hintFor(systemCode(cause), file),
      cause,
    });
  }
}

/** What certificates and keys are called; anything else in a folder is left alone. */
const CERTIFICATE_FILE = /\.(?:pem|crt|cer|cert|ca|ca-bundle|chain|der|p7b|p7c|p12|pfx|key)$/i;

/**
 * Reads files, and the certificate and key files of folders (not of the folders in them), in the order given.
 * @throws FrontError config_invalid naming the file or folder and the reason
 */
export async function readSources(
  paths: readonly string[],
  role: 'certificate' | 'CA bundle',
): Promise<Source[]> {
  const sources: Source[] = [];
  for (const path of paths) {
    const isFolder = await stat(path).then(
      (status) => status.isDirectory(),
      () => false,
    );
    const files = isFolder ? await listFolder(path) : [path];
    for (const file of files) sources.push(await readSource(file, role));
  }
  return sources;
}

async function listFolder(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch((cause: unknown) => {
    throw new FrontError('config_invalid', `the folder ${folder} cannot be read: ${fileFailure(cause)}`, {
      hint: 'let this user read the folder, or name the files in it',
      cause,
    });
  });
  const files = names.filter((name) => CERTIFICATE_FILE.test(name)).sort();
  if (files.length > 0) return files.map((name) => join(folder, name));
  throw new FrontError('config_invalid', `there is no certificate file in the folder ${folder}`, {
    hint: 'certificate files end in .pem, .crt, .cer, .ca, .der, .p7b, .p12 or .pfx',
  });
}

async function readBounded(handle: Awaited<ReturnType<typeof open>>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let total = 0;
  for (;;) {
    const { bytesRead, buffer } = await handle.read({ buffer: Buffer.allocUnsafe(65_536), position: null });
    if (bytesRead === 0) return Buffer.concat(chunks);
    total += bytesRead;
    if (total > SOURCE_MAX_BYTES) throw new Error(`it is larger than ${SOURCE_MAX_BYTES >> 20} MiB`);
    chunks.push(buffer.subarray(0, bytesRead));
  }
}

function hintFor(code: string | null, file: string): string {
  if (code === 'ENOENT') return `check the path; it was looked up from ${process.cwd()}`;
  if (code === 'EACCES') return 'let this user read the file, or start as root and give --uid';
  if (code === 'EISDIR') return `name a file inside ${file}`;
  return 'give a PEM file';
}

/** The passphrase in a file: its first line, without the line end. */
export async function readPassphrase(file: string): Promise<string> {
  const { bytes } = await readSource(file, 'passphrase');
  const [line = ''] = bytes
    .toString('utf8')
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/);
  return line;
}
