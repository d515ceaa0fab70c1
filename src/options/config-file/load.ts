/** Lays all sources of settings over each other; called again when the configuration is to be read anew. */
import { type SettingLayer, Settings } from '../settings.js';
import { environmentName } from '../table.js';
import { findConfigFile } from './find.js';

/**
 * The settings in force, with the configuration file of the working folder or of the machine.
 * @param command what stands behind `--`; null: nothing
 * @throws FrontError config_invalid when the file cannot be read or says what is no option
 */
export async function loadSettings(
  flags: SettingLayer,
  environment: Readonly<NodeJS.ProcessEnv>,
  command: readonly string[] | null,
): Promise<Settings> {
  const named = flags.config?.at(-1) ?? (environment[environmentName('config')]?.trim() || undefined);
  const found = findConfigFile(named, process.cwd());
  if (found === null) return new Settings(flags, environment, command);
  const { readConfigFile } = await import('./read.js');
  return new Settings(flags, environment, command, await readConfigFile(found));
}
