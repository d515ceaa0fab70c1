/** The head of an upstream request in the library engine. */
import type { Exchange } from '../exchange/exchange.js';
import { asList } from '../exchange/headers/outgoing-fields.js';
import {
  authorityFor,
  buildUpstreamHeaders,
  type UpstreamRequest,
} from '../exchange/headers/request-headers.js';
import type { Framing } from '../exchange/types.js';
import type { Route } from '../routing/route-table.js';
import type { Upstream } from '../routing/upstream.js';

/** Path and complete flat list for the upstream. */
export function buildUpstreamHead(
  exchange: Exchange,
  framing: { framing: Framing; contentLength: number },
  route: Route,
  upstream: Upstream,
): { path: string; headers: string[] } {
  const { head, policy } = exchange;
  const upstreamRequest: UpstreamRequest = {
    requestId: exchange.requestId,
    addedFields: exchange.addedFields,
    authority: authorityFor(head, policy, upstream.authority),
    ...framing,
    upgrade: '',
    // The engine has answered it: http-proxy-3 hides requests with Expect from its hooks.
    expectContinue: false,
    entry: exchange.entry,
  };
  const fields = buildUpstreamHeaders(head, exchange.facts, upstreamRequest, policy);
  const path = route.strip(head.path, fields);
  return { path, headers: asList(fields) };
}
