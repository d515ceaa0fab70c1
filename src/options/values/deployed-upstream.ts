/** Reads the address of a version that is deployed: one of `--upstream`, whose route is that of the app. */

import { formatRoute } from '../../shared/addresses/upstream-text.js';
import type { AppUpstream } from '../../shared/config/apps.js';
import type { Config } from '../../shared/config/config.js';
import { refuseUpstreamForLibrary } from '../library-engine.js';
import { misused } from '../read-setting.js';
import { readUpstream } from './upstream-routes.js';

/** @throws FrontError config_invalid for what is no address, config_usage for one with a route or that the engine cannot reach */
export function readDeployedUpstream(text: string, engine: Config['engine']): AppUpstream {
  const { route, ...upstream } = readUpstream('--upstream', text);
  if (formatRoute(route) !== '')
    throw misused(
      `--upstream ${text} has a route`,
      'a new version has that of its app: write the address alone',
    );
  if (engine === 'library') refuseUpstreamForLibrary(upstream);
  return upstream;
}
