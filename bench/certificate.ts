/** One throw-away authority and one P-256 leaf for localhost, as files for every peer. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DAY_MS, issueCertificate } from '../src/certificates/development/x509-issuer.js';
import type { CertificateFiles } from './contract.js';

/** Makes the certificate in memory and writes it below `folder`. */
export async function writeCertificate(folder: string): Promise<CertificateFiles> {
  const period = { notBefore: new Date(Date.now() - DAY_MS), notAfter: new Date(Date.now() + 30 * DAY_MS) };
  const root = await issueCertificate({
    commonName: 'Bench authority',
    authority: { pathLength: 0 },
    ...period,
  });
  const leaf = await issueCertificate(
    { commonName: 'localhost', names: ['localhost', '127.0.0.1'], purposes: ['server'], ...period },
    root,
  );
  const files = {
    rootPath: join(folder, 'root.pem'),
    certificatePath: join(folder, 'leaf.pem'),
    keyPath: join(folder, 'leaf.key'),
    combinedPath: join(folder, 'leaf-and-key.pem'),
  };
  writeFileSync(files.rootPath, root.certPem);
  writeFileSync(files.certificatePath, leaf.certPem);
  writeFileSync(files.keyPath, leaf.keyPem, { mode: 0o600 });
  writeFileSync(files.combinedPath, leaf.keyPem + leaf.certPem, { mode: 0o600 });
  return files;
}
