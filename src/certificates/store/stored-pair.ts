/** Reads back certificates and keys of our own store, which somebody may have damaged. */
import { createPrivateKey, X509Certificate } from 'node:crypto';

/** The certificate in a file of the store; undefined when it is damaged. */
export function parseCertificate(pem: Buffer): X509Certificate | undefined {
  try {
    return new X509Certificate(pem);
  } catch {
    return undefined;
  }
}

/** Whether the private key in a file of the store is that of the certificate; false when it is damaged too. */
export function fits(certificate: X509Certificate, keyPem: Buffer): boolean {
  try {
    return certificate.checkPrivateKey(createPrivateKey(keyPem));
  } catch {
    return false;
  }
}
