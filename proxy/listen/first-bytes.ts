/** Looks at the first bytes of a socket, which says what it is. */
import type { Socket } from 'node:net';

/**
 * Reads until `judge` knows what the bytes are, and calls back once with that and all that was read; whoever goes on with
 * the socket puts back what is not its own. A client that sends nothing in time, or goes away, is dropped without a call of that.
 * @param judge null: more bytes are needed
 */
export function readFirstBytes<Finding>(
  socket: Socket,
  timeoutMs: number,
  judge: (bytes: Buffer) => Finding | null,
  onFound: (found: Finding, bytes: Buffer) => void,
  onLate: () => void,
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
    const found = bytes.length === 0 ? null : judge(bytes);
    if (found === null) return;
    done();
    onFound(found, bytes);
  };
  const timer = setTimeout(() => {
    drop();
    onLate();
  }, timeoutMs);
  socket.on('readable', look);
  socket.once('close', done);
  socket.once('end', drop);
}

/** How long a client that was refused may take to read why. */
const LAST_WORD_MS = 1_000;

/** Closes a connection after so long, whatever the client does, unless it is closed by then. */
export function closeWithin(socket: Socket, ms: number): void {
  const timer = setTimeout(() => socket.destroy(), ms);
  timer.unref();
  socket.once('close', () => clearTimeout(timer));
}

/** Sends the last bytes of a connection and closes it within a moment, whatever the client does. */
export function endSoon(socket: Socket, lastWord: Uint8Array): void {
  closeWithin(socket, LAST_WORD_MS);
  // What still comes is read to nowhere: unread it would turn our end into a reset that overtakes the last bytes.
  socket.resume();
  socket.end(lastWord);
}
