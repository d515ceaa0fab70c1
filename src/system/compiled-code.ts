/** Where the code is kept that V8 has compiled of our programs, and which of them are to keep theirs. */
import { channel, subscribe } from 'node:diagnostics_channel';
import { join } from 'node:path';

const LASTING = 'tlsfront.lasting';

/** This process serves, and goes on to: what it has compiled is worth to be kept. A command that is over in a moment leaves nothing behind. */
export function programLasts(): void {
  channel(LASTING).publish(undefined);
}

/** Calls back when the program says that it lasts. */
export function onLasting(listener: () => void): void {
  subscribe(LASTING, listener);
}

/** The user's folder of it, which `tlsfront clean` removes; null: the system does not say where. */
export function userCodeFolder({
  HOME,
  XDG_CACHE_HOME,
  LOCALAPPDATA,
}: Readonly<NodeJS.ProcessEnv>): string | null {
  const home = HOME === undefined || HOME === '' ? null : HOME;
  const unixHome =
    home === null ? null : join(home, process.platform === 'darwin' ? 'Library/Caches' : '.cache');
  const caches =
    XDG_CACHE_HOME !== undefined && XDG_CACHE_HOME !== ''
      ? XDG_CACHE_HOME
      : process.platform === 'win32'
        ? (LOCALAPPDATA ?? null)
        : unixHome;
  return caches === null ? null : join(caches, 'tlsfront', 'code');
}
