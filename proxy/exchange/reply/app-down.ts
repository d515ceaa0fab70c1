/** What is answered while no app takes requests: in development which app, where it was looked for and what it said last. */

import { isLoopback } from '../../../src/shared/addresses/host-port.js';
import { describeProgram } from '../../../src/shared/addresses/upstream-text.js';
import { isForDevelopment } from '../../../src/shared/config/development-listener.js';
import type { AppEnd } from '../../../src/shared/messages/router-messages.js';
import type { Route } from '../../routing/route-table.js';
import { fieldValue } from '../../wire/syntax/field-list.js';
import type { Exchange } from '../exchange.js';
import type { ConnectionFacts, RequestHead } from '../types.js';
import {
  buildErrorReply,
  buildOwnReply,
  escapeHtml,
  HTML,
  type LocalReply,
  page,
  RETRY_AFTER_SECONDS,
} from './local-reply.js';

/** A person sees the page so soon; an app that a file's change has restarted is up again before. */
const PAGE_AFTER_MS = 300;
/** The page asks for the app by a request that is held, and knows our own answer to it by this field. */
const MARK = 'tlsfront-app';

/** The longest that a request may wait for its app: a person who looks at a blank window does not wait for all of `--hold`. */
export function mostHoldMs({ head, facts, services }: Exchange): number {
  const isShown = isNavigation(head) && isDevelopment(facts, services.policy.config);
  return isShown ? PAGE_AFTER_MS : Number.POSITIVE_INFINITY;
}

/** The reply to a request for which no upstream of its route is up; in production what is answered to any error. */
export function buildAppDownReply(exchange: Exchange, route: Route): LocalReply {
  const { head, facts, requestId, services } = exchange;
  const { config, live } = services.policy;
  if (!isDevelopment(facts, config)) return buildErrorReply('upstream_refused', head, requestId);
  // Nobody on the network needs to know of this machine's ports, or what an app prints.
  const isHere = isLocal(facts);
  const end = live.appEnds[config.apps.indexOf(route.app)] ?? null;
  const state = describeState(route, end);
  const where = isHere ? describePlace(route) : '';
  if (!isNavigation(head)) {
    const reply = buildErrorReply(
      'upstream_refused',
      head,
      requestId,
      [state, where].filter(Boolean).join(' '),
    );
    reply.headers.push(MARK, 'down');
    return reply;
  }
  const body = renderPage(state, where, isHere ? (end?.lastLines ?? []) : [], requestId);
  const reply = buildOwnReply(503, HTML, body, requestId);
  reply.headers.push(
    'retry-after',
    String(RETRY_AFTER_SECONDS),
    'content-security-policy',
    POLICY,
    MARK,
    'down',
  );
  return { ...reply, isFixed: true };
}

const POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'";

/** Somebody looks at a window that shows what comes (Fetch Metadata; browsers without it say it by Accept alone). */
function isNavigation({ method, headers }: RequestHead): boolean {
  if (method !== 'GET' || !fieldValue(headers, 'accept').includes('text/html')) return false;
  const destination = fieldValue(headers, 'sec-fetch-dest');
  return destination === '' || destination === 'document';
}

function isDevelopment(
  { listener }: ConnectionFacts,
  { listeners }: { listeners: Exchange['policy']['config']['listeners'] },
): boolean {
  const found = listeners[listener];
  return found?.kind === 'https' && isForDevelopment(found);
}

function isLocal({ remoteAddress, trusted }: ConnectionFacts): boolean {
  return !trusted && isLoopback(remoteAddress);
}

function describeState({ app }: Route, end: AppEnd | null): string {
  const name = app.name === 'app' ? 'The app' : `The app ${app.name}`;
  if (app.worker === null) return `${name} is not running yet, or listens elsewhere.`;
  return end === null ? `${name} is starting.` : `${name} has ended (${end.reason}) and is started again.`;
}

function describePlace({ app, upstreams }: Route): string {
  const places = upstreams.map(({ name }) => name).join(', ');
  const program = app.worker === null ? '' : describeProgram(app.worker);
  if (program !== '') return `It is: ${program}.`;
  return places === '' ? '' : `It was looked for at ${places}.`;
}

/** Waits with a request that is held until the app is up; without scripts it is asked for every two seconds. */
function renderPage(state: string, where: string, lines: readonly string[], requestId: string): string {
  const said =
    lines.length === 0
      ? ''
      : `<p>It printed last:</p><pre>${lines.map((line) => escapeHtml(plain(line))).join('\n')}</pre>`;
  const content = `<h1>${escapeHtml(state)}</h1><p>${escapeHtml(where)}</p>${said}
<p>This page shows the app by itself as soon as it answers.</p>`;
  const refresh = `<noscript><meta http-equiv="refresh" content="${RETRY_AFTER_SECONDS}"></noscript>`;
  return page('Waiting for the app', content, requestId, refresh, STYLE, SCRIPT);
}

const STYLE = 'body{max-width:42em}pre{padding:1em;overflow:auto;background:#8882;font-size:.85em}';
const SCRIPT = `<script>
const ask = async () => {
  const answer = await fetch(location.href, { method: 'HEAD', redirect: 'manual', cache: 'no-store' }).catch(() => null);
  if (answer !== null && answer.headers.get('${MARK}') === null) location.reload();
  else setTimeout(ask, 500);
};
ask();
</script>`;

/** Without the colours and other orders for a terminal. */
function plain(line: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
  return line.replaceAll(/\u001b\[[0-9;?]*[A-Za-z]/g, '').replaceAll(/\p{Cc}/gu, ' ');
}
