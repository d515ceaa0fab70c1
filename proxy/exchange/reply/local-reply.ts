/** What a client is told when the front answers itself: a small page, JSON or text by its Accept field. */
import { ERRORS, type ErrorCode } from '../../../src/shared/errors.js';
import { fieldValue } from '../../wire/syntax/field-list.js';
import { httpDate } from '../headers/response-headers.js';
import type { RequestHead } from '../types.js';
import { statusText } from './status-text.js';

/** A complete response of the front's own. */
export interface LocalReply {
  readonly status: number;
  /** Flat list with Content-Length, without Connection. */
  readonly headers: string[];
  /** Text as UTF-8; bytes as they are. */
  readonly body: string | Buffer;
  /** It says what no page of --error-pages does. */
  readonly isFixed?: true;
}

/** Seconds after which a client may try again while the app is starting. */
export const RETRY_AFTER_SECONDS = 2;

/** What Allow says of apps, and of files. */
const METHODS = 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS';
const READ_METHODS = 'GET, HEAD';

/**
 * The response for an error code; `head` null when the request could not be read.
 * @param text in place of the table's
 * @param retryAfterSeconds where the status is 503
 */
export function buildErrorReply(
  code: ErrorCode,
  head: RequestHead | null,
  requestId: string,
  text: string = ERRORS[code].text,
  retryAfterSeconds = RETRY_AFTER_SECONDS,
): LocalReply {
  const { status } = ERRORS[code];
  const accept = head === null ? '' : fieldValue(head.headers, 'accept');
  const waits = status === 503;
  // Only a page that was asked for by a safe request may ask for itself again.
  const reloads = waits && head !== null && (head.method === 'GET' || head.method === 'HEAD');
  const refreshSeconds = reloads ? retryAfterSeconds : null;
  const [type, body] = renderBody(accept, status, text, requestId, refreshSeconds);
  const reply = buildOwnReply(status, type, body, requestId);
  if (waits) reply.headers.push('retry-after', String(retryAfterSeconds));
  if (status === 405) reply.headers.push('allow', code === 'files_are_read' ? READ_METHODS : METHODS);
  return reply;
}

/** An answer of the front's own, which no cache keeps. */
export function buildOwnReply(status: number, type: string, body: string, requestId: string): LocalReply {
  const headers = ['content-type', type, 'content-length', String(Buffer.byteLength(body))];
  headers.push('cache-control', 'no-store', 'date', httpDate());
  if (requestId !== '') headers.push('x-request-id', requestId);
  return { status, headers, body };
}

function renderBody(
  accept: string,
  status: number,
  text: string,
  requestId: string,
  refreshSeconds: number | null,
): [string, string] {
  if (accept.includes('text/html')) return [HTML, renderPage(status, text, requestId, refreshSeconds)];
  if (accept.includes('json')) {
    const body = { error: { status, title: statusText(status), message: text, requestId } };
    return ['application/json', `${JSON.stringify(body)}\n`];
  }
  return ['text/plain; charset=utf-8', `${status} ${statusText(status)}\n${text}\n`];
}

/** @param refreshSeconds when the page asks for itself again; null: never */
function renderPage(status: number, text: string, requestId: string, refreshSeconds: number | null): string {
  const refresh = refreshSeconds === null ? '' : `<meta http-equiv="refresh" content="${refreshSeconds}">`;
  const note = refreshSeconds !== null ? '<p>This page tries again by itself.</p>' : '';
  const title = `${status} ${statusText(status)}`;
  return page(title, `<h1>${title}</h1><p>${escapeHtml(text)}</p>${note}`, requestId, refresh);
}

export const HTML = 'text/html; charset=utf-8';

/**
 * A page of the front's own.
 * @param title without markup, as the three that follow are with it
 * @param content above the id of the request
 * @param head before the title
 * @param style after our own
 * @param end behind all of it
 */
export function page(
  title: string,
  content: string,
  requestId: string,
  head = '',
  style = '',
  end = '',
): string {
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">${head}
<title>${title}</title>
<style>body{font:16px/1.5 system-ui,sans-serif;max-width:34em;margin:15vh auto;padding:0 1em;color:#222;background:#fff}
h1{font-size:1.4em}small{color:#777}@media(prefers-color-scheme:dark){body{color:#ddd;background:#181818}}${style}</style></head>
<body>${content}<small>${escapeHtml(requestId)}</small>${end}</body></html>
`;
}

/** Text as it stands between tags or in a quoted attribute. */
export function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
