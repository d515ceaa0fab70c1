/** Redirects (308) to the same host, path and query on HTTPS: of a `--http-to-https` listener, and of a TLS port that was asked in plain HTTP. */

import { hostOf } from '../../wire/syntax/field-list.js';
import { httpDate } from '../headers/response-headers.js';
import type { RequestHead } from '../types.js';
import type { LocalReply } from './local-reply.js';

/** @param httpsPort port to name in the redirect; 443 is left out. */
export function buildRedirect(head: RequestHead, httpsPort: number): LocalReply {
  const port = httpsPort === 443 ? '' : `:${httpsPort}`;
  const path = head.path === '*' ? '/' : head.path;
  const headers = ['location', `https://${hostOf(head.authority)}${port}${path}`, 'content-length', '0'];
  headers.push('date', httpDate());
  return { status: 308, headers, body: '' };
}

/** For plain HTTP that came to a TLS port: the same host and port, path and query, on HTTPS. */
export function buildRedirectToTls({ authority, path }: RequestHead): LocalReply {
  const headers = ['location', `https://${authority}${path === '*' ? '/' : path}`, 'content-length', '0'];
  headers.push('date', httpDate());
  return { status: 308, headers, body: '' };
}
