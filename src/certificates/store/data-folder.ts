/** Decides which folder holds this user's authority, certificates and keys. */
import { isAbsolute, join, win32 } from 'node:path';

/** What the decision depends on, passed in so that only the configuration reads the process environment. */
export interface DataFolderInputs {
  readonly platform: NodeJS.Platform;
  /** The home directory, `os.homedir()`. */
  readonly home: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/**
 * `$XDG_DATA_HOME/tlsfront` or `~/.local/share/tlsfront`; on macOS `~/Library/Application Support/tlsfront`; on Windows
 * `%LOCALAPPDATA%\tlsfront`. A relative XDG_DATA_HOME is ignored, as the XDG Base Directory specification asks.
 */
export function dataFolder({ platform, home, environment }: DataFolderInputs): string {
  if (platform === 'win32') {
    return win32.join(environment.LOCALAPPDATA ?? win32.join(home, 'AppData', 'Local'), 'tlsfront');
  }
  const xdg = environment.XDG_DATA_HOME;
  if (xdg !== undefined && isAbsolute(xdg)) return join(xdg, 'tlsfront');
  if (platform === 'darwin') return join(home, 'Library', 'Application Support', 'tlsfront');
  return join(home, '.local', 'share', 'tlsfront');
}
