/** What the library engine cannot carry: told when the front starts, never done wrongly later. */

import { SCHEMES } from '../shared/addresses/schemes.js';
import { formatUpstream } from '../shared/addresses/upstream-text.js';
import type { AppConfig, AppUpstream } from '../shared/config/apps.js';
import type { Config } from '../shared/config/config.js';
import { misused } from './read-setting.js';
import type { Settings } from './settings.js';
import type { SettingKey } from './table.js';

const HINT = 'leave --engine library out: the direct engine does it';

/** Limits on what node:http2 does not show, on what waits inside Node, and on bodies that only the direct engine holds. */
export const DIRECT_ONLY: readonly SettingKey[] = [
  'forwardAuth',
  'chroot',
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

/** @throws FrontError config_usage for one that the library engine cannot reach */
export function refuseUpstreamForLibrary(upstream: AppUpstream): void {
  const { scheme, path, proxyProtocol, lookUp } = upstream;
  const { inLibrary, codec } = SCHEMES[scheme];
  // Its connections know one address by one name.
  if (!inLibrary || (path !== null && codec !== 'files') || lookUp !== null)
    throw misused(`the library engine cannot reach ${formatUpstream(upstream)}`, HINT);
  if (proxyProtocol !== null) throw misused('the library engine has no proxy= for upstreams', HINT);
}

function refuseApp({ upstreams, sticky, health, bufferRequests }: AppConfig): void {
  for (const upstream of upstreams) refuseUpstreamForLibrary(upstream);
  if (sticky) throw misused('the library engine has no --sticky', HINT);
  if (health.path !== null) throw misused('the library engine has no --health-path', HINT);
  if (bufferRequests) throw misused('the library engine has no --buffer-requests', HINT);
}
