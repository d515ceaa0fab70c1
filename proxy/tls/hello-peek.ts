/** Looks at what a client sends first: a ClientHello, or plain HTTP that came to the wrong port; the bytes are put back for whoever goes on. */
import type { Socket } from 'node:net';
import { readFirstBytes } from '../listen/first-bytes.js';
import { type ClientHello, MAX_HELLO_BYTES, readClientHello } from './client-hello.js';

/** `plain`: a request in plain HTTP; `late`: nothing in time, the connection is gone; null: neither that nor a ClientHello that can be read. */
export type FirstWords = ClientHello | 'plain' | 'late' | null;

/**
 * Calls back once. A client that goes away is dropped without a call.
 * @param isWhole read the ClientHello to its end; otherwise what begins as TLS is null
 */
export function peekClientHello(
  socket: Socket,
  timeoutMs: number,
  isWhole: boolean,
  onWords: (words: FirstWords) => void,
): void {
  const judge = (bytes: Buffer): { words: FirstWords } | null => {
    if (isMethodLetter(bytes[0] ?? 0)) return { words: 'plain' };
    if (!isWhole) return { words: null };
    const hello = readClientHello(bytes);
    if (hello === 'more' && bytes.length <= MAX_HELLO_BYTES) return null;
    return { words: typeof hello === 'string' ? null : hello };
  };
  const onFound = ({ words }: { words: FirstWords }, bytes: Buffer): void => {
    socket.unshift(bytes);
    onWords(words);
  };
  readFirstBytes(socket, timeoutMs, judge, onFound, () => onWords('late'));
}

/** A capital letter: methods begin with one, and TLS records, whose type is the first byte (RFC 8446 §5.1), never do. */
function isMethodLetter(byte: number): boolean {
  return byte >= 0x41 && byte <= 0x5a;
}
