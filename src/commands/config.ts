/** `tlsfront config schema` and `config export`: what editors check a configuration file by, and the file of a command line. */
import { configSchema } from '../options/config-file/schema.js';
import { writeConfigFile } from '../options/config-file/write.js';
import { resolveConfig } from '../options/resolve.js';
import type { Settings } from '../options/settings.js';
import { thisPlatform } from '../system/platform.js';
import { type CommandIo, EXIT_SUCCESS } from '../terminal/console.js';

/** Prints the JSON Schema. @returns the exit code */
export function printSchema(io: CommandIo): number {
  io.stdout.write(`${JSON.stringify(configSchema(), null, 2)}\n`);
  return EXIT_SUCCESS;
}

/**
 * Prints the file that stands for the settings in force.
 * @returns the exit code
 * @throws FrontError when the front could not start with them
 */
export function exportConfig(settings: Settings, io: CommandIo): number {
  resolveConfig(settings, thisPlatform());
  io.stdout.write(writeConfigFile(settings));
  return EXIT_SUCCESS;
}
