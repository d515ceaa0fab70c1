/** The response that goes downstream: hop-by-hop fields out, Location put back to https, Date added. */
import { FieldLines, type FieldsMemo, NO_LINES } from '../../wire/syntax/field-lines.js';
import { fieldValue, hostOf, portOf } from '../../wire/syntax/field-list.js';
import type { ConnectionFacts, RequestHead, SitePolicy } from '../types.js';
import { CONNECTION, connectionNames, DATE, LOCATION, RESPONSE_FIELDS, SET_COOKIE } from './field-kinds.js';
import { applyHeaderRules } from './header-rules.js';
import { asOwn, hasField, type OutgoingFields } from './outgoing-fields.js';
import { authorityFor } from './request-headers.js';
import { type CookiePlace, rewriteSetCookie } from './set-cookie.js';
import { transportSecurityFor } from './transport-security.js';

/**
 * The fields for the downstream without framing fields: the engine adds Content-Length or
 * Transfer-Encoding and Connection as its protocol wants them.
 *
 * @param memo of the fields; null: nobody looks whether they repeat
 * @param upstreamAuthority host:port of the upstream, which an app may name in Location instead of the client's.
 * @param strippedPrefix beginning of the path that the app did not see
 */
export function buildDownstreamHeaders(
  source: readonly string[],
  head: RequestHead,
  facts: ConnectionFacts,
  policy: SitePolicy,
  memo: FieldsMemo | null,
  upstreamAuthority: string,
  strippedPrefix: string,
  requestId: string,
): OutgoingFields {
  const repeated = memo === null ? null : memo.find('', '');
  let fields: OutgoingFields =
    repeated === null
      ? relayFields(source, head, facts, policy, memo, upstreamAuthority, strippedPrefix)
      : { repeated, own: [] };
  const { config } = policy;
  if (config.via) fields.own.push('via', '1.1 tlsfront');
  if (config.hsts !== null && !hasField(fields, 'strict-transport-security'))
    addTransportSecurity(fields.own, head, facts, policy);
  if (config.headerDown.length > 0) {
    fields = asOwn(fields);
    applyHeaderRules(fields.own, config.headerDown, { head, facts, requestId });
  }
  return fields;
}

function relayFields(
  source: readonly string[],
  head: RequestHead,
  facts: ConnectionFacts,
  policy: SitePolicy,
  memo: FieldsMemo | null,
  upstreamAuthority: string,
  strippedPrefix: string,
): OutgoingFields {
  const out: string[] = [];
  let listed: string[] | null | undefined;
  let dated = false;
  /** A field depends on more than the upstream's own. */
  let varies = false;
  let place: CookiePlace | undefined;
  for (let index = 0; index < source.length; index += 2) {
    const name = source[index] ?? '';
    const value = source[index + 1] ?? '';
    const kind = RESPONSE_FIELDS.get(name);
    if (kind === undefined) out.push(name, value);
    else if (kind === DATE) {
      dated = true;
      out.push(name, value);
    } else if (kind === SET_COOKIE) {
      varies = true;
      place ??= cookiePlace(head, facts, policy, upstreamAuthority, strippedPrefix);
      out.push(name, place === UNCHANGED ? value : rewriteSetCookie(value, place));
    } else if (kind === LOCATION) {
      varies = true;
      out.push(name, rewriteLocation(value, head, facts, policy, upstreamAuthority));
    } else if (kind === CONNECTION && listed === undefined) listed = connectionNames(source);
  }
  // RFC 9110 §6.6.1: a recipient with a clock adds a missing Date.
  if (!dated) out.push('date', httpDate());
  const kept = listed ? withoutListed(out, listed) : out;
  if (varies || !dated) return { repeated: NO_LINES, own: kept };
  const repeated = new FieldLines(kept);
  memo?.keep('', '', repeated);
  return { repeated, own: [] };
}

