/** `tlsfront chain check` and `tlsfront chain merge`. */

import type { Inspection } from '../../certificates/chain/inspect.js';
import { FINDINGS, type FindingCode } from '../../certificates/findings.js';
import { requireNames } from '../../certificates/host-names.js';
import { replaceFile } from '../../certificates/store/replace-file.js';
import { FrontError } from '../../shared/errors.js';
import { type CommandIo, usesColour } from '../../terminal/console.js';
import { type ChainFiles, inspectFiles, isInput, reportingErrors, unwritable } from './chain-input.js';
import { findingText, isSound, reportJson, reportText } from './chain-report.js';

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
 * Examines the files as a server would send them, or what a running server sends.
 * @returns 0 when every client accepts them as they stand, 1 when some do not, 2 on wrong use
 */
export function runChainCheck(options: ChainCheckOptions, io: CommandIo): Promise<number> {
  return reportingErrors(io, async () => {
    const inspection = await inspectFiles(options, requireNames(options.hosts ?? []));
    const color = usesColour(io.stdout, io.environment);
    io.stdout.write(options.json === true ? reportJson(inspection) : reportText(inspection, color));
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
  'longer_than_needed',
  'intermediate_in_bundle',
  'given_authority',
  'local_authority',
  'key_in_certificate_file',
  'der_encoded',
  'pkcs7_bundle',
  'pkcs12_bundle',
];

/** The chain to write; @throws FrontError internal when it would be of no use and is not forced */
export function requireChain(inspection: Inspection, force: boolean): NonNullable<Inspection['chain']> {
  const { chain, findings } = inspection;
  const obstacle = findings.find(
    ({ code }) => FINDINGS[code].atStart === 'refuse' || INCOMPLETE.includes(code),
  );
  if (chain !== undefined && (obstacle === undefined || force)) return chain;
  const reason = obstacle?.message ?? 'there is no certificate';
  const hint = chain === undefined ? obstacle?.fix : `${obstacle?.fix ?? ''}; --force writes it nevertheless`;
  throw new FrontError('internal', `nothing was written: ${reason}`, hint === undefined ? {} : { hint });
}

/** Tells what merging does not cure. */
export function tellFindings(inspection: Inspection, io: CommandIo): void {
  for (const one of inspection.findings) {
    if (!EXPECTED.includes(one.code)) io.stderr.write(findingText(one, false));
  }
}

/**
 * Writes one file in the order clients want. The certificates may come in any order, number of files and state of repair.
 * @returns 0 when written, 1 when the result would be of no use, 2 on wrong use
 */
export function runChainMerge(options: ChainMergeOptions, io: CommandIo): Promise<number> {
  return reportingErrors(io, async () => {
    const { output, force = false } = options;
    const toFile = output === undefined || output === '-' ? undefined : output;
    // A mistyped `-o` must not cost somebody the only copy of a certificate or key.
    if (toFile !== undefined && !force && (await isInput(toFile, options))) {
      throw new FrontError('config_usage', `${toFile} is one of the files to be merged`, {
        hint: 'give another file with -o, or --force to replace it',
      });
    }
    const inspection = await inspectFiles(options, []);
    tellFindings(inspection, io);
    const chain = requireChain(inspection, force);
    const pem = chain.certificates.map((one) => one.pem).join('');
    if (toFile === undefined) {
      io.stdout.write(pem);
      return 0;
    }
    await replaceFile(toFile, pem, { mode: 0o644 }).catch((cause: unknown) => {
      throw unwritable(toFile, cause);
    });
    io.stdout.write(`wrote ${toFile}: ${chain.certificates.map(({ label }) => label).join(', then ')}\n`);
    return 0;
  });
}
