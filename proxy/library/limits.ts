/** Which limits the outcomes of this engine stand for, and how they are told of. */
import type { Limits } from '../../src/shared/config/limits.js';
import type { ErrorCode } from '../../src/shared/errors.js';
import type { Exchange } from '../exchange/exchange.js';
import { type EndingLimit, reportLimit } from '../exchange/log/limit-reports.js';
import { flatten, type LibraryRequest } from './read-head.js';

/** The limit that a code stands for where nobody says another. */
const LIMITS: Readonly<Partial<Record<ErrorCode, EndingLimit>>> = {
  header_too_large: 'maxHeaderBytes',
  request_timeout: 'clientBodyTimeoutMs',
  request_too_large: 'maxBodyBytes',
  overloaded: 'maxUpstreamQueue',
  upstream_connect_timeout: 'connectTimeoutMs',
  upstream_timeout: 'upstreamHeadTimeoutMs',
};

/** Those that are met by the app; clients meet the others. */
const OF_APPS: ReadonlySet<EndingLimit> = new Set<EndingLimit>([
  'connectTimeoutMs',
  'maxUpstreamConnections',
  'maxUpstreamQueue',
  'tunnelIdleTimeoutMs',
  'upstreamHeadTimeoutMs',
  'upstreamIdleTimeoutMs',
]);

/** The limit behind a code; null: none. */
export function limitOf(code: ErrorCode): EndingLimit | null {
  return LIMITS[code] ?? null;
}

/** Tells of it in the name of the client, or of the app. @param upstream its name; empty: none was chosen */
export function tellLimit(exchange: Exchange, limit: EndingLimit, upstream: string): void {
  if (OF_APPS.has(limit)) reportLimit(exchange.services, limit, `the app at ${upstream}`);
  else exchange.reachedLimit(limit);
}

/** What RFC 9113 §6.5.2 counts for each field beside its bytes. */
const FIELD_BYTES = 32;

/** The limit that a request's head does not keep; null: it keeps both. (Of HTTP/1.1 node:http counts the bytes.) */
export function exceededBy(request: LibraryRequest, limits: Limits): EndingLimit | null {
  const fields = flatten(request.rawHeaders);
  if (fields.length > 2 * limits.maxHeaderCount) return 'maxHeaderCount';
  if (request.stream === undefined) return null;
  let bytes = (fields.length / 2) * FIELD_BYTES;
  for (const text of fields) bytes += text.length;
  return bytes > limits.maxHeaderBytes ? 'maxHeaderBytes' : null;
}
