/** The socket of a connection to an upstream: dialled, with or without TLS, and read into one buffer. */
import { Socket } from 'node:net';
import type { Upstream } from '../../routing/upstream.js';
import type { Dial, Dialer } from '../dial.js';

/** One buffer for all connections of the process: each read is used up before the next one. */
const READ_BUFFER = Buffer.allocUnsafeSlow(256 * 1024);
let lastRead = READ_BUFFER;
/** Stands for the socket of a connection that is not made yet; nothing is read or written there. */
export const NO_SOCKET = new Socket();

/** Called back while a connection is made, and as it is read. */
export interface Http1SocketEvents {
  /** There is a socket; its TLS, if it has one, has just begun. */
  onSocket(socket: Socket): void;
  /** Requests may go out. */
  onConnected(): void;
  onDialFailed(error: unknown): void;
  /** What came; the view is valid during the call only. */
  onBytes(view: Buffer): void;
}

/** Dials an upstream for HTTP/1.1. */
export function openHttp1Socket(dialer: Dialer, upstream: Upstream, events: Http1SocketEvents): Dial {
  const onread = {
    buffer: READ_BUFFER,
    callback: (bytesRead: number): boolean => {
      // Answers are often as long as the one before, and a view costs 0.1 µs.
      if (lastRead.length !== bytesRead) lastRead = READ_BUFFER.subarray(0, bytesRead);
      events.onBytes(lastRead);
      return true;
    },
  };
  const onFailed = (error: unknown): void => events.onDialFailed(error);
  if (!upstream.row.tls) {
    const onConnected = (socket: Socket): void => {
      events.onSocket(socket);
      events.onConnected();
    };
    return dialer.open(upstream, { onConnected, onFailed }, onread);
  }
  const onConnected = (socket: Socket): void => {
    events.onSocket(socket);
    socket.once('secureConnect', () => events.onConnected());
  };
  return dialer.openTls(upstream, ['http/1.1'], { onConnected, onFailed }, onread);
}
