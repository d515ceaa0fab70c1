/** Tells of a file of clients' authorities without a root whom it lets in. */
import { isWithoutRoot } from '../shared/config/client-authority.js';
import type { Note } from './notes.js';

/** @param authority what the file holds, PEM */
export function noteRootless(file: string, authority: string, notes: Note[]): void {
  if (!isWithoutRoot(authority)) return;
  notes.push({
    kind: 'warning',
    text:
      `the client authority ${file} holds no root (self-signed) certificate: ` +
      'clients of its intermediates are let in where they send a server name, and refused where they call an address',
    hint: `add the root that issued them to ${file} to let them in there too`,
  });
}
