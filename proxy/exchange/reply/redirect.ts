/** The answer of a `--http-to-https` listener: 308 to the same host, path and query on HTTPS. */

import { hostOf } from '../../wire/syntax/field-list.js';
import { httpDate } from '../headers/response-headers.js';
import type { RequestHead } from '../types.js';
import type { OwnResponse } from './error-response.js';

/** @param httpsPort port to name in the redirect; 443 is left out. */
export function buildRedirect(head: RequestHead, httpsPort: number): OwnResponse {
  const port = httpsPort === 443 ? '' : `:${httpsPort}`;
  const path = head.path === '*' ? '/' : head.path;
  const headers = ['location', `https://${hostOf(head.authority)}${port}${path}`, 'content-length', '0'];
  headers.push('date', httpDate());
  return { status: 308, headers, body: '' };
}
