/** What users of orders do in tests that are about given names alone. */
import type { CertificateUser } from '../../src/shared/config/acme.js';

/** Nobody asks for other names. */
export const NO_OTHER_NAMES: Pick<CertificateUser, 'leafChanged' | 'askApp'> = {
  leafChanged: () => undefined,
  askApp: () => Promise.resolve(null),
};
