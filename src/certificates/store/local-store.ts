/** The store of this user on this machine. */
import { readFileSync } from 'node:fs';
import { homedir, userInfo } from 'node:os';
import { isAbsolute } from 'node:path';
import { FrontError } from '../../shared/errors.js';
import { dataFolder } from './data-folder.js';
import { openFileStore } from './file-store.js';
import type { LocalStore } from './store.js';

/**
 * @param environment decides where it is; see data-folder.ts
 * @throws FrontError config_invalid where neither the environment nor the account names a home folder
 */
export function openLocalStore(environment: Readonly<NodeJS.ProcessEnv>): LocalStore {
  return openFileStore(dataFolder({ platform: process.platform, home: findHome(environment), environment }));
}

/**
 * With `sudo` the authority must be the one that the user's browser trusts, and HOME is root's.
 * @param passwd lines of passwd(5)
 * @returns null where nobody stands behind root, or HOME is that user's already
 */
export function homeBehindSudo(
  { SUDO_UID, HOME }: Readonly<NodeJS.ProcessEnv>,
  uid: number | undefined,
  passwd: string,
): string | null {
  if (uid !== 0 || SUDO_UID === undefined || SUDO_UID === '0') return null;
  const homes = passwd.split('\n').map((line) => line.split(':'));
  const homeOf = (id: string): string | undefined => homes.find((fields) => fields[2] === id)?.[5];
  // Somebody chose another HOME on purpose: sudo env HOME=/srv/front tlsfront …
  if (HOME !== undefined && HOME !== homeOf('0')) return null;
  const home = homeOf(SUDO_UID) ?? '';
  return isAbsolute(home) ? home : null;
}

function readPasswd(): string {
  try {
    return readFileSync('/etc/passwd', 'utf8');
  } catch {
    return '';
  }
}

/** An empty or relative HOME would put keys into the working folder: the account's own is taken then. */
function findHome(environment: Readonly<NodeJS.ProcessEnv>): string {
  const home = homeBehindSudo(environment, process.getuid?.(), readPasswd()) ?? homedir();
  if (isAbsolute(home)) return home;
  try {
    const { homedir: ofAccount } = userInfo();
    if (isAbsolute(ofAccount)) return ofAccount;
  } catch {
    // A uid without an account.
  }
  throw new FrontError('config_invalid', `HOME is ${JSON.stringify(home)}, which is no folder`, {
    hint: 'set HOME or XDG_DATA_HOME to the absolute path of a folder',
  });
}
