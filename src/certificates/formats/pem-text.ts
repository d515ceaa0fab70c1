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

/** A certificate from its DER. */
export function pemOfCertificate(certificate: Buffer): string {
  return pemOfBytes('CERTIFICATE', certificate);
}

/** A block of a label: base64 in lines of 64 characters (RFC 7468 §2). */
export function pemOfBytes(label: string, content: Buffer): string {
  const lines = content.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}
