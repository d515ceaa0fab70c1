/** Reads one `--upstream`: which requests go there, where it is, and how much of them it takes. */

import { ipFamily } from '../../shared/addresses/ip-family.js';
import { SCHEMES } from '../../shared/addresses/schemes.js';
import type { RoutedUpstream } from '../../shared/config/apps.js';
import { invalid } from '../read-setting.js';
import { isHostName } from './addresses.js';
import { isSocketFile, readMoving, readUpstreamAddress } from './upstream-addresses.js';

const ROUTE_HINT = 'write app.test=3000, /api=9000 or app.test/api=9000';
const MAX_WEIGHT = 1000;

/** Cuts `route=address` in two; an address alone may hold `=` in the path of its socket. */
function cutRoute(text: string): [route: string, address: string] {
  const at = text.indexOf('=');
  const isAddress = at === -1 || /^[a-z0-9+.-]+:\//i.test(text.slice(0, at)) || isSocketFile(text);
  return isAddress ? ['', text] : [text.slice(0, at), text.slice(at + 1)];
}

/** What may stand behind an address. */
interface Suffixes {
  readonly weight: number;
  readonly proxyProtocol: RoutedUpstream['proxyProtocol'];
}

/** Cuts `,weight=n` and `,proxy=v2` off, in any order. */
function cutSuffixes(label: string, text: string): [rest: string, suffixes: Suffixes] {
  let suffixes: Suffixes = { weight: 1, proxyProtocol: null };
  let rest = text;
  for (;;) {
    const [, before, name, value = ''] = /^(.*),(weight|proxy)=([^,]*)$/s.exec(rest) ?? [];
    if (before === undefined) return [rest, suffixes];
    rest = before;
    suffixes =
      name === 'weight'
        ? { ...suffixes, weight: readWeight(label, text, value) }
        : { ...suffixes, proxyProtocol: readProxyVersion(label, text, value) };
  }
}

function readWeight(label: string, text: string, weight: string): number {
  const number = /^\d{1,4}$/.test(weight) ? Number(weight) : 0;
  if (number < 1 || number > MAX_WEIGHT)
    throw invalid(label, text, `'${weight}' is not a weight`, `give a whole number from 1 to ${MAX_WEIGHT}`);
  return number;
}

function readProxyVersion(label: string, text: string, version: string): 'v1' | 'v2' {
  if (version === 'v1' || version === 'v2') return version;
  throw invalid(
    label,
    text,
    `'${version}' is no version of the PROXY protocol`,
    'write proxy=v2, or proxy=v1',
  );
}

/** Lower-case name, `*.name` or address; empty: any. @throws FrontError config_invalid */
export function readRouteHost(label: string, text: string, host: string): string {
  const name = host.startsWith('*.') ? host.slice(2) : host;
  const bare = host.startsWith('[') && host.endsWith(']') ? host.slice(1, -1) : null;
  if (bare === null ? name === '' || isHostName(name) || ipFamily(host) === 4 : ipFamily(bare) === 6)
    return host.toLowerCase();
  const reason = host.includes(':')
    ? 'a route has no port'
    : `'${host}' is neither a host name nor an address`;
  throw invalid(label, text, reason, ROUTE_HINT);
}

/** The prefix without a slash at its end; empty: every path. @throws FrontError config_invalid */
export function readRoutePrefix(label: string, text: string, prefix: string): string {
  if (!/^[!-~]*$/.test(prefix) || /[?#]|\/\/|\/\.{1,2}(?:\/|$)/.test(prefix))
    throw invalid(label, text, `'${prefix}' is no path of a route`, ROUTE_HINT);
  return prefix.replace(/\/$/, '');
}

/**
 * One `--upstream`: `[host][/prefix]=address[,weight=n][,proxy=v2]`, or the address alone for every request.
 * @throws FrontError config_invalid
 */
export function readUpstream(label: string, text: string): RoutedUpstream {
  const [rest, suffixes] = cutSuffixes(label, text);
  const [route, address] = cutRoute(rest);
  const slash = route.indexOf('/');
  const host = slash === -1 ? route : route.slice(0, slash);
  const prefix = slash === -1 ? '' : route.slice(slash);
  const upstream = readMoving(label, address) ?? { ...readUpstreamAddress(label, address), lookUp: null };
  if (suffixes.proxyProtocol !== null && !SCHEMES[upstream.scheme].takesProxyHeader)
    throw invalid(
      label,
      text,
      `the PROXY protocol is not spoken to ${upstream.scheme} apps`,
      'its header is for one client, and their connections are shared; http:// and uwsgi:// take it',
    );
  return {
    ...upstream,
    route: { host: readRouteHost(label, text, host), prefix: readRoutePrefix(label, text, prefix) },
    ...suffixes,
  };
}
