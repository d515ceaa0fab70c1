/** Writes upstreams as users write them in `--upstream`, and apps by what starts them. */
import type {
  AppConfig,
  AppUpstream,
  RouteConfig,
  RoutedUpstream,
  UpstreamAddress,
  WorkerConfig,
} from '../config/apps.js';
import { formatHostPort } from './host-port.js';
import { DEFAULT_SCHEME, SCHEMES } from './schemes.js';

/** The address as users write it. */
export function formatUpstream({
  scheme,
  host,
  port,
  path,
  lookUp = null,
}: UpstreamAddress & Partial<Pick<AppUpstream, 'lookUp'>>): string {
  if (lookUp !== null) {
    const spoken = scheme === DEFAULT_SCHEME ? '' : `+${scheme}`;
    return `${lookUp}${spoken}://${lookUp === 'srv' ? host : formatHostPort(host, port)}`;
  }
  if (path !== null) return `${SCHEMES[scheme].fileWords[0] ?? scheme}:${path}`;
  const authority = formatHostPort(host, port);
  return scheme === DEFAULT_SCHEME ? authority : `${scheme}://${authority}`;
}

/** `app.test/api`; empty: every request. */
export function formatRoute({ host, prefix }: RouteConfig): string {
  return `${host}${prefix}`;
}

/** The upstream as users write it, without what goes without saying. */
export function formatRouted(upstream: RoutedUpstream): string {
  const { weight, proxyProtocol } = upstream;
  const route = formatRoute(upstream.route);
  return `${route}${route === '' ? '' : '='}${formatUpstream(upstream)}${weight === 1 ? '' : `,weight=${weight}`}${proxyProtocol === null ? '' : `,proxy=${proxyProtocol}`}`;
}

/** The command or the file that an app is started by. */
export function describeProgram({ command, wsgi }: WorkerConfig): string {
  return command === null ? (wsgi?.name ?? '') : command.join(' ');
}

/** What a list calls an app: its command, its file, or where it runs. */
export function describeApp({ worker, upstreams }: AppConfig): string {
  if (worker !== null) return describeProgram(worker);
  return upstreams.map((upstream) => formatUpstream(upstream)).join(', ');
}
