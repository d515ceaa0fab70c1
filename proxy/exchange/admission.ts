/** What is decided about a request before it goes anywhere: the front's own answer, or its route. */
import type { ErrorCode } from '../../src/shared/errors.js';
import type { Route } from '../routing/route-table.js';
import type { Upstreams } from '../routing/upstreams.js';
import { answerItself } from './answer-itself.js';
import type { Exchange } from './exchange.js';
import { buildErrorResponse, type OwnResponse } from './reply/error-response.js';

/**
 * The route of a request that may be forwarded, or the answer to one that may not.
 * @param contentLength announced body bytes; -1 when not known
 */
export function admit(
  exchange: Exchange,
  role: 'serve' | 'redirect',
  contentLength: number,
  upstreams: Upstreams,
): Route | OwnResponse {
  const own = answerItself(exchange, role);
  if (own !== null) return own;
  const { maxBodyBytes } = exchange.services.policy.config.limits;
  if (maxBodyBytes > 0 && contentLength > maxBodyBytes) return refuse(exchange, 'request_too_large');
  return upstreams.find(exchange.head) ?? refuse(exchange, 'no_route');
}

function refuse(exchange: Exchange, code: ErrorCode): OwnResponse {
  exchange.failed(code);
  return buildErrorResponse(code, exchange.head, exchange.requestId);
}
