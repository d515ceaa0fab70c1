/** An app's response that names a file, in the library engine: what of it goes to the client, and the end of what does not. */
import type { IncomingMessage } from 'node:http';
import { MAX_DROPPED_BYTES } from '../upstream/files/named-answer.js';
import { fieldsBeside, hasPlace, type NameInResponse, nameIn } from '../upstream/files/named-files.js';
import { flatten } from './read-head.js';

/** What a response says where its app may name files. */
export interface NamedResponse {
  readonly status: number;
  /** Flat; where no file comes, those for the client. */
  readonly headers: readonly string[];
  /** null: the response itself goes to the client. */
  readonly name: NameInResponse | null;
}

/** Looks whether a response names a file, and has a place for it. */
export function readNamed({ rawHeaders, statusCode = 0 }: IncomingMessage): NamedResponse {
  const headers = flatten(rawHeaders);
  const name = nameIn(headers);
  if (name === null || hasPlace({ status: statusCode })) return { status: statusCode, headers, name };
  return { status: statusCode, headers: fieldsBeside(headers, false), name: null };
}

/**
 * Reads what the app sends beside the name to nowhere.
 * @param idleMs how long it may be silent
 * @param done called once; whether it was read to its end
 */
export function dropBody(response: IncomingMessage, idleMs: number, done: (isRead: boolean) => void): void {
  let bytes = 0;
  let isOver = false;
  const finish = (isRead: boolean): void => {
    if (isOver) return;
    isOver = true;
    clearTimeout(timer);
    done(isRead);
  };
  const timer = setTimeout(() => finish(false), idleMs);
  response.on('data', (piece: Buffer) => {
    bytes += piece.length;
    timer.refresh();
    if (bytes > MAX_DROPPED_BYTES) finish(false);
  });
  response.on('end', () => finish(response.complete));
  response.on('error', () => finish(false));
  response.on('close', () => finish(false));
}
