/** Reads what stands before `=` in a rule of access: `[host][:port][/prefix]`, the requests that it is for. */
import { type AccessScope, EVERYTHING } from '../../shared/config/access.js';
import type { ListenerConfig } from '../../shared/config/listeners.js';
import { invalid } from '../read-setting.js';
import { readRouteHost, readRoutePrefix } from './upstream-routes.js';

const HINT = 'a rule for some requests begins with app.test=, /admin=, :8443= or app.test:8443/admin=';

/**
 * Cuts the scope off. `=` behind a comma belongs to what follows, and `@` begins a file's name.
 * @param listeners whose ports a scope may name
 * @throws FrontError config_invalid
 */
export function cutScope(
  label: string,
  text: string,
  listeners: readonly ListenerConfig[],
): [scope: AccessScope, rest: string] {
  const [first = ''] = text.split(',', 1);
  const at = first.startsWith('@') ? -1 : first.indexOf('=');
  if (at === -1) return [EVERYTHING, text];
  return [readScope(label, text, text.slice(0, at), listeners), text.slice(at + 1)];
}

function readScope(
  label: string,
  text: string,
  written: string,
  listeners: readonly ListenerConfig[],
): AccessScope {
  if (written === '') throw invalid(label, text, 'nothing stands before =', HINT);
  const slash = written.indexOf('/');
  const authority = slash === -1 ? written : written.slice(0, slash);
  const [, before = authority, digits] = /^(.*):(\d{1,5})$/.exec(authority) ?? [];
  const port = digits === undefined ? 0 : Number(digits);
  if (digits !== undefined && !listeners.some((listener) => listener.port === port && port !== 0)) {
    const known = [...new Set(listeners.map((listener) => listener.port))].filter((one) => one !== 0);
    const hint = known.length === 0 ? HINT : `the listeners' ports are ${known.join(', ')}`;
    throw invalid(label, text, `no listener has the port ${digits}`, hint);
  }
  return {
    site: null,
    host: readRouteHost(label, text, before),
    port,
    prefix: readRoutePrefix(label, text, slash === -1 ? '' : written.slice(slash)),
  };
}