/** Adds Strict-Transport-Security where it belongs and the app has not sent its own. */
export function addTransportSecurity(
  headers: string[],
  head: RequestHead,
  facts: ConnectionFacts,
  policy: SitePolicy,
): void {
  const value = transportSecurityFor(head, facts, policy);
  if (value === null || fieldValue(headers, 'strict-transport-security') !== '') return;
  headers.push('strict-transport-security', value);
}

/** Cookies pass as they are. */
const UNCHANGED: CookiePlace = { secure: false, sentHost: '', clientHost: '', prefix: '' };

function cookiePlace(
  head: RequestHead,
  facts: ConnectionFacts,
  policy: SitePolicy,
  upstreamAuthority: string,
  prefix: string,
): CookiePlace {
  const secure = policy.config.secureCookies && facts.tlsVersion !== '';
  const sent = authorityFor(head, policy, upstreamAuthority);
  if (!secure && prefix === '' && sent === head.authority) return UNCHANGED;
  const sentHost = sent === head.authority ? '' : hostOf(sent);
  return { secure, sentHost, clientHost: hostOf(head.authority), prefix };
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
    if (kind === undefined || kind === DATE || kind === LOCATION || kind === SET_COOKIE)
      out.push(name, source[index + 1] ?? '');
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

/** Hosts by which an app on this machine may call itself. */
const LOOPBACK_HOSTS: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]', '0.0.0.0', '[::]']);

/**
 * Location of an app that does not know it is behind TLS, put back to https and the client's own authority: `http://`
 * with the client's host, and either scheme with the app's own address, whichever name of loopback it writes (Next.js
 * puts the scheme of X-Forwarded-Proto before its own port). Left alone: other hosts, other explicit ports, plain
 * connections, `--no-rewrite-location`.
 */
export function rewriteLocation(
  location: string,
  head: RequestHead,
  facts: ConnectionFacts,
  policy: SitePolicy,
  upstreamAuthority: string,
): string {
  if (!policy.config.rewriteLocation || facts.tlsVersion === '') return location;
  const start = authorityStart(location);
  if (start === 0) return location;
  const isPlain = start === PLAIN_SCHEME.length;
  let end = start;
  while (end < location.length && !isAuthorityEnd(location.charCodeAt(end))) end += 1;
  const authority = location.slice(start, end);
  const isOwn = isPlain
    ? isOwnAuthority(authority, head, policy, upstreamAuthority)
    : isUpstream(authority, '443', upstreamAuthority);
  if (!isOwn) return location;
  return `https://${head.authority}${location.slice(end)}`;
}

function isOwnAuthority(
  authority: string,
  head: RequestHead,
  policy: SitePolicy,
  upstreamAuthority: string,
): boolean {
  const { upstreamHost } = policy.config;
  if (isUpstream(authority, '80', upstreamAuthority)) return true;
  return (
    isSameHost(authority, head.authority) || (upstreamHost !== null && isSameHost(authority, upstreamHost))
  );
}

const PLAIN_SCHEME = 'http://';
const TLS_SCHEME = 'https://';

/** Where the authority of an absolute Location begins; 0: it is none of http or https. */
function authorityStart(location: string): number {
  const colon = location.indexOf(':');
  if (colon !== 4 && colon !== 5) return 0;
  const scheme = location.slice(0, colon + 3).toLowerCase();
  return scheme === PLAIN_SCHEME || scheme === TLS_SCHEME ? scheme.length : 0;
}

/** Whether the authority is the upstream's, by any name where that is on this machine. */
function isUpstream(authority: string, defaultPort: string, upstreamAuthority: string): boolean {
  const host = hostOf(authority);
  const upstreamHost = hostOf(upstreamAuthority);
  const isSame = host === upstreamHost || (LOOPBACK_HOSTS.has(host) && LOOPBACK_HOSTS.has(upstreamHost));
  if (!isSame) return false;
  const upstreamPort = portOf(upstreamAuthority);
  // A socket file has no port, and is plain.
  if (upstreamPort === '') return defaultPort === '80' && authority.toLowerCase() === upstreamAuthority;
  return (portOf(authority) || defaultPort) === upstreamPort;
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
