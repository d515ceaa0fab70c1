/** A response of the front's own, sent so that it reaches a client that is still sending its request. */
import type { LocalReply } from '../exchange/reply/local-reply.js';
import type { LibraryRequest } from './read-head.js';
import { discardRest, isWhole, stopUpload } from './request-body.js';
import { type LibraryResponse, writeHead } from './response-relay.js';

/** Refusals of what was not understood: whatever follows on the connection is not either. */
const LOST_STATUSES: readonly number[] = [400, 431, 501, 505];

/**
 * Sends it.
 * @param body what the client gets of `own.body`
 * @param lingers false: nothing more of the request can be read
 * @returns true when it is the last of an HTTP/1.1 connection
 */
export function sendLocalReply(
  request: LibraryRequest,
  response: LibraryResponse,
  own: LocalReply,
  body: string | Buffer,
  lingers: boolean,
): boolean {
  const isHttp1 = response.stream === undefined;
  const whole = isWhole(request);
  const isLast = isHttp1 && (!whole || LOST_STATUSES.includes(own.status));
  if (isLast) own.headers.push('connection', 'close');
  writeHead(response, own.status, own.headers);
  if (whole || !lingers || !isHttp1) {
    response.end(body);
    stopUpload(request);
    return isLast;
  }
  // Closing under a client that still sends would take the answer away from it.
  if (body === '') response.flushHeaders();
  else response.write(body);
  discardRest(request, () => response.end());
  return isLast;
}
