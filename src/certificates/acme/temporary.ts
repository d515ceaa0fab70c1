/** What is shown for names that have no certificate yet: no client trusts it, so none takes it for the real one. */
import type { CertificateMaterial } from '../../shared/messages/router-messages.js';
import { issueCertificate } from '../development/x509-issuer.js';

const HOUR_MS = 3_600_000;
const LIFE_MS = 365 * 24 * HOUR_MS;

/** A self-signed certificate for the names, of no authority and kept nowhere. */
export async function temporaryCertificate(
  names: readonly string[],
  nowMs: number,
): Promise<CertificateMaterial> {
  const { certPem, keyPem } = await issueCertificate({
    organization: 'tlsfront temporary certificate',
    names,
    notBefore: new Date(nowMs - HOUR_MS),
    notAfter: new Date(nowMs + LIFE_MS),
    purposes: ['server'],
  });
  return { chainPem: certPem, keyPem, names };
}
