/** Which settings a site of the configuration file may have of its own, and what holds for it where it says nothing. */
import type { SettingKey } from '../table.js';

/**
 * `own`: what the site alone says · `shared`: what stands above the sites, in the environment or on the command line holds
 * for a site too, unless it says otherwise itself (the command line and the environment are stronger than any file).
 */
const SITE_KEYS = {
  upstream: 'own',
  root: 'own',
  spa: 'own',
  staticMap: 'own',
  checkStatic: 'own',
  staticMap2: 'own',
  sendfile: 'shared',
  staticIndex: 'own',
  staticSkipExt: 'own',
  staticExpires: 'own',
  staticExpiresMtime: 'own',
  staticExpiresPathInfo: 'own',
  staticExpiresPathInfoMtime: 'own',
  staticExpiresUri: 'own',
  staticExpiresUriMtime: 'own',
  staticExpiresType: 'own',
  staticExpiresTypeMtime: 'own',
  wsgiFile: 'own',
  asgiFile: 'own',
  callable: 'own',
  wsgiServer: 'own',
  uwsgiOption: 'own',
  processes: 'own',
  appPort: 'own',
  host: 'own',
  listen: 'own',
  cert: 'own',
  key: 'own',
  certDir: 'own',
  caBundle: 'own',
  keyPassphraseFile: 'own',
  allow: 'own',
  deny: 'own',
  rateLimit: 'own',
  basicAuth: 'own',
  basicAuthPlain: 'shared',
  basicAuthPass: 'shared',
  forwardAuth: 'own',
  forwardAuthHeaders: 'own',
  forwardAuthReplyHeaders: 'own',
  forwardAuthTimeout: 'own',
  redirect: 'own',
  readyTimeout: 'shared',
  hold: 'shared',
  stripPrefix: 'shared',
  sticky: 'shared',
  healthPath: 'shared',
  healthInterval: 'shared',
  healthStatus: 'shared',
  failCount: 'shared',
  failWindow: 'shared',
  upstreamCa: 'shared',
  upstreamInsecure: 'shared',
  changeHost: 'shared',
  noRewriteLocation: 'shared',
  bufferRequests: 'shared',
  streamRequests: 'shared',
  keepUnderscores: 'shared',
  headerUp: 'shared',
  headerDown: 'shared',
  hsts: 'shared',
  secureCookies: 'shared',
  compress: 'shared',
  errorPages: 'shared',
  via: 'shared',
} as const satisfies Partial<Record<SettingKey, 'own' | 'shared'>>;

/** Whether a site may say it itself. */
export function isSiteKey(key: SettingKey): boolean {
  return Object.hasOwn(SITE_KEYS, key);
}

const SHARED: ReadonlySet<string> = new Set(
  Object.entries(SITE_KEYS).flatMap(([key, kind]) => (kind === 'shared' ? [key] : [])),
);

/** The engine is that of all sites: a reader that asks for it must not see a default. */
const OF_ALL: ReadonlySet<string> = new Set<SettingKey>(['engine']);

/** Whether what stands above the sites holds for them. */
export function isSharedKey(key: SettingKey): boolean {
  return SHARED.has(key) || OF_ALL.has(key);
}
