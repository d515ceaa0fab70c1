/** The variables of a request in the uwsgi protocol: those of uWSGI's own http router, in its order. */

import type { ConnectionFacts, RequestHead } from '../../exchange/types.js';
import { hostOf } from '../../wire/syntax/field-list.js';
import { certificateVariables } from './certificate.js';
import { decodeCgiPath } from './cgi-path.js';

/** Fields that a WSGI app must not see under `HTTP_`: HTTP_PROXY would set the proxy of its own requests (httpoxy). */
const HIDDEN = new Set(['proxy', 'transfer-encoding']);

/**
 * Flat list of variables.
 * @param path the path for the app, without a prefix that was stripped: the rest of `head.path` is SCRIPT_NAME
 * @param headers the complete flat header list for the upstream
 */
export function buildUwsgiVariables(
  head: RequestHead,
  facts: ConnectionFacts,
  path: string,
  headers: readonly string[],
): string[] {
  const query = path.indexOf('?');
  const encrypted = facts.tlsVersion !== '';
  const variables = [
    ...['REQUEST_METHOD', head.method, 'REQUEST_URI', head.path],
    ...['PATH_INFO', decodeCgiPath(query === -1 ? path : path.slice(0, query))],
    ...['QUERY_STRING', query === -1 ? '' : path.slice(query + 1)],
    // The worker answers in the version it is told, and the answer is read as HTTP/1.
    ...['SERVER_PROTOCOL', head.httpVersion === '1.0' ? 'HTTP/1.0' : 'HTTP/1.1'],
    ...['SCRIPT_NAME', scriptName(head.path, path)],
    ...['SERVER_NAME', hostOf(head.authority) || facts.serverName || 'localhost'],
    ...['SERVER_PORT', String(facts.localPort), 'UWSGI_ROUTER', 'http'],
  ];
  if (encrypted) variables.push('HTTPS', 'on', ...certificateVariables(facts));
  variables.push('REMOTE_ADDR', facts.remoteAddress, 'REMOTE_PORT', String(facts.remotePort));
  pushFields(variables, headers);
  return variables;
}

/** What was cut off the front of the client's path; empty where nothing was. */
function scriptName(whole: string, path: string): string {
  const end = whole.length - path.length;
  return end > 0 && whole.endsWith(path) ? whole.slice(0, end) : '';
}

/** Fields become HTTP_NAME; those of one name become one, as a WSGI environment is a dictionary. */
function pushFields(variables: string[], headers: readonly string[]): void {
  const first = variables.length;
  for (let index = 0; index < headers.length; index += 2) {
    const name = headers[index] ?? '';
    const value = headers[index + 1] ?? '';
    // `x_y` and `x-y` would be one variable: the client could speak under the name of a field that the front writes.
    if (HIDDEN.has(name) || name.indexOf('_') !== -1) continue;
    const variable = variableOf(name);
    const known = findName(variables, variable, first);
    if (known === -1) variables.push(variable, value);
    else variables[known + 1] += `${name === 'cookie' ? '; ' : ', '}${value}`;
  }
}

function findName(variables: readonly string[], name: string, from: number): number {
  for (let index = from; index < variables.length; index += 2) if (variables[index] === name) return index;
  return -1;
}

function variableOf(name: string): string {
  const plain = name.toUpperCase().replaceAll('-', '_');
  return name === 'content-type' || name === 'content-length' ? plain : `HTTP_${plain}`;
}
