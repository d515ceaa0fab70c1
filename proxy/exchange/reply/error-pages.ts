/** Pages of `--error-pages` in the place of the front's own. */
import type { ErrorPages } from '../../../src/shared/config/rules.js';
import { fieldValue } from '../../wire/syntax/field-list.js';
import { HTML, type LocalReply } from './local-reply.js';

/** The reply with the page for its status, where there is one and the client is sent a page. */
export function withErrorPage(own: LocalReply, pages: ErrorPages): LocalReply {
  const { status, headers } = own;
  if (status < 400 || own.isFixed === true || fieldValue(headers, 'content-type') !== HTML) return own;
  const body = pageFor(status, pages);
  if (body === null) return own;
  const fields = headers.map((value, index) =>
    headers[index - 1] === 'content-length' && index % 2 === 1 ? String(Buffer.byteLength(body)) : value,
  );
  return { status, headers: fields, body };
}

/** `404` before `40x` before `4xx`. */
function pageFor(status: number, pages: ErrorPages): string | null {
  const text = String(status);
  return pages[text] ?? pages[`${text.slice(0, 2)}x`] ?? pages[`${text.charAt(0)}xx`] ?? null;
}
