/** How much of what was written to a client's socket the system has taken: finer than the callbacks of writes, which may be 256 KiB apart. */
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';

/**
 * Bytes, encrypted where the socket is, that left this process; null: this Node does not tell. Written with nothing waiting
 * they grow at once, else at the pace at which the client takes them.
 */
export function takenBytes(socket: Socket): number | null {
  const own = member(socket, '_handle');
  const handle = socket instanceof TLSSocket ? member(own, '_parent') : own;
  const written = member(handle, 'bytesWritten');
  const waiting = member(handle, 'writeQueueSize');
  return typeof written === 'number' && typeof waiting === 'number' ? written - waiting : null;
}

function member(of: unknown, name: string): unknown {
  return typeof of === 'object' && of !== null ? Reflect.get(of, name) : undefined;
}
