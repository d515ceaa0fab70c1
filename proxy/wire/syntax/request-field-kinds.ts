/** Which fields of a request a codec with pseudo fields itself has to look at (RFC 9113 §8.2, §8.3; RFC 9110 §6.5.1). */
import { isLowerCaseToken } from './characters.js';
import { isForbiddenTrailer } from './trailers.js';

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

/** Small integers: each field of each request is looked at. */
export type FieldKind =
  | typeof REGULAR
  | typeof MALFORMED
  | typeof TE
  | typeof HOST
  | typeof CONTENT_LENGTH
  | typeof COOKIE
  | typeof PRIORITY
  | typeof METHOD
  | typeof SCHEME
  | typeof AUTHORITY
  | typeof PATH
  | typeof PROTOCOL;

const KINDS: ReadonlyMap<string, FieldKind> = new Map<string, FieldKind>([
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
export function kindOf(name: string): FieldKind {
  const kind = KINDS.get(name);
  if (kind !== undefined) return kind;
  return isLowerCaseToken(name) ? REGULAR : MALFORMED;
}

/** Whether a trailer may bear this name (RFC 9110 §6.5.1). */
export function isTrailerName(name: string): boolean {
  return isLowerCaseToken(name) && !isForbiddenTrailer(name);
}

/** Which of the kinds that may come once have come: one bit a kind. */
export const bit = (kind: FieldKind): number => 1 << kind;
