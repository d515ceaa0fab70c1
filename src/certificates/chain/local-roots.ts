/** The roots that this machine's own programs trust, from the one file that each Linux and BSD keeps of them. */
import { readFileSync } from 'node:fs';
import { certificatesIn } from '../formats/pem-text.js';
import { NO_ROOTS, type RootStore, rootStore } from './roots.js';

const FILES = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/ca-bundle.pem',
  '/etc/ssl/cert.pem',
];

/** The system's roots; none where they are not kept in a file (macOS, Windows). */
export function readLocalRoots(files: readonly string[] = FILES): RootStore {
  for (const file of files) {
    try {
      const text = readFileSync(file, 'latin1');
      return rootStore(certificatesIn(text));
    } catch {
      // Another distribution keeps them elsewhere.
    }
  }
  return NO_ROOTS;
}
