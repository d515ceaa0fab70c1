/** What the chain commands have in common: reading their files, and never losing one of them. */

import { stat } from 'node:fs/promises';
import { inspectFetching } from '../../certificates/chain/fetch-issuers.js';
import { readPassphrase, readSource, readSources, type Source } from '../../certificates/chain/input-file.js';
import { type Inspection, type InspectionInput, inspect } from '../../certificates/chain/inspect.js';
import { readLocalRoots } from '../../certificates/chain/local-roots.js';
import { readServedChain } from '../../certificates/chain/served-chain.js';
import { fileFailure } from '../../certificates/store/file-failure.js';
import { formatHostPort } from '../../shared/addresses/host-port.js';
import { FrontError } from '../../shared/errors.js';
import { type CommandIo, printError } from '../../terminal/console.js';

/** What every chain command reads. */
export interface ChainFiles {
  /** Files and folders. */
  readonly files: readonly string[];
  readonly keyFile?: string | undefined;
  readonly passphraseFile?: string | undefined;
  readonly caBundleFiles?: readonly string[];
  /** Download missing intermediates from where the certificates say they are. */
  readonly fetch?: boolean;
  /** `host:port` of a running server whose certificates are examined in place of files. */
  readonly connect?: string | undefined;
}

/**
 * Reads and examines.
 * @throws FrontError config_usage, config_invalid; internal when a server does not answer
 */
export async function inspectFiles(options: ChainFiles, hosts: readonly string[]): Promise<Inspection> {
  const { keyFile, passphraseFile, caBundleFiles = [], fetch = false } = options;
  const served = options.connect === undefined ? undefined : parseServer(options.connect, hosts);
  const input: InspectionInput = {
    certificates: served === undefined ? await readFiles(options) : await readServer(served),
    bundle: await readSources(caBundleFiles, 'CA bundle'),
    ...(keyFile === undefined ? {} : { key: await readSource(keyFile, 'key') }),
    ...(passphraseFile === undefined ? {} : { passphrase: await readPassphrase(passphraseFile) }),
    hosts: served === undefined || hosts.length > 0 ? hosts : [served.serverName],
    localRoots: readLocalRoots(),
  };
  return fetch ? inspectFetching(input) : inspect(input);
}

function readFiles({ files }: ChainFiles): Promise<Source[]> {
  if (files.length > 0) return readSources(files, 'certificate');
  throw new FrontError('config_usage', 'the certificate file is missing', {
    hint: 'tlsfront chain check integrated.crt --key server.key --host example.com',
  });
}

interface Server {
  readonly host: string;
  readonly port: number;
  readonly serverName: string;
}

function parseServer(text: string, [name]: readonly string[]): Server {
  const match = /^(?:https:\/\/)?(?:\[([0-9a-f:.]+)\]|([^\s:/[\]]+))(?::(\d{1,5}))?\/?$/i.exec(text);
  const host = match?.[1] ?? match?.[2] ?? '';
  const port = Number(match?.[3] ?? 443);
  if (host === '' || port < 1 || port > 65_535) {
    throw new FrontError('config_usage', `${text} is no address of a server`, {
      hint: 'write host:port, such as example.com:443 or [::1]:8443',
    });
  }
  return { host, port, serverName: name ?? host };
}

async function readServer(server: Server): Promise<Source[]> {
  const { certificates } = await readServedChain(server);
  const address = formatHostPort(server.host, server.port);
  // As text, since a server sends the certificates themselves and no file in the wrong form.
  return certificates.map((der, index) => ({
    file: `${address} #${index + 1}`,
    bytes: Buffer.from(pemText(der)),
    mode: 0o600,
  }));
}

function pemText(der: Buffer): string {
  return `-----BEGIN CERTIFICATE-----\n${der.toString('base64')}\n-----END CERTIFICATE-----\n`;
}

/** True when the path is one of the inputs, by whatever name. */
export async function isInput(output: string, options: ChainFiles): Promise<boolean> {
  const { files, keyFile = [], caBundleFiles = [] } = options;
  const target = await identityOf(output);
  if (target === undefined) return false;
  for (const input of [files, keyFile, caBundleFiles].flat()) {
    if ((await identityOf(input)) === target) return true;
  }
  return false;
}

async function identityOf(path: string): Promise<string | undefined> {
  const status = await stat(path, { bigint: true }).catch(() => undefined);
  return status && `${status.dev}:${status.ino}`;
}

/** An error about a file that could not be written. */
export function unwritable(path: string, cause: unknown): FrontError {
  return new FrontError('config_usage', `${path} cannot be written: ${fileFailure(cause)}`, {
    hint: 'give a file in a folder that exists and is writable',
    cause,
  });
}

/** Runs the work and turns its FrontError into lines and an exit code. */
export async function reportingErrors(io: CommandIo, work: () => Promise<number>): Promise<number> {
  try {
    return await work();
  } catch (cause) {
    if (!(cause instanceof FrontError)) throw cause;
    return printError(io, cause);
  }
}
