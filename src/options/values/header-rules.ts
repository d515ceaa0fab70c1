/** Reads `--header-up` and `--header-down`: Caddy's `Name value`, `+Name value` and `-Name`. */

import { ipFamily } from '../../shared/addresses/ip-family.js';
import { isPlaceholder, PLACEHOLDERS } from '../../shared/config/placeholders.js';
import type { HeaderRule } from '../../shared/config/rules.js';
import { invalid } from '../read-setting.js';
import { isHostName } from './addresses.js';

/** The value of an environment variable. */
export type Variable = (name: string) => string | undefined;

/** Which way the message goes that a rule changes. */
export type HeaderDirection = 'up' | 'down';

/** What frames a message or belongs to one connection (RFC 9110 §7.6.1) is written by the front alone. */
const FRAMING = new Set(
  'connection keep-alive proxy-connection transfer-encoding content-length upgrade trailer http2-settings'.split(
    ' ',
  ),
);

/** Fields of a request that the front decides by, or that the WebSocket handshake is proved with. */
const OF_THE_REQUEST = new Set(
  'te expect proxy-authorization cdn-loop sec-websocket-key sec-websocket-version'.split(' '),
);

const OF_THE_RESPONSE = new Set(['sec-websocket-accept']);

const HINT = "write 'Name value' to set, '+Name value' to add, -Name (or -Prefix*) to remove";

/** The values as the user wrote them, in the rules' order. `host` is the value of a rule that sets Host. */
export interface HeaderRules {
  readonly rules: readonly HeaderRule[];
  readonly host: string | null;
}

/**
 * Rules of one direction. A rule for Host is taken out: the exchange needs to know which host the app is asked for.
 * @throws FrontError config_invalid
 */
export function readHeaderRules(
  label: string,
  texts: readonly string[],
  direction: HeaderDirection,
  variable: Variable,
): HeaderRules {
  const rules: HeaderRule[] = [];
  let host: string | null = null;
  for (const text of texts) {
    const rule = readRule(label, text, variable);
    refuseProtected(label, text, rule.name, direction);
    if (direction === 'up' && rule.name === 'host') host = readHostRule(label, text, rule);
    else rules.push(rule);
  }
  return { rules, host };
}

/** `{env.NAME}` is filled in once: the variables of a process stay. */
function fillVariables(label: string, text: string, value: string, variable: Variable): string {
  return value.replaceAll(/\{env\.([A-Za-z_][A-Za-z0-9_]*)\}/g, (_whole, name: string) => {
    const filled = variable(name);
    if (filled !== undefined) return filled;
    throw invalid(label, text, `the variable ${name} is not set`, 'set it, or write the value itself');
  });
}

function readRule(label: string, text: string, variable: Variable): HeaderRule {
  const sign = text.charAt(0);
  const action = sign === '-' ? 'remove' : sign === '+' ? 'add' : 'set';
  const rest = action === 'set' ? text : text.slice(1);
  const blank = rest.search(/[ \t]/);
  // curl's habit of a colon behind the name does no harm; Caddy takes it too.
  const name = (blank === -1 ? rest : rest.slice(0, blank)).replace(/:$/, '').toLowerCase();
  const value = unquote(blank === -1 ? '' : rest.slice(blank).trim());
  if (!/^[!#$%&'+.^_`|~0-9a-z-]+\*?$/.test(name) || (name.endsWith('*') && action !== 'remove')) {
    throw invalid(label, text, `'${name}' is not a field name`, HINT);
  }
  if (action === 'remove') {
    if (value === '') return { action, name, value };
    throw invalid(label, text, 'a rule that removes has no value', HINT);
  }
  if (blank === -1) throw invalid(label, text, 'the value is missing', HINT);
  return { action, name, value: readValue(label, text, fillVariables(label, text, value, variable)) };
}

/** A value in quotes, as a Caddyfile has it. */
function unquote(value: string): string {
  return value.length > 1 && value.startsWith('"') && value.endsWith('"') ? value.slice(1, -1) : value;
}

function readValue(label: string, text: string, value: string): string {
  // Visible ASCII with blanks between (RFC 9110 §5.5); anything else would be read differently by different apps.
  if (!/^[\t\x20-\x7e]*$/.test(value)) {
    throw invalid(label, text, 'a value holds visible ASCII characters only', HINT);
  }
  const unknown = [...value.matchAll(/\{([a-z_][a-z0-9_.]*)\}/g)].find(
    ([, name = '']) => !isPlaceholder(name),
  );
  if (unknown !== undefined) {
    const hint = `what is filled in: ${PLACEHOLDERS.map((name) => `{${name}}`).join(' ')} and {env.NAME}`;
    throw invalid(label, text, `placeholders such as ${unknown[0]} are not filled in`, hint);
  }
  return value;
}

function refuseProtected(label: string, text: string, name: string, direction: HeaderDirection): void {
  const own = direction === 'up' ? OF_THE_REQUEST : OF_THE_RESPONSE;
  const covers = (field: string): boolean =>
    name.endsWith('*') ? field.startsWith(name.slice(0, -1)) : field === name;
  const field = [...FRAMING, ...own].find(covers);
  if (field !== undefined) {
    throw invalid(label, text, `${field} is written by the front`, 'leave this rule out');
  }
  if (direction === 'up' && name !== 'host' && covers('host')) {
    throw invalid(label, text, 'Host cannot be removed', 'name the fields one by one');
  }
}

/** Host may be set, to one authority; a request without it or with two is no HTTP (RFC 9112 §3.2). */
function readHostRule(label: string, text: string, { action, value }: HeaderRule): string {
  if (action !== 'set') {
    throw invalid(label, text, 'a request has exactly one Host', "write 'Host app.test' to set it");
  }
  const [, host = '', port = ''] = /^(\[[0-9a-f:.]+\]|[^:[\]]+)(?::(\d{1,5}))?$/i.exec(value) ?? [];
  const bare = host.startsWith('[') ? host.slice(1, -1) : host;
  if ((ipFamily(bare) === 0 && !isHostName(bare)) || Number(port) > 65_535) {
    throw invalid(label, text, `'${value}' is not a host`, "write 'Host app.test' or 'Host app.test:8080'");
  }
  return value;
}
