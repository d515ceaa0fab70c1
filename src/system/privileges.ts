/** Takes the user and group that routers and apps run as (uWSGI's --uid/--gid), and proves that the old ones are gone. */
import { userInfo } from 'node:os';
import { FrontError } from '../shared/errors.js';
import type { Identity } from '../shared/messages/router-messages.js';

declare global {
  namespace NodeJS {
    interface Process {
      /** Node has it on POSIX; the type package does not declare it. */
      initgroups?(user: string | number, extraGroup: string | number): void;
    }
  }
}

/**
 * Drops privileges for good, in the only order that works: supplementary groups, group, user.
 * HOME, USER and LOGNAME follow the new user, as npm and others write below HOME.
 * @throws FrontError config_invalid when the identity cannot be taken, or the old one could be taken back
 */
export function takeIdentity(identity: Identity): void {
  if (identity.uid === null && identity.gid === null) return;
  const wasRoot = process.geteuid?.() === 0;
  try {
    switchTo(identity, wasRoot);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new FrontError('config_invalid', `--uid/--gid, ${reason}`, {
      hint: 'start as root to run as another user',
      cause: error,
    });
  }
  if (!isTaken(identity, wasRoot)) {
    throw new FrontError('config_invalid', '--uid/--gid, the privileges could not be dropped', {
      hint: 'choose a user other than root, and start as root without set-user-ID tricks',
    });
  }
  if (identity.uid !== null) nameUserInEnvironment();
}

function switchTo({ uid, gid, userName }: Identity, wasRoot: boolean): void {
  const group = gid ?? process.getgid?.() ?? 0;
  if (wasRoot) {
    if (userName !== null) process.initgroups?.(userName, group);
    else process.setgroups?.([group]);
  }
  if (gid !== null) process.setgid?.(gid);
  if (uid !== null) process.setuid?.(uid);
}

function isTaken({ uid, gid }: Identity, wasRoot: boolean): boolean {
  if (gid !== null && (process.getgid?.() !== gid || process.getegid?.() !== gid)) return false;
  if (uid === null) return true;
  if (process.getuid?.() !== uid || process.geteuid?.() !== uid) return false;
  return uid === 0 || !wasRoot || !canBecomeRoot();
}

function canBecomeRoot(): boolean {
  try {
    process.setuid?.(0);
    return true;
  } catch {
    return false;
  }
}

function nameUserInEnvironment(): void {
  try {
    const { username, homedir } = userInfo();
    Object.assign(process.env, { HOME: homedir, USER: username, LOGNAME: username });
  } catch {
    // A uid without an account has no home; the app sees the environment as it was.
  }
}
