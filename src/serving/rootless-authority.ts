/** Warns of a file of clients' authorities that lets nobody in. */
import { isWithoutRoot } from '../certificates/chain/client-authority.js';
import type { Note } from './notes.js';

/** @param authority what the file holds, PEM */
export function noteRootless(file: string, authority: string, notes: Note[]): void {
  if (!isWithoutRoot(authority)) return;
  notes.push({
    kind: 'warning',
    text: `the client authority ${file} holds no root (self-signed) certificate: every client certificate is refused`,
    hint: `add the root that issued it to ${file}`,
  });
}
