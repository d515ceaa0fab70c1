/** What is answered while no app takes requests: in development which app, where it was looked for and what it said last. */
import type { AppConfig } from '../../../src/shared/config.js';
import { isForDevelopment } from '../../../src/shared/development-listener.js';
import type { AppEnd } from '../../../src/shared/router-messages.js';
import type { Route } from '../../routing/route-table.js';
import { fieldValue } from '../../wire/syntax/field-list.js';
import type { Exchange } from '../exchange.js';
import { httpDate } from '../headers/response-headers.js';
import type { ConnectionFacts, RequestHead } from '../types.js';
import { buildErrorReply, escapeHtml, type LocalReply, RETRY_AFTER_SECONDS } from './local-reply.js';

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
  const headers = [
    'content-type',
    'text/html; charset=utf-8',
    'content-length',
    String(Buffer.byteLength(body)),
  ];
  headers.push('cache-control', 'no-store', 'date', httpDate(), 'retry-after', String(RETRY_AFTER_SECONDS));
  headers.push('content-security-policy', POLICY, MARK, 'down');
  if (requestId !== '') headers.push('x-request-id', requestId);
  return { status: 503, headers, body };
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
  return !trusted && (remoteAddress === '::1' || remoteAddress.replace('::ffff:', '').startsWith('127.'));
}

function describeState({ app }: Route, end: AppEnd | null): string {
  const name = app.name === 'app' ? 'The app' : `The app ${app.name}`;
  if (app.worker === null) return `${name} is not running yet, or listens elsewhere.`;
  return end === null ? `${name} is starting.` : `${name} has ended (${end.reason}) and is started again.`;
}

function describePlace({ app, upstreams }: Route): string {
  const places = upstreams.map(({ name }) => name).join(', ');
  const program = describeProgram(app);
  if (program !== '') return `It is: ${program}.`;
  return places === '' ? '' : `It was looked for at ${places}.`;
}

function describeProgram({ worker }: AppConfig): string {
  if (worker === null) return '';
  return worker.command === null ? (worker.wsgi?.name ?? '') : worker.command.join(' ');
}

/** Waits with a request that is held until the app is up; without scripts it is asked for every two seconds. */
function renderPage(state: string, where: string, lines: readonly string[], requestId: string): string {
  const said =
    lines.length === 0
      ? ''
      : `<p>It printed last:</p><pre>${lines.map((line) => escapeHtml(plain(line))).join('\n')}</pre>`;
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<noscript><meta http-equiv="refresh" content="${RETRY_AFTER_SECONDS}"></noscript>
<title>Waiting for the app</title>
<style>body{font:16px/1.5 system-ui,sans-serif;max-width:42em;margin:15vh auto;padding:0 1em;color:#222;background:#fff}
h1{font-size:1.4em}pre{padding:1em;overflow:auto;background:#8882;font-size:.85em}small{color:#777}
@media(prefers-color-scheme:dark){body{color:#ddd;background:#181818}}</style></head>
<body><h1>${escapeHtml(state)}</h1><p>${escapeHtml(where)}</p>${said}
<p>This page shows the app by itself as soon as it answers.</p><small>${escapeHtml(requestId)}</small>
<script>
const ask = async () => {
  const answer = await fetch(location.href, { method: 'HEAD', redirect: 'manual', cache: 'no-store' }).catch(() => null);
  if (answer !== null && answer.headers.get('${MARK}') === null) location.reload();
  else setTimeout(ask, 500);
};
ask();
</script></body></html>
`;
}

/** Without the colours and other orders for a terminal. */
function plain(line: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
  return line.replaceAll(/\u001b\[[0-9;?]*[A-Za-z]/g, '').replaceAll(/\p{Cc}/gu, ' ');
}
