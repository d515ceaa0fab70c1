/** What the library engine cannot carry: told when the front starts, never done wrongly later. */
import type { Config } from './config.js';
import { misused } from './reading.js';
import { formatUpstream } from './upstream-addresses.js';

const HINT = 'leave --engine library out: the direct engine does it';

/** @throws FrontError config_usage for the first thing in the configuration that the library engine has no way to do */
export function refuseForLibrary(config: Config): void {
  const other = config.upstreams.find(({ scheme, path }) => scheme !== 'http' || path !== null);
  if (other !== undefined) throw misused(`the library engine cannot reach ${formatUpstream(other)}`, HINT);
  if (config.sticky) throw misused('the library engine has no --sticky', HINT);
  if (config.health.path !== null) throw misused('the library engine has no --health-path', HINT);
  if (config.bufferRequests) throw misused('the library engine has no --buffer-requests', HINT);
}
