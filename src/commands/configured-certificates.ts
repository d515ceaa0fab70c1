/** Loads the certificates that a configuration names, in its order, as starting the front does. */
import { type LoadedCertificate, loadCertificate } from '../certificates/load.js';
import { readPassphrase } from '../certificates/source.js';
import type { CertificateFiles } from '../contract/config.js';

async function loadOne(files: CertificateFiles): Promise<LoadedCertificate> {
  const { cert, key, caBundles, keyPassphraseFile } = files;
  const passphrase = keyPassphraseFile === null ? undefined : await readPassphrase(keyPassphraseFile);
  return loadCertificate({ certFiles: [cert], keyFile: key, caBundleFiles: caBundles, passphrase });
}

/** @throws FrontError config_invalid, certificate_broken: the first one that cannot be served */
export async function loadConfiguredCertificates(
  certificates: readonly CertificateFiles[],
): Promise<readonly LoadedCertificate[]> {
  const loaded: LoadedCertificate[] = [];
  for (const files of certificates) loaded.push(await loadOne(files));
  return loaded;
}
