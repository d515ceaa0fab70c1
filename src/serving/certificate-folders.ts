/** Loads folders of certificates, and holds whose clients their names let in. */
import { existsSync } from 'node:fs';
import { findCertificates } from '../certificates/chain/certificate-folder.js';
import { readClientAuthority } from '../certificates/chain/client-authority.js';
import { readPassphrase } from '../certificates/chain/input-file.js';
import { type LoadedCertificate, loadCertificate } from '../certificates/chain/load.js';
import type { Config } from '../shared/config.js';
import { FrontError } from '../shared/errors.js';
import type { ClientRule } from '../shared/router-messages.js';

/** One certificate of a folder. */
export interface FolderCertificate {
  readonly loaded: LoadedCertificate;
  readonly certFile: string;
  readonly keyFile: string;
  /** `name.ca` beside it. */
  readonly clientAuthorityFile: string | null;
  readonly clients: ClientRule | null;
}

/** @throws FrontError config_invalid, certificate_broken: the first that cannot be served */
export async function loadCertificateFolder(folder: string, config: Config): Promise<FolderCertificate[]> {
  const passphraseFile = config.certificates[0]?.keyPassphraseFile ?? null;
  const passphrase = passphraseFile === null ? undefined : await readPassphrase(passphraseFile);
  const loaded: FolderCertificate[] = [];
  for (const found of await findCertificates(folder, passphrase)) {
    const { certFile, keyFile, beside, clientAuthorityFile } = found;
    const { required } = config.tls.folderClients;
    loaded.push({
      loaded: await loadCertificate({ certFiles: [certFile], keyFile, caBundleFiles: beside, passphrase }),
      certFile,
      keyFile,
      clientAuthorityFile,
      clients:
        clientAuthorityFile === null
          ? null
          : { authority: await readClientAuthority(clientAuthorityFile), required },
    });
  }
  return loaded;
}

/** What a listener serves, as far as its clients are concerned. */
interface NamesAndClients {
  readonly names: readonly string[];
  readonly clients?: ClientRule | null;
}

/** @throws FrontError config_invalid: two certificates of one name let in different clients, and which is served is chance */
export function refuseTwoRulesOfOneName(certificates: readonly NamesAndClients[]): void {
  const rules = new Map<string, string>();
  for (const { names, clients } of certificates) {
    const rule = clients?.authority ?? '';
    for (const name of names) {
      if (rule !== (rules.get(name) ?? rule)) {
        throw new FrontError('config_invalid', `${name} stands in two certificates with different clients`, {
          hint: 'put the same client authority (name.ca) beside both, or take the name out of one',
        });
      }
      rules.set(name, rule);
    }
  }
}

/** @throws FrontError config_usage: options speak of client certificates and no folder has an authority */
export function requireExpectedClients(
  { tls }: Config,
  certificates: readonly { readonly clients?: ClientRule | null }[],
): void {
  if (!tls.folderClients.isExpected || certificates.some(({ clients }) => clients)) return;
  throw new FrontError('config_usage', 'client certificates are to be verified, and no authority was given', {
    hint: 'add --client-ca with the authority of your client certificates, or put name.ca beside name.key',
  });
}

/** Remembers which keys had an authority of clients: while the front runs, none of them is opened by a file that vanishes. */
export class ClosedNames {
  private readonly authorities = new Map<string, string>();

  /** @throws FrontError config_invalid: an authority is gone */
  check(certificates: readonly FolderCertificate[]): void {
    for (const { keyFile, clientAuthorityFile } of certificates) {
      const before = this.authorities.get(keyFile);
      if (clientAuthorityFile !== null) this.authorities.set(keyFile, clientAuthorityFile);
      else if (before !== undefined && !existsSync(before)) {
        throw new FrontError('config_invalid', `the client authority ${before} is gone`, {
          hint: 'put it back; to let everybody in, restart tlsfront without it',
        });
      }
    }
  }
}
