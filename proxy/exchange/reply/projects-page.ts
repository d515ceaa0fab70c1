/** The answer to a name that no project has: which ones are running. */
import { ERRORS } from '../../../src/shared/errors.js';
import type { Projects } from '../../../src/shared/messages/projects.js';
import { fieldValue, hostOf } from '../../wire/syntax/field-list.js';
import type { RequestHead } from '../types.js';
import { buildOwnReply, escapeHtml, HTML, type LocalReply, page } from './local-reply.js';

/** 404 with links for people and lines for programs. */
export function buildProjectsReply(
  head: RequestHead,
  { own, guests }: Projects,
  requestId: string,
): LocalReply {
  const { status } = ERRORS.no_route;
  const all = [...(own === null ? [] : [own]), ...guests];
  const asked = hostOf(head.authority);
  const isPage = fieldValue(head.headers, 'accept').includes('text/html');
  const text = `No project is running at ${asked}.`;
  const body = isPage
    ? renderPage(text, all, requestId)
    : `404 Not Found\n${text}\n${all.map(({ url }) => `${url}\n`).join('')}`;
  return buildOwnReply(status, isPage ? HTML : 'text/plain; charset=utf-8', body, requestId);
}

function renderPage(
  text: string,
  all: readonly { readonly name: string; readonly url: string }[],
  requestId: string,
): string {
  const rows = all.map(({ name, url }) => {
    return `<li><a href="${escapeHtml(url)}">${escapeHtml(url)}</a> ${escapeHtml(name)}</li>`;
  });
  const content = `<h1>${escapeHtml(text)}</h1><p>Running are:</p><ul>${rows.join('')}</ul>`;
  return page('No such project', content, requestId, '', '@media(prefers-color-scheme:dark){a{color:#8bf}}');
}
