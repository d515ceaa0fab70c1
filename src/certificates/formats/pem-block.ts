/** The blocks that every kind of file is read into. */
import type { Finding, Position } from '../findings.js';

/** What a block holds, by its label. */
export type BlockKind = 'certificate' | 'key' | 'request' | 'public_key' | 'pkcs7' | 'other';

/** One block. */
export interface PemBlock {
  readonly kind: BlockKind;
  /** The words after BEGIN. */
  readonly label: string;
  /** Decoded content, cut to the first DER value. */
  readonly der: Buffer;
  /** The block with clean borders and 64-column lines, headers (RFC 1421 §4.6) kept. */
  readonly pem: string;
  readonly encrypted: boolean;
  readonly position: Position;
}

/** What a file held. */
export interface PemFile {
  readonly file: string;
  readonly blocks: readonly PemBlock[];
  readonly findings: readonly Finding[];
}

/** A block of this label; `headers` stand before the base64 text. */
export function pemOf(label: string, base64: string, headers = ''): string {
  const head = headers === '' ? '' : `${headers}\n\n`;
  const lines = (base64.match(/.{1,64}/g) ?? []).join('\n');
  return `-----BEGIN ${label}-----\n${head}${lines}\n-----END ${label}-----\n`;
}
