/** Keys and certificates as PEM text with LF line ends. */
import type { KeyObject } from 'node:crypto';

/** A private key, PKCS#8, not encrypted. */
export function pemOfKey(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }).toString();
}

/** Each certificate of a text, as it stands there. */
export function certificatesIn(text: string): readonly string[] {
  return text.match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g) ?? [];
}
