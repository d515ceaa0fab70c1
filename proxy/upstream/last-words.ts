/** Lets a socket whose write failed be read to its end: an app that answers early and closes on the unread request resets the connection behind its answer. */
import type { Socket } from 'node:net';
import { systemCode } from '../../src/shared/system-error.js';

/** What is heard of a socket whose last words are read. */
export interface LastWordsEvents {
  /** A write has failed. Returns whether what was received is worth reading; if so, `onOver` follows unless the socket is destroyed before. */
  onWriteFailed(): boolean;
  /** Nothing more comes. */
  onOver(error: Error): void;
}

/** An app that has reset its connection has nothing to say later. */
const LAST_WORDS_MS = 2000;

/**
 * node:net destroys a socket as soon as a write fails, with all that the system has received and nobody has read yet; the
 * system itself still gives that out after a reset.
 */
export function readLastWords(socket: Socket, events: LastWordsEvents): void {
  const destroy = socket.destroy.bind(socket);
  const push = socket.push.bind(socket);
  let failure: Error | null = null;
  socket.destroy = (error?: Error): Socket => {
    if (error === undefined || !isFailedWrite(error)) return destroy(error);
    // Of the pieces of one request several may fail.
    if (failure !== null) return socket;
    if (!events.onWriteFailed()) return destroy(error);
    failure = error;
    setTimeout(() => events.onOver(error), LAST_WORDS_MS).unref();
    return socket;
  };
  // A stream that has failed tells no end.
  socket.push = (chunk: unknown, encoding?: BufferEncoding): boolean => {
    if (chunk === null && failure !== null) events.onOver(failure);
    return push(chunk, encoding);
  };
}

function isFailedWrite(error: Error): boolean {
  const code = systemCode(error);
  return (code === 'EPIPE' || code === 'ECONNRESET') && 'syscall' in error && error.syscall === 'write';
}
