/** Writes upstreams as users write them in `--upstream`. */
import type { RoutedUpstream, UpstreamAddress } from './config.js';
import { formatHostPort } from './host-port.js';

/** The address as users write it. */
export function formatUpstream({ scheme, host, port, path }: UpstreamAddress): string {
  if (path !== null && scheme === 'h2c') return `unix+h2c:${path}`;
  if (path !== null) return scheme === 'http' ? `unix:${path}` : `${scheme}+unix:${path}`;
  const authority = formatHostPort(host, port);
  return scheme === 'http' ? authority : `${scheme}://${authority}`;
}

/** The upstream as users write it, without what goes without saying. */
export function formatRouted(upstream: RoutedUpstream): string {
  const { routeHost, routePrefix, weight, proxyProtocol } = upstream;
  const route = `${routeHost}${routePrefix}`;
  return `${route}${route === '' ? '' : '='}${formatUpstream(upstream)}${weight === 1 ? '' : `,weight=${weight}`}${proxyProtocol === null ? '' : `,proxy=${proxyProtocol}`}`;
}
