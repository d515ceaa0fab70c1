/** The public roots that every client is taken to know, looked up by the name of an issuer. */
import { X509Certificate } from 'node:crypto';
import { rootCertificates } from 'node:tls';
import { type Certificate, type CertificateFields, readFields, verifies } from '../formats/certificate.js';

/** A set of roots. */
export interface RootStore {
  /** The root that signed the certificate, under its own name and with its own key. */
  issuerOf(certificate: Certificate): X509Certificate | undefined;
}

/** A root store of the given PEM certificates; they are read at the first look-up. */
export function rootStore(pems: readonly string[]): RootStore {
  let index: Map<string, { fields: CertificateFields; der: Buffer }[]> | undefined;
  return {
    issuerOf(certificate) {
      index ??= indexRoots(pems);
      for (const { fields, der } of index.get(certificate.issuer.toString('latin1')) ?? []) {
        if (!keyIdsAgree(certificate, fields)) continue;
        const root = new X509Certificate(der);
        if (verifies(certificate.x509, root)) return root;
      }
      return undefined;
    },
  };
}

/** No roots at all. */
export const NO_ROOTS: RootStore = { issuerOf: () => undefined };

/** Mozilla's list as it comes with Node. */
export const PUBLIC_ROOTS: RootStore = rootStore(rootCertificates);

/** The identifiers of RFC 5280 §4.2.1.1 and §4.2.1.2 contradict an issuer only where both exist and differ. */
export function keyIdsAgree(certificate: CertificateFields, issuer: CertificateFields): boolean {
  const { authorityKeyId } = certificate;
  const { subjectKeyId } = issuer;
  return authorityKeyId === undefined || subjectKeyId === undefined || authorityKeyId === subjectKeyId;
}

function indexRoots(pems: readonly string[]): Map<string, { fields: CertificateFields; der: Buffer }[]> {
  const index = new Map<string, { fields: CertificateFields; der: Buffer }[]>();
  for (const pem of pems) {
    const der = Buffer.from(pem.replaceAll(/-----[^-]+-----|\s+/g, ''), 'base64');
    const fields = readFields(der);
    if (fields === undefined) continue;
    const name = fields.subject.toString('latin1');
    const known = index.get(name);
    if (known === undefined) index.set(name, [{ fields, der }]);
    else known.push({ fields, der });
  }
  return index;
}
