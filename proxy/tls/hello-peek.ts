/** Looks at the ClientHello of a socket and puts the bytes back for the TLS server that is chosen by it. */
import type { Socket } from 'node:net';
import { type ClientHello, LONGEST_HELLO_BYTES, readClientHello } from './client-hello.js';

/**
 * Calls back once with the ClientHello, or with null when there is none to be read. A client that sends nothing in
 * time, or goes away, is dropped without a call.
 */
export function peekClientHello(
  socket: Socket,
  timeoutMs: number,
  onHello: (hello: ClientHello | null) => void,
): void {
  let bytes: Buffer = Buffer.alloc(0);
  const done = (): void => {
    clearTimeout(timer);
    socket.off('readable', look);
    socket.off('close', done);
    socket.off('end', drop);
  };
  const drop = (): void => {
    done();
    socket.destroy();
  };
  const look = (): void => {
    for (let chunk: unknown = socket.read(); chunk !== null; chunk = socket.read()) {
      if (Buffer.isBuffer(chunk)) bytes = bytes.length === 0 ? chunk : Buffer.concat([bytes, chunk]);
    }
    const hello = readClientHello(bytes);
    if (hello === 'more' && bytes.length <= LONGEST_HELLO_BYTES) return;
    done();
    socket.unshift(bytes);
    onHello(typeof hello === 'string' ? null : hello);
  };
  const timer = setTimeout(drop, timeoutMs);
  socket.on('readable', look);
  socket.once('close', done);
  socket.once('end', drop);
}
