/** A certificate that a listener can serve, and what is to be said of it. */
import type { LoadedCertificate } from '../certificates/chain/load.js';
import { FINDINGS, positionText } from '../certificates/findings.js';
import type { Certificate } from '../certificates/formats/certificate.js';
import type { CertificateMaterial } from '../shared/messages/router-messages.js';
import type { Note } from './notes.js';
import { validityText } from './validity.js';

/** Read from files; sound, or mended in memory. */
export interface Servable {
  readonly material: CertificateMaterial;
  readonly leaf: Certificate;
}

/** Its end, what was mended, and what some clients will hold against it, go into the notes. */
export function toServable(loaded: LoadedCertificate, file: string, notes: Note[]): Servable {
  const { findings, chainPem, keyPem, names, notAfter, leaf } = loaded;
  notes.push({ kind: 'line', text: `${validityText(leaf.label, notAfter.getTime())}: ${file}` });
  for (const { code, severity, message, position, fix } of findings) {
    if (severity === 'note' && code !== 'expires_soon') continue;
    const isMended = FINDINGS[code].atStart === 'mend';
    const where = positionText(position) || file;
    const text = message.startsWith(position?.file ?? file) ? message : `${where}: ${message}`;
    if (isMended) notes.push({ kind: 'warning', text: `${text} (mended in memory)` });
    else notes.push({ kind: 'warning', text, hint: fix });
  }
  return { material: { chainPem, keyPem, names, file }, leaf };
}
