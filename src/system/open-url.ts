/** Shows a URL in this person's browser, by the program that the system has for it. */
import { spawn } from 'node:child_process';
import type { Identity } from '../shared/messages/router-messages.js';

/** What decides which program shows it. */
export interface Desk {
  readonly platform: NodeJS.Platform;
  readonly environment: Readonly<NodeJS.ProcessEnv>;
}

/**
 * Program and arguments that show the URL: `BROWSER` where it is set, else `open`, `explorer.exe` or `xdg-open`.
 * A BROWSER of `none` means that nothing is shown, as many tools read it.
 * @returns null: nothing is to be shown
 */
export function browserCommand(url: string, { platform, environment }: Desk): readonly string[] | null {
  // A list for more than one try (as `man` and Debian read it): the first one is taken.
  const [own = ''] = (environment.BROWSER ?? '').split(':');
  const words = own.split(' ').filter((word) => word !== '');
  if (words[0] === 'none') return null;
  if (words.length > 0 && platform !== 'win32') {
    return words.some((word) => word.includes('%s'))
      ? words.map((word) => word.replaceAll('%s', url))
      : [...words, url];
  }
  if (platform === 'darwin') return ['open', url];
  if (platform === 'win32') return ['explorer.exe', url];
  return ['xdg-open', url];
}

/** The user behind `sudo`, whose browser it is: browsers do not run as root. Null: whoever we are. */
export function browserIdentity(
  environment: Readonly<NodeJS.ProcessEnv>,
  userId: number | null,
): Pick<Identity, 'uid' | 'gid'> | null {
  const { SUDO_UID = '', SUDO_GID = '' } = environment;
  if (userId !== 0 || !/^[1-9]\d{0,9}$/.test(SUDO_UID)) return null;
  return { uid: Number(SUDO_UID), gid: /^\d{1,10}$/.test(SUDO_GID) ? Number(SUDO_GID) : null };
}

/** @param onFailed called where it cannot be shown, with the reason */
export function openUrl(url: string, desk: Desk, onFailed: (reason: string) => void): void {
  const command = browserCommand(url, desk);
  if (command === null) return;
  const [program = '', ...args] = command;
  const identity = browserIdentity(desk.environment, process.getuid?.() ?? null);
  const child = spawn(program, args, {
    stdio: 'ignore',
    // It outlives us, and a Ctrl-C for us is not for the browser.
    detached: true,
    ...(identity?.uid == null ? {} : { uid: identity.uid }),
    ...(identity?.gid == null ? {} : { gid: identity.gid }),
  });
  child.once('error', (error: NodeJS.ErrnoException) => {
    onFailed(error.code === 'ENOENT' ? `there is no ${program}` : error.message);
  });
  child.once('exit', (code) => {
    // Explorer ends with 1 always.
    if (code !== null && code !== 0 && program !== 'explorer.exe') onFailed(`${program} ended with ${code}`);
  });
  child.unref();
}
