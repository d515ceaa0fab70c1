/** The opening handshake of WebSocket between a client and an app (RFC 6455 §4): which answers of the app open it. */
import { createHash } from 'node:crypto';
import { fieldValue } from '../../wire/syntax/field-list.js';

/** RFC 6455 §1.3. */
const ACCEPT_GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

/** Sec-WebSocket-Accept for a key. */
export function acceptOf(key: string): string {
  return createHash('sha1')
    .update(key + ACCEPT_GUID)
    .digest('base64');
}

/**
 * Whether a 101 with these fields answers the request with those: by its key, as a client checks it (RFC 6455 §4.1). What
 * answers another key comes from a server that does not know what it says, and its bytes are no messages. A client without
 * a key checks nothing.
 */
export function isHandshakeAnswer(request: readonly string[], response: readonly string[]): boolean {
  if (fieldValue(response, 'upgrade').toLowerCase() !== 'websocket') return false;
  const key = fieldValue(request, 'sec-websocket-key');
  return key === '' || fieldValue(response, 'sec-websocket-accept') === acceptOf(key);
}
