/** What the library engine cannot carry: told when the front starts, never done wrongly later. */
import type { AppConfig, Config } from '../shared/config.js';
import { SCHEMES } from '../shared/schemes.js';
import { formatUpstream } from '../shared/upstream-text.js';
import { misused } from './read-setting.js';
import type { Settings } from './settings.js';
import type { SettingKey } from './table.js';

const HINT = 'leave --engine library out: the direct engine does it';

/** Limits on what node:http2 does not show, on what waits inside Node, and on bodies that only the direct engine holds. */
const DIRECT_ONLY: readonly SettingKey[] = [
  'forwardAuth',
  'maxControlFrames',
  'maxWaitingBytes',
  'maxSpoolBytes',
  'maxBufferMemoryBytes',
  'maxBufferedResponseBytes',
  'minClientRateBytes',
  'clientRateGraceMs',
  'streamRequests',
];

/** @throws FrontError config_usage for the first thing in the configuration that the library engine has no way to do */
export function refuseForLibrary(config: Config, settings: Settings): void {
  for (const app of config.apps) refuseApp(app);
  for (const one of [settings, ...settings.sites.map((site) => site.settings)]) {
    const given = DIRECT_ONLY.find((key) => one.has(key));
    if (given !== undefined) throw misused(`the library engine has no ${one.get(given).label}`, HINT);
  }
}

function refuseApp({ upstreams, sticky, health, bufferRequests }: AppConfig): void {
  const other = upstreams.find(({ scheme, path }) => !SCHEMES[scheme].inLibrary || path !== null);
  if (other !== undefined) throw misused(`the library engine cannot reach ${formatUpstream(other)}`, HINT);
  const proxied = upstreams.find(({ proxyProtocol }) => proxyProtocol !== null);
  if (proxied !== undefined) throw misused('the library engine has no proxy= for upstreams', HINT);
  // Its connections know one address by one name.
  const moving = upstreams.find(({ lookUp }) => lookUp !== null);
  if (moving !== undefined) throw misused(`the library engine cannot reach ${formatUpstream(moving)}`, HINT);
  if (sticky) throw misused('the library engine has no --sticky', HINT);
  if (health.path !== null) throw misused('the library engine has no --health-path', HINT);
  if (bufferRequests) throw misused('the library engine has no --buffer-requests', HINT);
}
