/** The store of this user on this machine. */
import { homedir } from 'node:os';
import { dataFolder } from './data-folder.js';
import { openFileStore } from './file-store.js';
import type { LocalStore } from './store.js';

/** @param environment decides where it is; see data-folder.ts */
export function openLocalStore(environment: Readonly<NodeJS.ProcessEnv>): LocalStore {
  return openFileStore(dataFolder({ platform: process.platform, home: homedir(), environment }));
}
