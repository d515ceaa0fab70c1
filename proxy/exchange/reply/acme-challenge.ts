/** Answers the authority's http-01 requests (RFC 8555 §8.3) before the redirect and before the app. */

import { httpDate } from '../headers/response-headers.js';
import type { ConnectionFacts, Policy, RequestHead } from '../types.js';
import type { LocalReply } from './local-reply.js';

const FOLDER = '/.well-known/acme-challenge/';

/** The key authorization for a token that is being validated; null for every other request, which is the app's. */
export function answerChallenge(
  { method, path }: RequestHead,
  { tlsVersion }: ConnectionFacts,
  { live: { challenges } }: Policy,
): LocalReply | null {
  if (challenges.size === 0 || tlsVersion !== '' || !path.startsWith(FOLDER)) return null;
  if (method !== 'GET' && method !== 'HEAD') return null;
  const keyAuthorization = challenges.get(path.slice(FOLDER.length));
  if (keyAuthorization === undefined) return null;
  const headers = [
    'content-type',
    'application/octet-stream',
    'content-length',
    String(keyAuthorization.length),
  ];
  headers.push('cache-control', 'no-store', 'date', httpDate());
  return { status: 200, headers, body: keyAuthorization };
}
