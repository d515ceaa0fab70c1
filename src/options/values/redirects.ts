/** Reads `--redirect`: `[host][/path[/*]]=target[,status=n]`. */
import type { RedirectRule } from '../../shared/config/rules.js';
import { invalid } from '../read-setting.js';
import { cutAddress, isHostName, parsePort } from './addresses.js';
import { readRouteHost } from './upstream-routes.js';

const HINT =
  'write www.example.com=example.com, /old=/new, /blog/*=https://blog.example.com/* or /a=/b,status=302';
const STATUSES: ReadonlyMap<string, RedirectRule['status']> = new Map([
  ['301', 301],
  ['302', 302],
  ['303', 303],
  ['307', 307],
  ['308', 308],
]);

/** What of a path may stand in a Location: visible ASCII. */
const VISIBLE = /^[!-~]*$/;

type From = Pick<RedirectRule, 'host' | 'path' | 'isPrefix'>;
type To = Pick<RedirectRule, 'scheme' | 'authority' | 'target' | 'keepsRest'>;

function readFrom(label: string, text: string, from: string): From {
  if (from === '') throw invalid(label, text, 'what is redirected is missing', HINT);
  if (from.includes('://')) throw invalid(label, text, 'what is redirected has no scheme', HINT);
  const slash = from.indexOf('/');
  const host = slash === -1 ? from : from.slice(0, slash);
  const whole = slash === -1 ? '' : from.slice(slash);
  const isPrefix = whole.endsWith('/*');
  const path = isPrefix ? whole.slice(0, -2) : whole;
  if (!VISIBLE.test(path) || /[?#*]/.test(path)) throw invalid(label, text, `'${whole}' is no path`, HINT);
  return { host: readRouteHost(label, text, host), path, isPrefix };
}

function readTo(label: string, text: string, to: string): To {
  const [, word, rest = to] = /^(https?):\/\/(.*)$/i.exec(to) ?? [];
  const scheme = word === undefined ? null : word.toLowerCase() === 'https' ? 'https' : 'http';
  const slash = rest.indexOf('/');
  const authority = (slash === -1 ? rest : rest.slice(0, slash)).toLowerCase();
  const whole = slash === -1 ? '' : rest.slice(slash);
  const parts = cutAddress(authority);
  const isNamed =
    parts !== null && parts.host !== null && parts.host !== '' && parsePort(parts.port) !== null;
  const isHost = isHostName(authority) || isNamed;
  if (!isHost && (authority !== '' || whole === '' || scheme !== null))
    throw invalid(label, text, `'${to}' is no target`, HINT);
  const keepsRest = whole.endsWith('/*');
  const target = keepsRest ? whole.slice(0, -2) : whole;
  if (!VISIBLE.test(target) || target.includes('*'))
    throw invalid(label, text, `'${whole}' is no path`, HINT);
  return { scheme, authority, target: whole === '' ? null : target, keepsRest };
}

/** A browser would follow it for ever. */
function isLoop({ host, path, isPrefix }: From, { authority, target, keepsRest }: To): boolean {
  if (target === null) return authority === host && authority !== '';
  if (authority !== '' && authority !== host) return false;
  const [asked = ''] = (keepsRest ? `${target}/` : target).split('?', 1);
  return path === '' || asked === path || (isPrefix && asked.startsWith(`${path}/`));
}

/** One `--redirect`. @throws FrontError config_invalid */
export function readRedirect(label: string, text: string): RedirectRule {
  const [, rule = text, code = '308'] = /^(.*),(?:status=)?([^,/=]*)$/.exec(text) ?? [];
  const status = STATUSES.get(code);
  if (status === undefined)
    throw invalid(label, text, `'${code}' is no status of a redirect`, 'choose 301, 302, 303, 307 or 308');
  const at = rule.indexOf('=');
  if (at === -1) throw invalid(label, text, 'there is no =', HINT);
  const from = readFrom(label, text, rule.slice(0, at));
  const to = readTo(label, text, rule.slice(at + 1));
  if (to.keepsRest && from.path !== '' && !from.isPrefix)
    throw invalid(
      label,
      text,
      'nothing is left behind a path without /*',
      `write ${from.host}${from.path}/*=…`,
    );
  if (isLoop(from, to)) throw invalid(label, text, 'it leads to itself', 'name another host or path');
  return { site: null, ...from, ...to, status };
}
