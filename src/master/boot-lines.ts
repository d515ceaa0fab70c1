/** The texts of start-up, in uWSGI's order and spirit. */

import { networkInterfaces } from 'node:os';
import { bracketHost, formatListenAddress, isLoopback } from '../shared/addresses/host-port.js';
import { formatRouted } from '../shared/addresses/upstream-text.js';
import type { RoutedUpstream } from '../shared/config/apps.js';
import type { Config } from '../shared/config/config.js';
import type { BoundListener, TlsMaterial } from '../shared/messages/router-messages.js';

/** A certificate may have a hundred. */
const MAX_NAMES = 3;
const KINDS = { https: 'https', http: 'http', redirect: 'http-to-https' } as const;

/** `tlsfront https bound on 127.0.0.1:443`. */
export function boundLine(bound: BoundListener): string {
  return `tlsfront ${KINDS[bound.kind]} bound on ${formatListenAddress(bound.host, bound.port)}`;
}

/** What to do where a port below 1024 is not permitted. */
export function deniedLines(denied: number, used: number): { warning: string; hint: string } {
  return {
    warning: `port ${denied} is not permitted to this user: serving on ${used}`,
    hint: `for ${denied}: tlsfront setup; or sudo sysctl net.ipv4.ip_unprivileged_port_start=${denied}; or sudo setcap cap_net_bind_service=+ep "$(command -v node)" (node then ignores NODE_EXTRA_CA_CERTS); or sudo ${ownProgram()} --uid "$USER" …`,
  };
}

/** How this program is called where root's PATH does not lead to it. */
function ownProgram(): string {
  const [node = 'node', script = 'tlsfront'] = process.argv;
  return `"${node}" "${script}"`;
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
export function readyLine(urls: readonly string[], upstreams: readonly RoutedUpstream[]): string {
  return `tlsfront is ready: ${urls.join(' ')} -> ${upstreams.map(formatRouted).join(', ')}`;
}

/** Where other machines of the network reach what listens on every address. @param told URLs that stand above */
export function networkLines(
  bound: readonly BoundListener[],
  told: readonly string[] = [],
): readonly string[] {
  const open = bound.find(({ kind, host }) => kind !== 'redirect' && isEverywhere(host));
  if (open === undefined) return [];
  const addresses = Object.values(networkInterfaces())
    .flatMap((one) => one ?? [])
    .filter(({ internal, family }) => !internal && family === 'IPv4')
    .map(({ address }) => `${open.kind}://${address}${portSuffix(open.kind, open.port)}`)
    .filter((url) => !told.includes(url));
  return addresses.length === 0 ? [] : [`on the network: ${addresses.join(' ')}`];
}

/**
 * The addresses a person can open, the most readable first.
 * @param tls what the listeners serve with, by their index in the configuration
 */
export function readyUrls(
  bound: readonly BoundListener[],
  config: Config,
  tls: readonly (TlsMaterial | null)[],
): readonly string[] {
  const routes = routeHosts(config);
  const urls = bound.flatMap(({ kind, host, port }) => {
    if (kind === 'redirect') return [];
    const names = routes ?? namesOf(host, kind, bound, port, config, certifiedNames(config, tls));
    return names.map((name) => `${kind}://${name}${portSuffix(kind, port)}`);
  });
  return [...new Set(urls)];
}

function portSuffix(kind: BoundListener['kind'], port: number): string {
  return port === (kind === 'https' ? 443 : 80) ? '' : `:${port}`;
}

function isEverywhere(host: string): boolean {
  return host === '' || host === '0.0.0.0' || host === '::';
}

/** Where every app has a host of its own, nothing is served under another; null: some app takes all. */
function routeHosts({ apps, sites }: Config): readonly string[] | null {
  const hosts = apps.flatMap(({ route, site }) =>
    site === null ? [route.host] : (sites[site]?.hosts ?? []),
  );
  const named = hosts.filter((host) => host !== '' && !host.startsWith('*'));
  return hosts.includes('') || named.length === 0 ? null : [...new Set(named)];
}

/** Names of the certificates that were given; empty: they are development certificates, which hold for localhost. */
function certifiedNames(config: Config, tls: readonly (TlsMaterial | null)[]): readonly string[] {
  const given = config.listeners.findIndex(
    (listener) => listener.kind === 'https' && listener.certificates.length > 0,
  );
  const names = tls[given]?.certificates[0]?.names ?? [];
  return names.filter((name) => !name.startsWith('*')).slice(0, MAX_NAMES);
}

function namesOf(
  host: string,
  kind: 'https' | 'http',
  bound: readonly BoundListener[],
  port: number,
  config: Config,
  certified: readonly string[],
): readonly string[] {
  if (!isEverywhere(host) && !isLoopback(host)) return [bracketHost(host)];
  // Another name would be refused by every client.
  if (kind === 'https' && isEverywhere(host) && certified.length > 0) return certified;
  const hosts = kind === 'https' ? config.hosts.filter((name) => !name.startsWith('*')).map(bracketHost) : [];
  // `localhost` only where both families or the one a browser tries answer; a single 127.0.0.1 is named as it is.
  const both =
    isEverywhere(host) || bound.filter((other) => other.port === port && other.kind === kind).length > 1;
  const own = both ? 'localhost' : host === '::1' ? '[::1]' : host;
  return [own, ...hosts];
}
