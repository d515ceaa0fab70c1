/** Resolves the request targets that do not start with a slash: absolute, authority and asterisk form. */
import { hasPort, isAuthority } from '../syntax/authority.js';
import { Http1Error } from './error.js';

/** What a target says beyond a path (RFC 9112 §3.2). */
export interface ResolvedTarget {
  readonly path: string;
  /** Empty when the target names none (asterisk-form). */
  readonly authority: string;
  readonly scheme: '' | 'http' | 'https';
}

/**
 * Reads a target that is not in origin-form, or any target of CONNECT.
 * @throws Http1Error `target_invalid`
 */
export function resolveTarget(method: string, target: string): ResolvedTarget {
  if (method === 'CONNECT') {
    // RFC 9112 §3.2.3: only here is authority-form allowed, and nothing else.
    if (!isAuthority(target) || !hasPort(target)) throw new Http1Error('target_invalid');
    return { path: '', authority: target, scheme: '' };
  }
  if (target === '*') {
    if (method !== 'OPTIONS') throw new Http1Error('target_invalid');
    return { path: '*', authority: '', scheme: '' };
  }
  return resolveAbsolute(method, target);
}

function resolveAbsolute(method: string, target: string): ResolvedTarget {
  const schemeEnd = target.indexOf('://');
  const scheme = schemeEnd < 0 ? '' : target.slice(0, schemeEnd).toLowerCase();
  if (scheme !== 'http' && scheme !== 'https') throw new Http1Error('target_invalid');
  const start = schemeEnd + 3;
  const end = endOfAuthority(target, start);
  const authority = target.slice(start, end);
  if (!isAuthority(authority)) throw new Http1Error('target_invalid');
  const rest = target.slice(end);
  if (rest.startsWith('/')) return { path: rest, authority, scheme };
  // RFC 9112 §3.2.4: OPTIONS for a URI with neither path nor query asks about the server as a whole.
  if (rest === '' && method === 'OPTIONS') return { path: '*', authority, scheme };
  return { path: `/${rest}`, authority, scheme };
}

function endOfAuthority(target: string, start: number): number {
  const slash = target.indexOf('/', start);
  const query = target.indexOf('?', start);
  if (slash < 0) return query < 0 ? target.length : query;
  return query < 0 ? slash : Math.min(slash, query);
}
