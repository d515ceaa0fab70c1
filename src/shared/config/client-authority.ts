/** Reads of the authorities of client certificates what master and routers both have to know. */
import { X509Certificate } from 'node:crypto';

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g;

/** Whether the PEM holds intermediates alone: chains of clients then end in one of them, in no root. */
export function isWithoutRoot(authority: string): boolean {
  return !(authority.match(CERTIFICATE) ?? []).some((pem) => {
    const { subject, issuer } = new X509Certificate(pem);
    return subject === issuer;
  });
}
