/** What the log says of HTTP/2 clients that break rules or bounds, and of those that find fault with us. */
import { type EndingLimit, reportLimit } from '../../exchange/log/limit-reports.js';
import { NO_ERROR, nameOfErrorCode } from '../../wire/http2/codes.js';
import type { ConnectionFault } from '../../wire/http2/faults.js';
import type { Http2Server } from '../../wire/http2/server.js';
import type { ForwardingServices } from '../upstream-attempt.js';

/** The limit that a connection was ended by, by the codec's words. */
const LIMITS: Readonly<Partial<Record<ConnectionFault | '', EndingLimit>>> = {
  'stream reset flood': 'maxStreamResets',
  'overhead frame flood': 'maxControlFrames',
  'field block too long': 'maxHeaderBytes',
};

/** The codec has ended the connection for what the client did. */
export function noteEnd(services: ForwardingServices, client: string, wire: Http2Server): void {
  const { closeReason, errorCode, isUnused } = wire;
  // A spare connection of a browser has done nothing wrong.
  if (isUnused) return;
  const limit = LIMITS[closeReason];
  if (limit !== undefined) {
    services.counters.refusedByLimit += 1;
    reportLimit(services, limit, client);
    return;
  }
  services.notices.warn(
    `HTTP/2 ${closeReason}`,
    `an HTTP/2 connection of ${client} is ended with ${nameOfErrorCode(errorCode)}: ${closeReason}`,
  );
}

/** The client has said GOAWAY; an error code says that it finds fault with what it was sent. */
export function noteGoaway(services: ForwardingServices, client: string, errorCode: number): void {
  if (errorCode === NO_ERROR) return;
  const name = nameOfErrorCode(errorCode);
  services.notices.warn(
    `HTTP/2 GOAWAY ${name}`,
    `the HTTP/2 client ${client} ends its connection with ${name}`,
  );
}
