/** One throw-away authority and one leaf of each kind of key for localhost, as files for every peer. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  DAY_MS,
  issueCertificate,
  newEcdsaKey,
  newRsaKey,
} from '../src/certificates/development/x509-issuer.js';
import type { CertificateFiles, LeafKey } from './contract.js';

/** Makes the certificates in memory and writes them below `folder`. */
export async function writeCertificates(folder: string): Promise<Record<LeafKey, CertificateFiles>> {
  const period = { notBefore: new Date(Date.now() - DAY_MS), notAfter: new Date(Date.now() + 30 * DAY_MS) };
  const root = await issueCertificate({
    commonName: 'Bench authority',
    authority: { pathLength: 0 },
    ...period,
  });
  const rootPath = join(folder, 'root.pem');
  writeFileSync(rootPath, root.certPem);
  const writeLeaf = async (name: LeafKey): Promise<CertificateFiles> => {
    const leafFolder = join(folder, name);
    mkdirSync(leafFolder);
    const key = name === 'P-256' ? newEcdsaKey() : newRsaKey(2048);
    const leaf = await issueCertificate(
      { commonName: 'localhost', names: ['localhost', '127.0.0.1'], purposes: ['server'], key, ...period },
      root,
    );
    const files = {
      rootPath,
      certificatePath: join(leafFolder, 'leaf.pem'),
      keyPath: join(leafFolder, 'leaf.key'),
      combinedPath: join(leafFolder, 'leaf-and-key.pem'),
    };
    writeFileSync(files.certificatePath, leaf.certPem);
    writeFileSync(files.keyPath, leaf.keyPem, { mode: 0o600 });
    writeFileSync(files.combinedPath, leaf.keyPem + leaf.certPem, { mode: 0o600 });
    return files;
  };
  return { 'P-256': await writeLeaf('P-256'), 'RSA-2048': await writeLeaf('RSA-2048') };
}
