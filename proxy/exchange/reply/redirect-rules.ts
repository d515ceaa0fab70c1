/** The redirects of `--redirect`: which one covers a request, and where it leads. */
import type { RedirectRule } from '../../../src/shared/config/rules.js';
import { hostOf, portOf } from '../../wire/syntax/field-list.js';
import { httpDate } from '../headers/response-headers.js';
import type { ConnectionFacts, RequestHead } from '../types.js';
import type { LocalReply } from './local-reply.js';

/** How a redirect came to be asked for. */
export interface RedirectPlace {
  readonly role: 'serve' | 'redirect' | 'misplaced';
  /** Port of HTTPS, for requests that came without. */
  readonly httpsPort: number;
  /** The request's; null: none. */
  readonly site: number | null;
}

/** The redirect of a request; null: there is none. */
export function followRedirects(
  rules: readonly RedirectRule[],
  head: RequestHead,
  { tlsVersion }: ConnectionFacts,
  { role, httpsPort, site }: RedirectPlace,
): LocalReply | null {
  if (head.path === '*') return null;
  const host = hostOf(head.authority).replace(/\.$/, '');
  const end = head.path.indexOf('?');
  const path = end === -1 ? head.path : head.path.slice(0, end);
  const rule = rules.find(
    (one) => (one.site === null || one.site === site) && coversHost(one, host) && coversPath(one, path),
  );
  // What stays at its host is for the listener that it is sent to.
  if (rule === undefined || (rule.authority === '' && role === 'redirect')) return null;
  const isSecure = tlsVersion !== '' || role !== 'serve';
  const port = role === 'redirect' ? (httpsPort === 443 ? '' : String(httpsPort)) : portOf(head.authority);
  const location = locationOf(rule, head, path, isSecure, port);
  return {
    status: rule.status,
    headers: ['location', location, 'content-length', '0', 'date', httpDate()],
    body: '',
  };
}

/** A rule that changes nothing but the host is not for the host that it leads to. */
function coversHost({ host: pattern, authority, target }: RedirectRule, host: string): boolean {
  if (target === null && hostOf(authority) === host) return false;
  if (pattern === '' || pattern === host) return true;
  return pattern.startsWith('*.') && host.endsWith(pattern.slice(1)) && host.length > pattern.length - 1;
}

function coversPath({ path, isPrefix }: RedirectRule, asked: string): boolean {
  if (path === '' || asked === path) return true;
  return isPrefix && asked.startsWith(`${path}/`);
}

/** @param port of the request's own scheme, for a target that names none */
function locationOf(
  rule: RedirectRule,
  head: RequestHead,
  path: string,
  isSecure: boolean,
  port: string,
): string {
  const { scheme, authority, target, keepsRest } = rule;
  const query = head.path.slice(path.length);
  const rest = keepsRest ? path.slice(rule.path.length) : '';
  const kept = target === null ? head.path : `${target}${rest}${target.includes('?') ? '' : query}`;
  const own = scheme ?? (isSecure ? 'https' : 'http');
  // To a browser `//x` and `/\x` name another host.
  if (authority === '') return /^\/[/\\]/.test(kept) ? `${own}://${head.authority}${kept}` : kept;
  const hasPort = portOf(authority) !== '' || scheme !== null || port === '';
  return `${own}://${authority}${hasPort ? '' : `:${port}`}${kept}`;
}
