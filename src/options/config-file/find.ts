/** Finds the configuration file: the one that is named, or one of the working folder, or that of the machine. */
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { FrontError } from '../../shared/errors.js';
import { systemCode } from '../../shared/system-error.js';

/** Its name in the working folder and in the machine's. */
export const CONFIG_FILE = 'tlsfront.toml';

/** Where a service that nobody starts by hand has its file. */
export const MACHINE_FOLDER = '/etc/tlsfront';

/** The key of a package.json whose members are settings. */
export const PACKAGE_KEY = 'tlsfront';

/** What stands in `--config` for: read no file. */
export const NO_FILE = 'none';

/** A file that was found, not yet understood. */
export interface FoundFile {
  /** As it was named, or relative to the working folder. */
  readonly path: string;
  readonly form: 'toml' | 'package.json';
  readonly text: string;
}

/**
 * `tlsfront.toml` counts before the key of a package.json, and both before the machine's.
 * @param named value of `--config`, or undefined
 * @param folder the working folder
 * @throws FrontError config_invalid when the file that is named cannot be read
 */
export function findConfigFile(
  named: string | undefined,
  folder: string,
  machineFolder = MACHINE_FOLDER,
): FoundFile | null {
  if (named === NO_FILE) return null;
  if (named !== undefined) {
    const form = named.endsWith('package.json') ? 'package.json' : 'toml';
    return { path: named, form, text: readNamed(resolve(folder, named), named) };
  }
  const own = join(folder, CONFIG_FILE);
  if (existsSync(own)) return { path: CONFIG_FILE, form: 'toml', text: readNamed(own, CONFIG_FILE) };
  const manifest = readManifest(join(folder, 'package.json'));
  if (manifest !== null) return { path: 'package.json', form: 'package.json', text: manifest };
  const machine = join(machineFolder, CONFIG_FILE);
  return existsSync(machine) ? { path: machine, form: 'toml', text: readNamed(machine, machine) } : null;
}

function readNamed(path: string, name: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    const code = systemCode(cause);
    const reason =
      code === 'ENOENT' ? 'no such file' : code === 'EISDIR' ? 'is a folder' : (code ?? 'unreadable');
    const hint = 'give the path of a tlsfront.toml that you may read, or --config none to read no file';
    throw new FrontError('config_invalid', `configuration file ${name}: ${reason}`, { hint, cause });
  }
}

/** The text of a package.json that speaks of us; null for every other, sound or not: it is not ours to judge. */
function readManifest(path: string): string | null {
  try {
    const text = readFileSync(path, 'utf8');
    if (!text.includes(`"${PACKAGE_KEY}"`)) return null;
    const manifest: unknown = JSON.parse(text);
    const isOurs =
      typeof manifest === 'object' &&
      manifest !== null &&
      PACKAGE_KEY in manifest &&
      typeof manifest[PACKAGE_KEY] === 'object';
    return isOurs ? text : null;
  } catch {
    return null;
  }
}
