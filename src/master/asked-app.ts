/** Which app is asked for a path that no client has asked for (`--acme-ask /path`), and its answer. */
import type { AppConfig } from '../shared/config/apps.js';
import type { UpstreamState } from '../shared/messages/router-messages.js';
import type { Generation } from './generation.js';

/**
 * The upstream of the app whose route for any host, of no site, has the longest prefix of the path; without such a route that of the first.
 * Undefined: none of that app is up.
 */
export function askedUpstream(
  path: string,
  apps: readonly AppConfig[],
  upstreams: readonly UpstreamState[],
): UpstreamState | undefined {
  const lengths = apps.map(({ site, route: { host, prefix }, files }) => {
    const isFor = path === prefix || /^[/?]/.test(path.slice(prefix.length)) || prefix === '';
    return site === null && files === null && host === '' && path.startsWith(prefix) && isFor
      ? prefix.length
      : -1;
  });
  const best = Math.max(...lengths);
  const app = best === -1 ? apps.findIndex(({ files }) => files === null) : lengths.indexOf(best);
  return upstreams.find((one) => one.app === app && one.ready && one.leaving === undefined);
}

/** Resolves with the status; 0: no answer in time; null: no app is up. */
export async function askApp(
  generation: Generation | undefined,
  path: string,
  timeoutMs: number,
): Promise<number | null> {
  if (generation === undefined) return null;
  const upstream = askedUpstream(path, generation.config.apps, generation.upstreams);
  return upstream === undefined ? null : generation.routers.probe({ upstream, path, timeoutMs });
}
