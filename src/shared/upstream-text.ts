/** Writes upstreams as users write them in `--upstream`. */
import type { RoutedUpstream, UpstreamAddress } from './config.js';
import { formatHostPort } from './host-port.js';
import { DEFAULT_SCHEME, SCHEMES } from './schemes.js';

/** The address as users write it. */
export function formatUpstream({ scheme, host, port, path }: UpstreamAddress): string {
  if (path !== null) return `${SCHEMES[scheme].fileWords[0] ?? scheme}:${path}`;
  const authority = formatHostPort(host, port);
  return scheme === DEFAULT_SCHEME ? authority : `${scheme}://${authority}`;
}

/** The upstream as users write it, without what goes without saying. */
export function formatRouted(upstream: RoutedUpstream): string {
  const { routeHost, routePrefix, weight, proxyProtocol } = upstream;
  const route = `${routeHost}${routePrefix}`;
  return `${route}${route === '' ? '' : '='}${formatUpstream(upstream)}${weight === 1 ? '' : `,weight=${weight}`}${proxyProtocol === null ? '' : `,proxy=${proxyProtocol}`}`;
}
