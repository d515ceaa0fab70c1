/** Which fields the exchange treats specially: one lookup a field decides, everything else is copied. */

import { isFrontField } from './front-fields.js';

export const DROP = 1;
export const CONNECTION = 2;
export const TE = 3;
export const FORWARDING = 4;
export const REQUEST_ID = 5;
export const EXPECT = 6;
export const LOCATION = 7;
export const DATE = 8;
export const SET_COOKIE = 9;

/** Hop-by-hop fields (RFC 9110 §7.6.1, RFC 9112) and those that the front itself frames the message with. */
const HOP_BY_HOP = [
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authorization',
  'transfer-encoding',
  'content-length',
  'upgrade',
  'http2-settings',
];

/** Fields of a request that are not simply copied. */
export const REQUEST_FIELDS: ReadonlyMap<string, number> = new Map<string, number>([
  ...HOP_BY_HOP.map((name): [string, number] => [name, DROP]),
  ['host', DROP],
  // CGI and WSGI would read it as HTTP_PROXY (httpoxy, CVE-2016-5385).
  ['proxy', DROP],
  // Written from the connection or not at all (RFC 9440 §4).
  ['client-cert', DROP],
  ['client-cert-chain', DROP],
  ['connection', CONNECTION],
  ['te', TE],
  ['expect', EXPECT],
  ['x-request-id', REQUEST_ID],
]);

/** Fields of a response that are not simply copied. */
export const RESPONSE_FIELDS: ReadonlyMap<string, number> = new Map<string, number>([
  ...HOP_BY_HOP.filter((name) => name !== 'proxy-authenticate').map((name): [string, number] => [name, DROP]),
  ['connection', CONNECTION],
  ['location', LOCATION],
  ['date', DATE],
  ['set-cookie', SET_COOKIE],
  // Tells a proxy not to buffer, which this one never does; it is no news for the client.
  ['x-accel-buffering', DROP],
]);

/**
 * Kind of a request field, in a head or in trailers. CGI, WSGI and PHP write other marks of a name as underscores, so that
 * `X_Forwarded_For`, `X.Forwarded.For` and `X-Forwarded-For` are one variable: names with an underscore are dropped as nginx
 * drops them, and with `keepUnderscores` those that are a special field's in another spelling. Undefined: copy.
 */
export function requestFieldKind(name: string, keepUnderscores: boolean): number | undefined {
  const kind = REQUEST_FIELDS.get(name);
  if (kind !== undefined) return kind;
  if (isPlainName(name)) return isFrontField(name) ? FORWARDING : undefined;
  if (!keepUnderscores && name.indexOf('_') !== -1) return DROP;
  const plain = name.replace(/[^a-z0-9]/g, '-');
  return REQUEST_FIELDS.has(plain) || isFrontField(plain) ? DROP : undefined;
}

/** Letters, digits and hyphens, as nearly all names are. */
function isPlainName(name: string): boolean {
  for (let index = 0; index < name.length; index += 1) {
    const code = name.charCodeAt(index);
    if (code !== 0x2d && (code < 0x61 || code > 0x7a) && (code < 0x30 || code > 0x39)) return false;
  }
  return true;
}

const NOT_NAMES = new Set(['close', 'keep-alive', 'upgrade', 'te', 'http2-settings', '']);

/**
 * Field names that the Connection fields of a flat list name (RFC 9110 §7.6.1), lower-case; null when they name none
 * beyond the usual options.
 */
export function connectionNames(headers: readonly string[]): string[] | null {
  let names: string[] | null = null;
  for (let index = 0; index < headers.length; index += 2) {
    if (headers[index] !== 'connection') continue;
    const value = headers[index + 1] ?? '';
    if (value === 'keep-alive' || value === 'close') continue;
    for (const part of value.split(',')) {
      const name = part.trim().toLowerCase();
      if (NOT_NAMES.has(name)) continue;
      names ??= [];
      names.push(name);
    }
  }
  return names;
}
