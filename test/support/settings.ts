/** Settings and a machine made up for tests, so that no test depends on who runs it and where. */

import { resolveConfig } from '../../src/options/resolve.js';
import { type SettingLayer, Settings } from '../../src/options/settings.js';
import type { Config } from '../../src/shared/config/config.js';
import { FrontError } from '../../src/shared/errors.js';
import type { Platform } from '../../src/system/platform.js';

/** A machine with both families, four processors, root's rights, the user www and the group web; every file exists. */
export const TEST_PLATFORM: Platform = {
  userId: 0,
  groupId: 0,
  findUser: (name) => (name === 'www' || name === '33' ? { name: 'www', id: 33, groupId: 34 } : null),
  findGroup: (name) => (name === 'web' ? { name: 'web', id: 34, groupId: null } : null),
  whyUnreadable: (path) => (path.startsWith('missing') ? 'no such file' : null),
  whyNotRunnable: (program) => (program.startsWith('missing') ? 'no such file' : null),
  knowsCiphers: (list) => list !== 'NONE',
  loopback: ['127.0.0.1', '::1'],
  privateAddresses: ['192.168.1.5', 'fd00::5'],
  processors: 4,
};

export interface Given {
  readonly flags?: SettingLayer;
  readonly environment?: Readonly<NodeJS.ProcessEnv>;
  readonly command?: readonly string[];
  readonly platform?: Partial<Platform>;
}

/** The configuration of these settings; `--upstream 8080` where they name no app. */
export function resolveGiven({ flags = {}, environment = {}, command, platform = {} }: Given): Config {
  const named = flags.upstream ?? flags.wsgiFile ?? flags.asgiFile ?? flags.uwsgiOption;
  const app = named ?? environment.TLSFRONT_UPSTREAM ?? command;
  const settings = new Settings(
    app === undefined ? { ...flags, upstream: ['8080'] } : flags,
    environment,
    command ?? null,
  );
  return resolveConfig(settings, { ...TEST_PLATFORM, ...platform });
}

/** The apps of these upstreams. */
export function appsOf(...upstream: string[]): Config['apps'] {
  return resolveGiven({ flags: { upstream } }).apps;
}

/** `error / hint` of what the call throws, or a sentence when it throws nothing. */
export function complaintOf(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    if (error instanceof FrontError) return `${error.code}: ${error.message} / ${error.hint ?? 'no hint'}`;
    throw error;
  }
  return 'no complaint';
}
