/** The store of this user on this machine. */
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
  return openFileStore(dataFolder({ platform: process.platform, home: findHome(), environment }));
}

/** An empty or relative HOME would put keys into the working folder: the account's own is taken then. */
function findHome(): string {
  const home = homedir();
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
