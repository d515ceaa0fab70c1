/** Becoming another user for good: groups first, then the user, then proof. */
import { FrontError } from './errors.js';
import type { Identity } from './messages.js';

declare global {
  namespace NodeJS {
    interface Process {
      /** initgroups(3); absent on Windows. Node documents it, its types do not. */
      initgroups?(user: string | number, extraGroup: string | number): void;
    }
  }
}

/**
 * Drops privileges of this process (uWSGI's --uid/--gid): initgroups(3) or no extra groups, setgid, setuid.
 * @throws FrontError config_invalid when the system refuses, or when root could be had back.
 */
export function dropPrivileges(identity: Identity): void {
  const { uid, gid, userName } = identity;
  const { setuid, setgid, initgroups, setgroups, getuid } = process;
  if (!setuid || !setgid || !initgroups || !setgroups || !getuid) {
    throw new FrontError('config_invalid', 'this system has no users to change to', {
      hint: 'leave --uid and --gid out',
    });
  }
  if (getuid() === 0) {
    if (userName !== null && gid !== null) initgroups(userName, gid);
    else setgroups([]);
  }
  if (gid !== null) setgid(gid);
  if (uid === null) return;
  setuid(uid);
  if (uid !== 0 && canBecomeRoot()) {
    throw new FrontError('config_invalid', 'privileges could not be dropped: root can be had back');
  }
}

function canBecomeRoot(): boolean {
  try {
    process.setuid?.(0);
    return true;
  } catch {
    return false;
  }
}
