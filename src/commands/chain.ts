/** `tlsfront chain check` and `tlsfront chain merge`. */
import { stat } from 'node:fs/promises';
import { fileFailure } from '../certificates/file-failure.js';
import { FINDINGS, type FindingCode } from '../certificates/findings.js';
import { type Inspection, inspect } from '../certificates/inspect.js';
import { requireNames } from '../certificates/names.js';
import { replaceFile } from '../certificates/replace-file.js';
import { readPassphrase, readSource } from '../certificates/source.js';
import { FrontError } from '../contract/errors.js';
import { findingText, isSound, reportJson, reportText } from './chain-report.js';
import { type CommandIo, printError } from './command-io.js';

/** Files that both commands take. */
interface ChainFiles {
  readonly files: readonly string[];
  readonly keyFile?: string | undefined;
  readonly passphraseFile?: string | undefined;
  readonly caBundleFiles?: readonly string[];
}

/** Options of `chain check`. */
export interface ChainCheckOptions extends ChainFiles {
  readonly hosts?: readonly string[];
  readonly json?: boolean;
}

/** Options of `chain merge`. */
export interface ChainMergeOptions extends ChainFiles {
  /** The file to write; standard output when absent or `-`. */
  readonly output?: string | undefined;
  /** Overwrite an input, and write what clients would reject. */
  readonly force?: boolean;
}

/**
 * Examines the files as a server would send them.
 * @returns 0 when every client accepts them as they stand, 1 when some do not, 2 on wrong use
 */
export function runChainCheck(options: ChainCheckOptions, io: CommandIo): Promise<number> {
  return reportingErrors(io, async () => {
    const hosts = requireNames(options.hosts ?? []);
    const inspection = await inspectFiles(options, hosts);
    io.out(options.json === true ? reportJson(inspection) : reportText(inspection, io.color));
    return isSound(inspection) ? 0 : 1;
  });
}

/** What makes a merged file useless, so that it is only written when forced. */
const INCOMPLETE: readonly FindingCode[] = ['missing_intermediate', 'signature_invalid'];

/** What merging is for, and therefore nothing to report. */
const EXPECTED: readonly FindingCode[] = [
  'leaf_not_first',
  'wrong_order',
  'duplicate_certificate',
  'superfluous_root',
  'intermediate_in_bundle',
  'given_authority',
  'key_in_certificate_file',
];

/**
 * Writes one file in the order clients want. The certificates may come in any order, number of files and state of repair.
 * @returns 0 when written, 1 when the result would be of no use, 2 on wrong use
 */
export function runChainMerge(options: ChainMergeOptions, io: CommandIo): Promise<number> {
  return reportingErrors(io, async () => {
    const { output, force = false } = options;
    const toFile = output === undefined || output === '-' ? undefined : output;
    if (toFile !== undefined && !force) await refuseToOverwriteInput(toFile, options);
    const inspection = await inspectFiles(options, []);
    const told = inspection.findings.filter(({ code }) => !EXPECTED.includes(code));
    for (const one of told) io.err(findingText(one, false));
    const { chain } = inspection;
    const obstacle = inspection.findings.find(
      ({ code }) => FINDINGS[code].atStart === 'refuse' || INCOMPLETE.includes(code),
    );
    if (chain === undefined || (obstacle !== undefined && !force)) {
      const hint = chain === undefined ? undefined : `${obstacle?.fix ?? ''}; --force writes it nevertheless`;
      printError(io, `nothing was written: ${obstacle?.message ?? 'there is no certificate'}`, hint);
      return 1;
    }
    const pem = chain.certificates.map((one) => one.pem).join('');
    if (toFile === undefined) {
      io.out(pem);
      return 0;
    }
    await writeOutput(toFile, pem);
    io.out(`wrote ${toFile}: ${chain.certificates.map(({ label }) => label).join(', then ')}\n`);
    return 0;
  });
}

async function inspectFiles(options: ChainFiles, hosts: readonly string[]): Promise<Inspection> {
  const { files, keyFile, passphraseFile, caBundleFiles = [] } = options;
  if (files.length === 0) {
    throw new FrontError('config_usage', 'no certificate file was given', {
      hint: 'tlsfront chain check integrated.crt --key server.key --host example.com',
    });
  }
  return inspect({
    certificates: await Promise.all(files.map((file) => readSource(file, 'certificate'))),
    bundle: await Promise.all(caBundleFiles.map((file) => readSource(file, 'CA bundle'))),
    ...(keyFile === undefined ? {} : { key: await readSource(keyFile, 'key') }),
    ...(passphraseFile === undefined ? {} : { passphrase: await readPassphrase(passphraseFile) }),
    hosts,
  });
}

/** A mistyped `-o` must not cost somebody the only copy of a certificate or key. */
async function refuseToOverwriteInput(output: string, options: ChainFiles): Promise<void> {
  const { files, keyFile = [], caBundleFiles = [] } = options;
  const target = await identityOf(output);
  if (target === undefined) return;
  for (const input of [files, keyFile, caBundleFiles].flat()) {
    if ((await identityOf(input)) === target) {
      throw new FrontError('config_usage', `${output} is one of the files to be merged`, {
        hint: 'give another file with -o, or --force to replace it',
      });
    }
  }
}

async function identityOf(path: string): Promise<string | undefined> {
  const status = await stat(path, { bigint: true }).catch(() => undefined);
  return status && `${status.dev}:${status.ino}`;
}

async function writeOutput(path: string, pem: string): Promise<void> {
  try {
    await replaceFile(path, pem, 0o644);
  } catch (cause) {
    throw new FrontError('config_usage', `${path} cannot be written: ${fileFailure(cause)}`, {
      hint: 'give a file in a folder that exists and is writable',
      cause,
    });
  }
}

async function reportingErrors(io: CommandIo, work: () => Promise<number>): Promise<number> {
  try {
    return await work();
  } catch (cause) {
    if (!(cause instanceof FrontError)) throw cause;
    printError(io, cause.message, cause.hint);
    return 2;
  }
}
