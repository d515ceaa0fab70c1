/** What the configuration asks of the machine: accounts, files, ciphers, addresses, processors. Changes nothing. */

import { accessSync, constants, statSync } from 'node:fs';
import { availableParallelism, networkInterfaces } from 'node:os';
import { delimiter, join } from 'node:path';
import { createSecureContext } from 'node:tls';
import { systemCode } from '../shared/system-error.js';
import { type Account, findGroup, findUser } from './accounts.js';
import { privateNetworks } from './private-networks.js';

/** The questions, so that tests can answer them. */
export interface Platform {
  /** Effective user id; null where there are none (Windows). */
  readonly userId: number | null;
  readonly groupId: number | null;
  findUser(nameOrNumber: string): Account | null;
  findGroup(nameOrNumber: string): Account | null;
  /** Why a file cannot be read, or null when it can. */
  whyUnreadable(path: string): string | null;
  /** Why a program, by its path or by its name on PATH, cannot be run; null when it can. */
  whyNotRunnable(program: string): string | null;
  /** False when OpenSSL knows no cipher of the list. */
  knowsCiphers(list: string): boolean;
  /** Loopback addresses to listen on, IPv4 first; no ::1 where IPv6 is switched off. */
  readonly loopback: readonly string[];
  /** Addresses of this machine in private networks, for `--lan`. */
  readonly privateAddresses: readonly string[];
  readonly processors: number;
}

const REASONS: ReadonlyMap<string, string> = new Map([
  ['ENOENT', 'no such file'],
  ['ENOTDIR', 'no such file'],
  ['EACCES', 'permission denied'],
  ['EPERM', 'permission denied'],
]);

function whyUnreadable(path: string): string | null {
  try {
    accessSync(path, constants.R_OK);
    return statSync(path).isDirectory() ? 'is a folder' : null;
  } catch (error) {
    const code = systemCode(error) ?? 'cannot be read';
    return REASONS.get(code) ?? code;
  }
}

function whyNotRunnable(program: string): string | null {
  if (program === '') return 'no program';
  const isPath = program.includes('/');
  const folders = isPath ? [''] : (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  const files = folders.map((folder) => join(folder, program));
  if (files.some(isRunnable)) return null;
  if (!isPath) return 'no such program on PATH';
  const reason = whyUnreadable(program);
  return reason === null || reason === 'permission denied' ? 'is not executable' : reason;
}

function isRunnable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}

function knowsCiphers(list: string): boolean {
  try {
    createSecureContext({ ciphers: list });
    return true;
  } catch {
    return false;
  }
}

function loopbackAddresses(): readonly string[] {
  const addresses = Object.values(networkInterfaces()).flatMap((entries) => entries ?? []);
  return addresses.some(({ address }) => address === '::1') ? ['127.0.0.1', '::1'] : ['127.0.0.1'];
}

/** This machine. */
export function thisPlatform(): Platform {
  return {
    userId: process.geteuid?.() ?? null,
    groupId: process.getegid?.() ?? null,
    findUser,
    findGroup,
    whyUnreadable,
    whyNotRunnable,
    knowsCiphers,
    loopback: loopbackAddresses(),
    privateAddresses: privateNetworks().map(({ address }) => address),
    processors: availableParallelism(),
  };
}
