/** Which listeners serve the development certificate: their clients are people at work on the app. */
import type { HttpsListener } from './listeners.js';

/** Whether it has no certificate of anybody's. */
export function isForDevelopment({ certificates, certificateFolders, acme }: HttpsListener): boolean {
  return certificates.length + certificateFolders.length === 0 && !acme;
}
