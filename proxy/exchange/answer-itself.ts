/** The requests that the front answers without asking an upstream. */

import { admitRequest } from './admit.js';
import type { Exchange } from './exchange.js';
import { isLooping } from './loop-guard.js';
import { answerChallenge } from './reply/acme-challenge.js';
import { buildErrorResponse, type OwnResponse } from './reply/error-response.js';
import { buildRedirect } from './reply/redirect.js';

/** The front's own response to a request, or null when it goes upstream. */
export function answerItself(exchange: Exchange, role: 'serve' | 'redirect'): OwnResponse | null {
  const { head, facts, services, requestId } = exchange;
  // Also for names that let in clients with a certificate alone: the authority has none.
  const challenge = answerChallenge(head, facts, services.policy);
  if (challenge !== null) return challenge;
  const refusal =
    admitRequest(head, facts, services.policy) ??
    (isLooping(head.headers, services.policy.loopMarker) ? 'loop_detected' : null);
  if (refusal !== null) {
    exchange.failed(refusal);
    return buildErrorResponse(refusal, head, requestId);
  }
  if (role === 'serve') return null;
  if (head.authority === '') {
    exchange.failed('host_invalid');
    return buildErrorResponse('host_invalid', head, requestId);
  }
  return buildRedirect(head, services.policy.httpsPort);
}

/** Methods that change nothing at the app (RFC 9110 §9.2.1): these may wait for it and be sent again. */
export function isSafeMethod(method: string): boolean {
  return method === 'GET' || method === 'HEAD' || method === 'OPTIONS';
}

/** Methods that may be repeated without asking (RFC 9110 §9.2.2). */
export function isIdempotentMethod(method: string): boolean {
  return isSafeMethod(method) || method === 'PUT' || method === 'DELETE';
}
