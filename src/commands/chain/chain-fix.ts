/** `tlsfront chain fix`: writes the file that a server should have, keeps the old one, and proves the new one first. */
import type { KeyObject } from 'node:crypto';
import { constants, copyFile, readFile } from 'node:fs/promises';
import { rootCertificates } from 'node:tls';
import type { Chain } from '../../certificates/chain/chain.js';
import { readLocalRoots } from '../../certificates/chain/local-roots.js';
import { proveChain } from '../../certificates/chain/prove-chain.js';
import { pemOfKey } from '../../certificates/formats/pem-text.js';
import { requireNames } from '../../certificates/host-names.js';
import { replaceFile } from '../../certificates/store/replace-file.js';
import { FrontError } from '../../shared/errors.js';
import { systemCode } from '../../shared/system-error.js';
import type { CommandIo } from '../../terminal/console.js';
import { requireChain, tellFindings } from './chain.js';
import { type ChainFiles, inspectFiles, isInput, reportingErrors, unwritable } from './chain-input.js';

/** Options of `chain fix`. */
export interface ChainFixOptions extends ChainFiles {
  readonly hosts?: readonly string[];
  /** The certificate file to write; it may be one of the inputs. */
  readonly output?: string | undefined;
  /** Where to write the private key in the clear, PKCS#8, 0600. */
  readonly keyOutput?: string | undefined;
  /** Write what clients would reject. */
  readonly force?: boolean;
}

/**
 * Writes the mended chain.
 * @returns 0 when written and proven, 1 when the result would be of no use, 2 on wrong use
 */
export function runChainFix(options: ChainFixOptions, io: CommandIo): Promise<number> {
  return reportingErrors(io, async () => {
    const { output, keyOutput, force = false } = options;
    const hosts = requireNames(options.hosts ?? []);
    if (output === undefined) {
      throw new FrontError('config_usage', 'no file to write was given', { hint: 'add -o integrated.crt' });
    }
    if (options.keyFile !== undefined && (await isInput(output, { files: [options.keyFile] }))) {
      throw new FrontError('config_usage', `${output} is the private key`, {
        hint: 'give another file with -o',
      });
    }
    const inspection = await inspectFiles(options, hosts);
    tellFindings(inspection, io);
    const chain = requireChain(inspection, force);
    const { key } = inspection;
    if (keyOutput !== undefined && key === undefined) {
      throw new FrontError('config_usage', 'there is no private key to write', {
        hint: 'give it with --key',
      });
    }
    const chainPem = chain.certificates.map((one) => one.pem).join('');
    const proof = await proveOrThrow(chain, chainPem, key, hosts[0], force);
    await write(output, chainPem, 0o644, io);
    const labels = chain.certificates.map(({ label }) => label).join(', then ');
    io.stdout.write(`wrote ${output}: ${labels}\n${proof}\n`);
    if (keyOutput === undefined || key === undefined) return 0;
    await write(keyOutput, pemOfKey(key), 0o600, io);
    io.stdout.write(`wrote ${keyOutput}: the private key, not encrypted\n`);
    return 0;
  });
}

/** What was proven, as a sentence. @throws FrontError internal when clients would refuse it */
async function proveOrThrow(
  chain: Chain,
  chainPem: string,
  key: KeyObject | undefined,
  host: string | undefined,
  force: boolean,
): Promise<string> {
  if (key === undefined) return 'not tried in a handshake: that needs the key (--key)';
  const failure = await proveChain({
    chainPem,
    keyPem: pemOfKey(key),
    trusted: rootsOf(chain),
    name: host ?? chain.leaf.names?.[0]?.replace(/^\*/, 'any'),
  });
  if (failure === undefined) return 'proven by a TLS 1.2 and a TLS 1.3 handshake';
  if (force) return `written by force although a handshake fails: ${failure}`;
  throw new FrontError('internal', `nothing was written: a handshake with it fails: ${failure}`, {
    hint: 'see what is wrong with: tlsfront chain show; --force writes it nevertheless',
  });
}

/** What a client has that knows the chain's end. */
function rootsOf({ anchor, root, certificates, leaf }: Chain): readonly string[] | undefined {
  if (anchor === 'self') return [leaf.pem];
  if (root !== undefined) return [...rootCertificates, root.pem];
  if (anchor !== 'local') return undefined;
  const local = readLocalRoots();
  return certificates.flatMap((one) => local.issuerOf(one)?.toString() ?? []);
}

/** Replaces the file; what it held before is kept beside it under the first free name. */
async function write(path: string, content: string, mode: number, io: CommandIo): Promise<void> {
  try {
    const old = await readFile(path, 'utf8').catch((cause: unknown) => {
      if (systemCode(cause) === 'ENOENT') return undefined;
      throw cause;
    });
    if (old !== undefined && old !== content) io.stdout.write(`kept the old file as ${await keep(path)}\n`);
    await replaceFile(path, content, { mode, exact: mode === 0o600 });
  } catch (cause) {
    throw unwritable(path, cause);
  }
}

async function keep(path: string): Promise<string> {
  for (let count = 1; ; count += 1) {
    const copy = count === 1 ? `${path}.old` : `${path}.old-${count}`;
    try {
      await copyFile(path, copy, constants.COPYFILE_EXCL);
      return copy;
    } catch (cause) {
      if (systemCode(cause) !== 'EEXIST' || count > 1000) throw cause;
    }
  }
}
