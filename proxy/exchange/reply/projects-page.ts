/** The answer to a name that no project has: which ones are running. */
import { ERRORS } from '../../../src/shared/errors.js';
import type { Projects } from '../../../src/shared/projects.js';
import { fieldValue, hostOf } from '../../wire/syntax/field-list.js';
import { httpDate } from '../headers/response-headers.js';
import type { RequestHead } from '../types.js';
import { escapeHtml, type LocalReply } from './local-reply.js';

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
  const type = isPage ? 'text/html; charset=utf-8' : 'text/plain; charset=utf-8';
  const headers = ['content-type', type, 'content-length', String(Buffer.byteLength(body))];
  headers.push('cache-control', 'no-store', 'date', httpDate());
  if (requestId !== '') headers.push('x-request-id', requestId);
  return { status, headers, body };
}

function renderPage(
  text: string,
  all: readonly { readonly name: string; readonly url: string }[],
  requestId: string,
): string {
  const rows = all.map(({ name, url }) => {
    return `<li><a href="${escapeHtml(url)}">${escapeHtml(url)}</a> ${escapeHtml(name)}</li>`;
  });
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>No such project</title>
<style>body{font:16px/1.5 system-ui,sans-serif;max-width:34em;margin:15vh auto;padding:0 1em;color:#222;background:#fff}
h1{font-size:1.4em}small{color:#777}@media(prefers-color-scheme:dark){body{color:#ddd;background:#181818}a{color:#8bf}}</style></head>
<body><h1>${escapeHtml(text)}</h1><p>Running are:</p><ul>${rows.join('')}</ul><small>${escapeHtml(requestId)}</small></body></html>
`;
}
