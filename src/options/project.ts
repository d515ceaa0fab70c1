/** Whether a front shares its port with other projects of this user, and under which name. */

import { isLoopback } from '../shared/addresses/host-port.js';
import { DEFAULT_SCHEME } from '../shared/addresses/schemes.js';
import type { AppConfig } from '../shared/config/apps.js';
import type { ProjectConfig } from '../shared/config/config.js';
import { isForDevelopment } from '../shared/config/development-listener.js';
import type { ListenerConfig } from '../shared/config/listeners.js';
import { PROJECT_NAME } from '../shared/messages/projects.js';
import { invalid, readSwitch, readText } from './read-setting.js';
import type { Settings } from './settings.js';
import { SETTING_KEYS, type SettingKey } from './table.js';
import { findProjectName } from './values/project-name.js';

/** What a project may say that another front serves: all of it holds without a front of its own. */
const OF_A_GUEST: ReadonlySet<SettingKey> = new Set<SettingKey>([
  ...(['upstream', 'wsgiFile', 'asgiFile', 'callable', 'wsgiServer', 'uwsgiOption'] as const),
  ...(['processes', 'appPort'] as const),
  ...([
    'readyTimeout',
    'harakiri',
    'maxRss',
    'hold',
    'name',
    'strictPort',
    'open',
    'quiet',
    'verbose',
  ] as const),
  ...(['config', 'listen', 'noHttpToHttps'] as const),
]);

/** What a front may say besides that serves other projects: it changes nothing of theirs. */
const OF_A_HOST: ReadonlySet<SettingKey> = new Set<SettingKey>([
  ...OF_A_GUEST,
  ...([
    'host',
    'engine',
    'httpProcesses',
    'httpToHttps',
    'accessLog',
    'logFormat',
    'logto',
    'metrics',
    'stats',
    'statsHttp',
  ] as const),
  ...(['mercy', 'maxRequests', 'pidfile'] as const),
]);

/** Where a front sends requests of others: this machine alone. */
const REACHED: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '::1']);

/**
 * @param folder where the front was started
 * @returns null: it says something of its own that would change what others serve
 * @throws FrontError config_invalid for a name that no host can have
 */
export function readProject(
  settings: Settings,
  listeners: readonly ListenerConfig[],
  apps: readonly AppConfig[],
  folder: string,
): ProjectConfig | null {
  const given = readGivenName(settings, '.localhost');
  const keys = SETTING_KEYS.filter((key) => settings.has(key));
  const [app, another] = apps;
  const https = listeners.find((listener) => listener.kind === 'https');
  const isSingle =
    app !== undefined && another === undefined && settings.sites.length === 0 && app.route.host === '';
  if (!isSingle || app.route.prefix !== '' || https === undefined || !isForDevelopment(https)) return null;
  if (!isLoopback(https.host) || !keys.every((key) => OF_A_HOST.has(key))) return null;
  const isPlain = app.upstreams.every(
    ({ scheme, path, lookUp, proxyProtocol, host }) =>
      scheme === DEFAULT_SCHEME &&
      path === null &&
      lookUp === null &&
      proxyProtocol === null &&
      REACHED.has(host),
  );
  const isGuest = isPlain && keys.every((key) => OF_A_GUEST.has(key));
  const isStrict = readSwitch(settings, 'strictPort');
  return {
    name: given ?? findProjectName(folder),
    mayJoin: isGuest && !isStrict && (given !== null || !settings.has('listen')),
    mayMove: !isStrict && !settings.has('listen'),
  };
}

/** The name of `--name`, without the domain behind it. @throws FrontError config_invalid */
export function readGivenName(settings: Settings, domain: '.localhost' | '.local'): string | null {
  const text = readText(settings, 'name');
  if (text === null) return null;
  const lower = text.toLowerCase();
  const name = lower.endsWith(domain) ? lower.slice(0, -domain.length) : lower;
  if (PROJECT_NAME.test(name)) return name;
  throw invalid(
    settings.get('name').label,
    text,
    'no host can be called so',
    'letters, digits and hyphens: shop',
  );
}
