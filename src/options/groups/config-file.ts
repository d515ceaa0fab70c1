/** The configuration file: which one is read. */
import { type OptionRow, row } from '../option-row.js';

/** Their rows, in the order of `--help`. */
export const CONFIG_FILE_OPTIONS = {
  config: row(
    'Configuration file',
    'file',
    '--config',
    '<file|none>',
    'Read the options that are not given from here',
    {
      defaultText: 'tlsfront.toml, package.json, /etc/tlsfront/tlsfront.toml',
    },
  ),
} satisfies Record<string, OptionRow>;
