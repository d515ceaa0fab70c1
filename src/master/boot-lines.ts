/** The texts of start-up, in uWSGI's order and spirit. */

import type { Config } from '../shared/config.js';
import { bracketHost, formatListenAddress } from '../shared/host-port.js';
import type { BoundListener, UpstreamState } from '../shared/router-messages.js';
import { formatRouted } from '../shared/upstream-text.js';

const KINDS = { https: 'https', http: 'http', redirect: 'http-to-https' } as const;

/** `tlsfront https bound on 127.0.0.1:443`. */
export function boundLine(bound: BoundListener): string {
  return `tlsfront ${KINDS[bound.kind]} bound on ${formatListenAddress(bound.host, bound.port)}`;
}

/** What to do where a port below 1024 is not permitted. */
export function deniedLines(denied: number, used: number): { warning: string; hint: string } {
  return {
    warning: `port ${denied} is not permitted to this user: serving on ${used}`,
    hint: `for ${denied}: sudo sysctl net.ipv4.ip_unprivileged_port_start=${denied}; or sudo setcap cap_net_bind_service=+ep "$(command -v node)" (node then ignores NODE_EXTRA_CA_CERTS); or sudo tlsfront --uid "$USER" …`,
  };
}

/** The processes, when all of them have been spawned. */
export function spawnedLines(
  workers: readonly { readonly pid: number; readonly plan: { readonly index: number } }[],
  routers: readonly { readonly pid: number; readonly index: number }[],
): string[] {
  return [
    `spawned tlsfront master process (pid: ${process.pid})`,
    ...workers.map(({ pid, plan }) => `spawned tlsfront worker ${plan.index} (pid: ${pid})`),
    ...routers.map(({ pid, index }) => `spawned tlsfront http ${index} (pid: ${pid})`),
  ];
}

/** `tlsfront is ready: https://localhost -> 127.0.0.1:8080`. */
export function readyLine(
  bound: readonly BoundListener[],
  config: Config,
  upstreams: readonly UpstreamState[],
): string {
  return `tlsfront is ready: ${readyUrls(bound, config).join(' ')} -> ${upstreams.map(formatRouted).join(', ')}`;
}

/** The addresses a person can open, the most readable first. */
function readyUrls(bound: readonly BoundListener[], config: Config): string[] {
  const urls: string[] = [];
  for (const { kind, host, port } of bound) {
    if (kind === 'redirect') continue;
    const isDefault = port === (kind === 'https' ? 443 : 80);
    const suffix = isDefault ? '' : `:${port}`;
    for (const name of namesOf(host, kind, bound, port, config)) urls.push(`${kind}://${name}${suffix}`);
  }
  return [...new Set(urls)];
}

function namesOf(
  host: string,
  kind: 'https' | 'http',
  bound: readonly BoundListener[],
  port: number,
  config: Config,
): string[] {
  const everywhere = host === '' || host === '0.0.0.0' || host === '::';
  const isLoopback = host === '127.0.0.1' || host === '::1';
  if (!everywhere && !isLoopback) return [bracketHost(host)];
  const hosts = kind === 'https' ? config.hosts.filter((name) => !name.startsWith('*')) : [];
  // `localhost` only where both families or the one a browser tries answer; a single 127.0.0.1 is named as it is.
  const both = everywhere || bound.filter((other) => other.port === port && other.kind === kind).length > 1;
  const own = both ? 'localhost' : host === '::1' ? '[::1]' : host;
  return [own, ...hosts];
}
