/** The heads of an exchange as they go on: the request's to the app, the response's to the client. */
import type { Exchange } from '../exchange/exchange.js';
import { putReplyFields } from '../exchange/headers/added-reply-fields.js';
import { asOwn, type OutgoingFields } from '../exchange/headers/outgoing-fields.js';
import {
  authorityFor,
  buildUpstreamHeaders,
  type UpstreamRequest,
} from '../exchange/headers/request-headers.js';
import { buildDownstreamHeaders } from '../exchange/headers/response-headers.js';
import type { Route } from '../routing/route-table.js';
import { stickyCookie, stickyKeys } from '../routing/sticky.js';
import type { Upstream } from '../routing/upstream.js';
import type { Lease, UpstreamResponse } from '../upstream/transport.js';
import type { DownstreamRequest } from './downstream.js';

/**
 * Writes the request's head to a leased connection.
 * @param bufferedBytes length of a body that is whole already; -1: it comes as the client sends it
 */
export function sendRequestHead(
  lease: Lease,
  exchange: Exchange,
  request: DownstreamRequest,
  route: Route,
  bufferedBytes: number,
): void {
  const { head, facts, policy } = exchange;
  const { upstream } = lease;
  const isBuffered = bufferedBytes !== -1;
  const contentLength = isBuffered ? bufferedBytes : request.contentLength;
  const framing = !request.hasBody ? 'none' : contentLength === -1 ? 'unknown' : 'length';
  const upstreamRequest: UpstreamRequest = {
    requestId: exchange.requestId,
    addedFields: exchange.addedFields,
    authority: authorityFor(head, policy, upstream.authority),
    framing,
    contentLength,
    upgrade: request.upgrade,
    // Where the app never says 100 (Continue), who has asked for it was told.
    expectContinue: request.expectContinue && !isBuffered && upstream.row.says100,
    entry: exchange.entry,
  };
  const fields = buildUpstreamHeaders(head, facts, upstreamRequest, policy);
  lease.sendHead(exchange, route.strip(head.path, fields), fields, framing);
}

/** The fields of an upstream's response for the client, without framing. */
export function relayFields(
  { headers, memo }: UpstreamResponse,
  { head, facts, policy, requestId, replyFields }: Exchange,
  route: Route,
  upstream: Upstream,
): OutgoingFields {
  const { authority } = upstream;
  const { strippedPrefix } = route;
  const fields = buildDownstreamHeaders(
    headers,
    head,
    facts,
    policy,
    memo,
    authority,
    strippedPrefix,
    requestId,
  );
  if (replyFields === null) return fields;
  const all = asOwn(fields);
  putReplyFields(all.own, replyFields);
  return all;
}

/** Keeps a client at its upstream where there are others. */
export function addSticky(
  { own }: OutgoingFields,
  exchange: Exchange,
  route: Route,
  upstream: Upstream,
): void {
  const { head, facts } = exchange;
  if (route.upstreams.length < 2 || stickyKeys(head).includes(upstream.key)) return;
  own.push('set-cookie', stickyCookie(upstream.key, route.prefix, facts.tlsVersion !== ''));
}
