/** Whether an access rule is for a request, also where the request writes the path in a way that only the app takes apart. */
import type { AccessScope } from '../../../src/shared/config/access.js';
import { hostOf } from '../../wire/syntax/field-list.js';
import type { ConnectionFacts, RequestHead } from '../types.js';

/** A scope as requests are held against it. */
export interface CompiledScope extends AccessScope {
  /** Indices of its listeners; null: all. */
  readonly listeners: readonly number[] | null;
}

/** The listeners of a scope are those whose configured port it names. @param ports of all listeners, by index */
export function compileScope(scope: AccessScope, ports: readonly number[]): CompiledScope {
  const listeners = ports.flatMap((port, index) => (port === scope.port ? [index] : []));
  return { ...scope, listeners: scope.port === 0 ? null : listeners };
}

/** How a request is held against scopes. */
export interface Place {
  /** The request's site; null: none. */
  readonly site: number | null;
  readonly listener: number;
  readonly host: string;
  readonly path: string;
  /** The path as an app may read it; the same as `path` where that leaves nothing to read. */
  readonly plainPath: string;
  /** The same for an app that undoes escapes and lets dot segments stand: `/admin%2f..` is within its `/admin`. */
  readonly dottedPath: string;
}

export function placeOf(
  { authority, path }: RequestHead,
  { listener }: ConnectionFacts,
  site: number | null,
): Place {
  const segments = MAY_HIDE.test(path) ? segmentsOf(path) : null;
  return {
    site,
    listener,
    host: hostOf(authority).replace(/\.$/, ''),
    path,
    plainPath: segments === null ? path : joinPlain(segments),
    dottedPath: segments === null ? path : `/${segments.join('/')}`,
  };
}

/** Whether the scope covers the place, read in one way. @param path one of the place's three */
export function coversPath(scope: CompiledScope, place: Place, path: string): boolean {
  if (scope.site !== null && scope.site !== place.site) return false;
  if (scope.listeners !== null && !scope.listeners.includes(place.listener)) return false;
  return coversHost(scope.host, place.host) && isWithinPath(path, scope.prefix);
}

/**
 * The rules that count where one alone does: the narrowest that covers the place, and others where the path can be read in
 * more than one way.
 * @param rules the narrowest first
 */
export function findNarrowest<Rule extends { readonly scope: CompiledScope }>(
  rules: readonly Rule[],
  place: Place,
): readonly Rule[] {
  const found: Rule[] = [];
  for (const path of [place.path, place.plainPath, place.dottedPath]) {
    const rule = rules.find(({ scope }) => coversPath(scope, place, path));
    if (rule !== undefined && !found.includes(rule)) found.push(rule);
  }
  return found;
}

/** More than a wildcard is long. */
const EXACT = 1000;

/** Sorts rules for `findNarrowest`: an exact host or a site before a wildcard before any, then a port, then the longest prefix. */
export function byNarrowness(
  one: { readonly scope: AccessScope },
  other: { readonly scope: AccessScope },
): number {
  const hostRank = ({ site, host }: AccessScope): number => {
    if (site !== null) return host === '' ? EXACT : EXACT + 1;
    return host.startsWith('*.') ? host.length : host === '' ? 0 : EXACT;
  };
  return (
    hostRank(other.scope) - hostRank(one.scope) ||
    Number(other.scope.port !== 0) - Number(one.scope.port !== 0) ||
    other.scope.prefix.length - one.scope.prefix.length
  );
}

/** A rule that protects `/admin` also holds for `/%61dmin`, `//admin`, `/x/../admin` and `/admin;x`. */
export function covers(scope: CompiledScope, place: Place): boolean {
  return (
    coversPath(scope, place, place.path) ||
    coversPath(scope, place, place.plainPath) ||
    coversPath(scope, place, place.dottedPath)
  );
}

function coversHost(pattern: string, host: string): boolean {
  if (pattern === '' || pattern === host) return true;
  return pattern.startsWith('*.') && host.endsWith(pattern.slice(1)) && host.length > pattern.length - 1;
}

/** The path and all below it, as routes take it. */
export function isWithinPath(path: string, prefix: string): boolean {
  if (prefix === '' || !path.startsWith(prefix)) return prefix === '';
  const next = path.charAt(prefix.length);
  return next === '' || next === '/' || next === '?' || prefix.endsWith('/');
}

/** Whether the place's path is within a prefix, read in any way. */
export function isReadWithin({ path, plainPath, dottedPath }: Place, prefix: string): boolean {
  return isWithinPath(path, prefix) || isWithinPath(plainPath, prefix) || isWithinPath(dottedPath, prefix);
}

const MAY_HIDE = /[%\\;]|\/[./]/;
const ESCAPES = /%([0-9a-f]{2})/gi;

/**
 * The path without its query, with escapes undone once, backslashes as slashes, and without parameters, empty and dot
 * segments (RFC 3986 §5.2.4, §6.2.2).
 */
export function plainPathOf(path: string): string {
  return joinPlain(segmentsOf(path));
}

function joinPlain(segments: readonly string[]): string {
  const kept: string[] = [];
  for (const segment of segments) {
    if (segment === '..') kept.pop();
    else kept.push(segment);
  }
  return `/${kept.join('/')}`;
}

/** The segments of a path with escapes undone once, without parameters, empty ones and `.`. */
function segmentsOf(path: string): string[] {
  const [raw = ''] = path.split('?', 1);
  const decoded = raw.replace(ESCAPES, (_all, digits: string) => {
    return String.fromCharCode(Number.parseInt(digits, 16));
  });
  const segments: string[] = [];
  for (const part of decoded.replaceAll('\\', '/').split('/')) {
    const [segment = ''] = part.split(';', 1);
    if (segment !== '' && segment !== '.') segments.push(segment);
  }
  return segments;
}
