/** Loads the certificates that a configuration names, in its order, as starting the front does. */
import { readClientAuthority, readRevocationLists } from '../certificates/chain/client-authority.js';
import { readPassphrase } from '../certificates/chain/input-file.js';
import { type LoadedCertificate, loadCertificate } from '../certificates/chain/load.js';
import type { CertificateFiles, Config } from '../shared/config.js';
import {
  type FolderCertificate,
  loadCertificateFolder,
  refuseTwoRulesOfOneName,
  requireExpectedClients,
} from './certificate-folders.js';

/** Names that given certificates should cover: with ACME `--host` names others. */
export function hostsOfGiven({ acme, hosts }: Config): readonly string[] {
  return acme === null ? hosts : [];
}

/** @throws FrontError config_invalid, certificate_broken */
export async function loadConfigured(
  files: CertificateFiles,
  hosts: readonly string[],
): Promise<LoadedCertificate> {
  const { cert, key, caBundles, keyPassphraseFile } = files;
  const passphrase = keyPassphraseFile === null ? undefined : await readPassphrase(keyPassphraseFile);
  return loadCertificate({
    certFiles: [cert],
    ...(key === null ? {} : { keyFile: key }),
    caBundleFiles: caBundles,
    passphrase,
    hosts,
  });
}

/** @throws FrontError config_invalid, certificate_broken: the first one that cannot be served */
export async function loadConfiguredCertificates(config: Config): Promise<readonly LoadedCertificate[]> {
  const loaded: LoadedCertificate[] = [];
  for (const files of config.certificates) loaded.push(await loadConfigured(files, hostsOfGiven(config)));
  const secure = config.listeners.filter((listener) => listener.kind === 'https');
  const folders = new Map<string, readonly FolderCertificate[]>();
  for (const folder of new Set(secure.flatMap(({ certificateFolders }) => certificateFolders))) {
    folders.set(folder, await loadCertificateFolder(folder, config));
  }
  const found = [...folders.values()].flat();
  requireExpectedClients(config, found);
  for (const { certificates, certificateFolders } of secure) {
    const own = certificates.flatMap((index) => loaded[index] ?? []);
    const more = certificateFolders.flatMap((folder) => folders.get(folder) ?? []);
    const named = more.map((one) => ({ names: one.loaded.names, clients: one.clients }));
    refuseTwoRulesOfOneName([...own.map(({ names }) => ({ names })), ...named]);
  }
  for (const file of config.tls.folderClients.crlFiles) await readRevocationLists(file);
  for (const { clientCa } of secure) {
    if (clientCa === null) continue;
    await readClientAuthority(clientCa.file);
    for (const file of clientCa.crlFiles) await readRevocationLists(file);
  }
  return [...loaded, ...found.map((one) => one.loaded)];
}
