/** Which fields of a request the codec itself has to look at (RFC 9113 §8.2, §8.3; RFC 9110 §6.5.1). */
import { isLowerCaseToken } from '../syntax/field-syntax.js';

export const REGULAR = 0;
/** Not a lower-case token, an unknown pseudo field, or connection-specific: the message is malformed. */
export const MALFORMED = 1;
export const TE = 2;
export const HOST = 3;
export const CONTENT_LENGTH = 4;
export const COOKIE = 5;
export const PRIORITY = 6;
/** This and what is above are pseudo fields. */
export const METHOD = 8;
export const SCHEME = 9;
export const AUTHORITY = 10;
export const PATH = 11;
export const PROTOCOL = 12;

const KINDS = new Map<string, number>([
  [':method', METHOD],
  [':scheme', SCHEME],
  [':authority', AUTHORITY],
  [':path', PATH],
  [':protocol', PROTOCOL],
  ['connection', MALFORMED],
  ['keep-alive', MALFORMED],
  ['proxy-connection', MALFORMED],
  ['transfer-encoding', MALFORMED],
  ['upgrade', MALFORMED],
  ['te', TE],
  ['host', HOST],
  ['content-length', CONTENT_LENGTH],
  ['cookie', COOKIE],
  ['priority', PRIORITY],
]);

/** The kind of a request field by its name. */
export function kindOf(name: string): number {
  const kind = KINDS.get(name);
  if (kind !== undefined) return kind;
  return isLowerCaseToken(name) ? REGULAR : MALFORMED;
}

/** Fields that would frame, route, authenticate or modify a request after its head was judged: those that HTTP/1.1 refuses too. */
const NOT_IN_TRAILERS = new Set([
  'authentication-info',
  'authorization',
  'cache-control',
  'connection',
  'content-encoding',
  'content-length',
  'content-range',
  'content-type',
  'cookie',
  'expect',
  'forwarded',
  'host',
  'http2-settings',
  'if-match',
  'if-modified-since',
  'if-none-match',
  'if-range',
  'if-unmodified-since',
  'keep-alive',
  'location',
  'max-forwards',
  'proxy-authenticate',
  'proxy-authentication-info',
  'proxy-authorization',
  'proxy-connection',
  'range',
  'set-cookie',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'via',
  'www-authenticate',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-port',
  'x-forwarded-proto',
  'x-real-ip',
]);

/** Whether a trailer may bear this name (RFC 9110 §6.5.1). */
export function isTrailerName(name: string): boolean {
  return isLowerCaseToken(name) && !NOT_IN_TRAILERS.has(name);
}
