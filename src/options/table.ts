/** The table of options: the command line, the environment, `--help`, `check --print` and the docs are all held to it. */
import { ACCESS_OPTIONS } from './groups/access.js';
import { ACME_OPTIONS } from './groups/acme.js';
import { APP_OPTIONS } from './groups/app.js';
import { CERTIFICATE_OPTIONS } from './groups/certificates.js';
import { CONFIG_FILE_OPTIONS } from './groups/config-file.js';
import { LIMIT_OPTIONS } from './groups/limits.js';
import { LISTENER_OPTIONS } from './groups/listeners.js';
import { LOG_OPTIONS } from './groups/logs.js';
import { METRICS_OPTIONS } from './groups/metrics.js';
import { PROCESS_OPTIONS } from './groups/processes.js';
import { EXCHANGE_OPTIONS } from './groups/requests.js';
import { STATIC_OPTIONS } from './groups/static-files.js';
import { UPSTREAM_OPTIONS } from './groups/upstreams.js';
import type { OptionRow } from './option-row.js';

/** Every option by its settings key, in the order of `--help`: one group, one file (the two of limits share theirs). */
export const OPTIONS = {
  ...APP_OPTIONS,
  ...UPSTREAM_OPTIONS,
  ...STATIC_OPTIONS,
  ...LISTENER_OPTIONS,
  ...CERTIFICATE_OPTIONS,
  ...ACME_OPTIONS,
  ...PROCESS_OPTIONS,
  ...ACCESS_OPTIONS,
  ...EXCHANGE_OPTIONS,
  ...LOG_OPTIONS,
  ...METRICS_OPTIONS,
  ...LIMIT_OPTIONS,
  ...CONFIG_FILE_OPTIONS,
} satisfies Record<string, OptionRow>;

/** The name of a setting in code. */
export type SettingKey = keyof typeof OPTIONS;

/** True for the name of a setting. */
export function isSettingKey(name: string): name is SettingKey {
  return Object.hasOwn(OPTIONS, name);
}

/** Every settings key in the order of `--help`. */
export const SETTING_KEYS: readonly SettingKey[] = Object.keys(OPTIONS).filter(isSettingKey);

/** The row of a setting. */
export function optionOf(key: SettingKey): OptionRow {
  return OPTIONS[key];
}

/** Environment name of a setting: `TLSFRONT_` and the flag in capitals. */
export function environmentName(key: SettingKey): string {
  return `TLSFRONT_${OPTIONS[key].flag.slice(2).replaceAll('-', '_').toUpperCase()}`;
}
