/** What ends a connection (RFC 9113 §5.4.1): each fault in the fixed words that reach the log, with its error code. */
import {
  COMPRESSION_ERROR,
  ENHANCE_YOUR_CALM,
  FLOW_CONTROL_ERROR,
  FRAME_SIZE_ERROR,
  NO_ERROR,
  PROTOCOL_ERROR,
  SETTINGS_TIMEOUT,
  STREAM_CLOSED,
} from './codes.js';

/** Fault → error code. */
export const CONNECTION_FAULTS = {
  'no connection preface': PROTOCOL_ERROR,
  'first frame is not SETTINGS': PROTOCOL_ERROR,
  'frame too long': FRAME_SIZE_ERROR,
  'padding longer than its frame': PROTOCOL_ERROR,
  'frame on an idle stream': PROTOCOL_ERROR,
  'connection frame on a stream': PROTOCOL_ERROR,
  'frame not completed in time': PROTOCOL_ERROR,

  'HEADERS too short': FRAME_SIZE_ERROR,
  'HEADERS on a stream that no client opens': PROTOCOL_ERROR,
  'HEADERS on a closed stream': STREAM_CLOSED,
  'HEADERS on a skipped stream': PROTOCOL_ERROR,
  'field block interrupted': PROTOCOL_ERROR,
  'field block does not decode': COMPRESSION_ERROR,
  'field block too long': ENHANCE_YOUR_CALM,
  'CONTINUATION out of place': PROTOCOL_ERROR,
  'CONTINUATION flood': ENHANCE_YOUR_CALM,

  'DATA on an idle stream': PROTOCOL_ERROR,
  'DATA on a closed stream': STREAM_CLOSED,
  'connection window overrun': FLOW_CONTROL_ERROR,

  'SETTINGS of a wrong length': FRAME_SIZE_ERROR,
  'SETTINGS acknowledgement with a payload': FRAME_SIZE_ERROR,
  'SETTINGS too long': ENHANCE_YOUR_CALM,
  'SETTINGS not acknowledged': SETTINGS_TIMEOUT,
  'SETTINGS_INITIAL_WINDOW_SIZE out of range': FLOW_CONTROL_ERROR,
  'SETTINGS_MAX_FRAME_SIZE out of range': PROTOCOL_ERROR,
  'SETTINGS_ENABLE_PUSH out of range': PROTOCOL_ERROR,
  'SETTINGS_ENABLE_CONNECT_PROTOCOL out of range': PROTOCOL_ERROR,
  'SETTINGS_NO_RFC7540_PRIORITIES out of range': PROTOCOL_ERROR,
  'SETTINGS_NO_RFC7540_PRIORITIES changed': PROTOCOL_ERROR,

  'WINDOW_UPDATE of a wrong length': FRAME_SIZE_ERROR,
  'WINDOW_UPDATE of 0': PROTOCOL_ERROR,
  'connection window overflow': FLOW_CONTROL_ERROR,
  'stream window overflow by SETTINGS': FLOW_CONTROL_ERROR,

  'RST_STREAM of a wrong length': FRAME_SIZE_ERROR,
  'PING of a wrong length': FRAME_SIZE_ERROR,
  'GOAWAY of a wrong length': FRAME_SIZE_ERROR,
  'PUSH_PROMISE from a client': PROTOCOL_ERROR,
  'PRIORITY on the connection': PROTOCOL_ERROR,
  'PRIORITY of a wrong length': FRAME_SIZE_ERROR,
  'PRIORITY on itself': PROTOCOL_ERROR,
  'PRIORITY_UPDATE too short': FRAME_SIZE_ERROR,
  'PRIORITY_UPDATE for no request': PROTOCOL_ERROR,
  'PRIORITY_UPDATE for too many idle streams': PROTOCOL_ERROR,

  'stream reset flood': ENHANCE_YOUR_CALM,
  'ping flood': ENHANCE_YOUR_CALM,
  'settings flood': ENHANCE_YOUR_CALM,
  'empty data flood': ENHANCE_YOUR_CALM,
  'overhead frame flood': ENHANCE_YOUR_CALM,
  'unread control frames': ENHANCE_YOUR_CALM,
  'unread output': ENHANCE_YOUR_CALM,
} as const satisfies Record<string, number>;

/** A rule that a peer broke, in the words for the log. */
export type ConnectionFault = keyof typeof CONNECTION_FAULTS;

/** RFC 9113 §7: what GOAWAY says of a fault. */
export function errorCodeOf(fault: ConnectionFault | null): number {
  return fault === null ? NO_ERROR : CONNECTION_FAULTS[fault];
}

/** Thrown inside the codec only: `next()` turns it into GOAWAY and CLOSED. */
export class Http2ConnectionError extends Error {
  constructor(readonly fault: ConnectionFault) {
    super(fault);
    this.name = 'Http2ConnectionError';
  }
}
