/** The response that goes downstream: hop-by-hop fields out, Location put back to https, Date added. */
import { CONNECTION, connectionNames, DATE, LOCATION, RESPONSE_FIELDS } from './field-kinds.js';
import { hostOf, portOf } from './fields.js';
import type { ConnectionFacts, Policy, RequestHead } from './types.js';

/**
 * Flat header list for the downstream without framing fields: the engine adds Content-Length or
 * Transfer-Encoding and Connection as its protocol wants them.
 *
 * @param upstreamAuthority host:port of the upstream, which an app may name in Location instead of the client's.
 */
export function buildDownstreamHeaders(
  source: readonly string[],
  head: RequestHead,
  facts: ConnectionFacts,
  policy: Policy,
  upstreamAuthority: string,
): string[] {
  const out: string[] = [];
  let listed: string[] | null | undefined;
  let dated = false;
  for (let index = 0; index < source.length; index += 2) {
    const name = source[index] ?? '';
    const value = source[index + 1] ?? '';
    const kind = RESPONSE_FIELDS.get(name);
    if (kind === undefined) out.push(name, value);
    else if (kind === DATE) {
      dated = true;
      out.push(name, value);
    } else if (kind === LOCATION) {
      out.push(name, rewriteLocation(value, head, facts, policy, upstreamAuthority));
    } else if (kind === CONNECTION && listed === undefined) listed = connectionNames(source);
  }
  // RFC 9110 §6.6.1: a recipient with a clock adds a missing Date.
  if (!dated) out.push('date', httpDate());
  return listed ? withoutListed(out, listed) : out;
}

/** Fields of a 1xx response that may be passed on: hop-by-hop ones and those in `listed` are not (RFC 9110 §15.2). */
export function buildInformationalHeaders(
  source: readonly string[],
  listed: readonly string[] | null,
): string[] {
  const out: string[] = [];
  for (let index = 0; index < source.length; index += 2) {
    const name = source[index] ?? '';
    const kind = RESPONSE_FIELDS.get(name);
    if (kind === undefined || kind === DATE || kind === LOCATION) out.push(name, source[index + 1] ?? '');
  }
  return listed === null ? out : withoutListed(out, listed);
}

function withoutListed(headers: string[], listed: readonly string[]): string[] {
  const kept: string[] = [];
  for (let index = 0; index < headers.length; index += 2) {
    if (!listed.includes(headers[index] ?? '')) kept.push(headers[index] ?? '', headers[index + 1] ?? '');
  }
  return kept;
}

/**
 * `http://` Location of an app that does not know it is behind TLS, put back to https and the client's own
 * authority. Left alone: other hosts, other explicit ports, plain connections, `--no-rewrite-location`.
 */
export function rewriteLocation(
  location: string,
  head: RequestHead,
  facts: ConnectionFacts,
  policy: Policy,
  upstreamAuthority: string,
): string {
  if (!policy.config.rewriteLocation || facts.tlsVersion === '') return location;
  if (location.slice(0, 7).toLowerCase() !== 'http://') return location;
  let end = 7;
  while (end < location.length && !isAuthorityEnd(location.charCodeAt(end))) end += 1;
  const authority = location.slice(7, end);
  if (authority.toLowerCase() !== upstreamAuthority.toLowerCase() && !isSameHost(authority, head.authority)) {
    return location;
  }
  return `https://${head.authority}${location.slice(end)}`;
}

function isAuthorityEnd(code: number): boolean {
  return code === 0x2f || code === 0x3f || code === 0x23;
}

function isSameHost(authority: string, own: string): boolean {
  if (hostOf(authority) !== hostOf(own)) return false;
  const port = portOf(authority);
  return port === '' || port === '80' || port === portOf(own);
}

let dateSecond = 0;
let dateText = '';

/** The current time as an IMF-fixdate (RFC 9110 §5.6.7), made once a second. */
export function httpDate(): string {
  const now = Date.now();
  const second = Math.floor(now / 1000);
  if (second !== dateSecond) {
    dateSecond = second;
    dateText = new Date(now).toUTCString();
  }
  return dateText;
}
