/** Which upstream a person means, and which routes would be left without one. */

import { formatRouted, formatUpstream } from '../../shared/addresses/upstream-text.js';
import type { RouteConfig, RoutedUpstream } from '../../shared/config/apps.js';
import { FrontError } from '../../shared/errors.js';
import type { UpstreamState } from '../../shared/messages/router-messages.js';

type Known = UpstreamState & RoutedUpstream;

/**
 * The upstream's name, as `formatUpstream` writes it.
 * @param text that name, the whole of what `tlsfront status` shows, or the port, with this machine's name or address too, where no other has it
 * @throws FrontError config_usage that names what there is
 */
export function findUpstream(text: string, upstreams: readonly Known[]): string {
  const exact = upstreams.filter((upstream) =>
    [formatUpstream(upstream), formatRouted(upstream)].includes(text),
  );
  // `localhost:8080`, `127.0.0.1:8080` and `8080` are the same app to whoever writes them.
  const port = /^(?:localhost|127\.0\.0\.1|\[::1\])?:?(\d{1,5})$/.exec(text)?.[1];
  const isLocal = /[a-z.[]/.test(text);
  const byPort = upstreams.filter(
    (upstream) =>
      upstream.path === null &&
      String(upstream.port) === port &&
      (!isLocal || LOCAL_HOSTS.includes(upstream.host)),
  );
  const names = namesOf(exact.length > 0 ? exact : byPort);
  const [name, ...others] = names;
  if (name !== undefined && others.length === 0) return name;
  if (name !== undefined)
    throw new FrontError('config_usage', `several upstreams have the port ${port}`, {
      hint: `name one: ${names.join(', ')}`,
    });
  const all = namesOf(upstreams);
  throw new FrontError('config_usage', `there is no upstream ${JSON.stringify(text)}`, {
    hint: all.length === 0 ? 'there is none at this moment' : `choose one of: ${all.join(', ')}`,
  });
}

const LOCAL_HOSTS: readonly string[] = ['localhost', '127.0.0.1', '::1'];

/** A route, and its upstreams by name. */
interface Served {
  readonly route: RouteConfig;
  readonly own: string[];
}

/** The routes all of whose upstreams are drained. */
export function leftWithout(upstreams: readonly Known[], drained: readonly string[]): readonly Served[] {
  const byApp = new Map<number, Served>();
  for (const upstream of upstreams) {
    const served = byApp.get(upstream.app) ?? { route: upstream.route, own: [] };
    byApp.set(upstream.app, served);
    served.own.push(formatUpstream(upstream));
  }
  return [...byApp.values()].filter(({ own }) => own.every((name) => drained.includes(name)));
}

function namesOf(upstreams: readonly Known[]): readonly string[] {
  return [...new Set(upstreams.map((upstream) => formatUpstream(upstream)))];
}
