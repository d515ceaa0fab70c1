/** The development authority as trust stores know it. */
import { X509Certificate } from 'node:crypto';
import type { AuthorityRef } from './trust-store.js';

/** @param file where its certificate lies; @param pem what is in it */
export function referTo(file: string, pem: string): AuthorityRef {
  const { fingerprint, fingerprint256 } = new X509Certificate(pem);
  return {
    file,
    pem,
    sha1: fingerprint.replaceAll(':', '').toLowerCase(),
    nickname: `tlsfront-${fingerprint256.replaceAll(':', '').slice(0, 16).toLowerCase()}`,
  };
}

/** The letters of a PEM certificate, or of many, however their lines are cut. */
export function bodyOf(pem: string): string {
  return pem.replaceAll(/-----[^-]+-----|\s+/g, '');
}
