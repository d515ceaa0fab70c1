/** What the library engine cannot carry: told when the front starts, never done wrongly later. */
import type { Config } from '../shared/config.js';
import { SCHEMES } from '../shared/schemes.js';
import { formatUpstream } from '../shared/upstream-text.js';
import { misused } from './read-setting.js';
import type { Settings } from './settings.js';
import type { SettingKey } from './table.js';

const HINT = 'leave --engine library out: the direct engine does it';

/** Limits on what node:http2 does not show, on what waits inside Node, and on bodies that only the direct engine holds. */
const DIRECT_ONLY: readonly SettingKey[] = [
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
  const other = config.upstreams.find(({ scheme, path }) => !SCHEMES[scheme].inLibrary || path !== null);
  if (other !== undefined) throw misused(`the library engine cannot reach ${formatUpstream(other)}`, HINT);
  const proxied = config.upstreams.find(({ proxyProtocol }) => proxyProtocol !== null);
  if (proxied !== undefined) throw misused('the library engine has no proxy= for upstreams', HINT);
  if (config.sticky) throw misused('the library engine has no --sticky', HINT);
  if (config.health.path !== null) throw misused('the library engine has no --health-path', HINT);
  if (config.bufferRequests) throw misused('the library engine has no --buffer-requests', HINT);
  const given = DIRECT_ONLY.find((key) => settings.has(key));
  if (given !== undefined) throw misused(`the library engine has no ${settings.get(given).label}`, HINT);
}
