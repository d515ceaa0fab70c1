/** Answers the path of `--health-answer`: that the front is there, whatever the app does. */
import type { Config } from '../../../src/shared/config/config.js';
import { httpDate } from '../headers/response-headers.js';
import type { RequestHead } from '../types.js';
import type { LocalReply } from './local-reply.js';

const BODY = 'ok\n';

/** null: the request is for something else. */
export function answerHealth(
  { method, path }: RequestHead,
  { healthAnswer }: Pick<Config, 'healthAnswer'>,
): LocalReply | null {
  if (healthAnswer === null || (method !== 'GET' && method !== 'HEAD')) return null;
  if (!path.startsWith(healthAnswer)) return null;
  // Balancers add a query against caches.
  if (path.length > healthAnswer.length && path[healthAnswer.length] !== '?') return null;
  const headers = ['content-type', 'text/plain; charset=utf-8', 'content-length', String(BODY.length)];
  headers.push('cache-control', 'no-store', 'date', httpDate());
  return { status: 200, headers, body: BODY };
}
