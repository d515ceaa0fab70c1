/** Finds the certificates in a folder, by what the files hold: name.crt with name.key, and the folders of ACME clients. */
import { dirname, extname } from 'node:path';
import { readFolderFiles } from './folder-files.js';
import { type BrokenPair, type KeyedCertificate, matchKeys, stemOf } from './key-matching.js';

/** Files of one certificate, ready for loadCertificate. */
export interface FoundCertificate extends KeyedCertificate {
  /** `name.ca` beside `name.key` or `name.crt`: whose certificates clients of these names must show (uWSGI's --sni-dir). */
  readonly clientAuthorityFile: string | null;
}

/** A certificate or key that was meant to be served and cannot be. */
export interface BrokenCertificate extends BrokenPair {
  readonly clientAuthorityFile: string | null;
}

/** What a folder holds. */
export interface FolderContents {
  /** Each certificate that one of the keys was made for, in the order of the keys' paths; elder generations too. */
  readonly found: readonly FoundCertificate[];
  readonly broken: readonly BrokenCertificate[];
  /** Keys without a certificate (of accounts, of orders under way, of authorities). */
  readonly keysAlone: readonly string[];
  /** Certificate requests (CSR). */
  readonly requests: readonly string[];
  /** `.ca` files that belong to nothing: what was meant to be closed would be open. */
  readonly lonelyAuthorities: readonly string[];
}

/** @throws FrontError config_invalid when the folder itself cannot be read */
export async function findCertificates(folder: string, passphrase?: string): Promise<FolderContents> {
  const { files, names, unreadable } = await readFolderFiles(folder, passphrase);
  const folders = [...new Set(files.map(({ file }) => dirname(file)))];
  const matched = folders.map((one) =>
    matchKeys(
      files.filter(({ file }) => dirname(file) === one),
      passphrase,
    ),
  );
  const authorities = names.filter((name) => extname(name).toLowerCase() === '.ca');
  const authorityOf = (own: readonly string[]): string | null =>
    authorities.find((authority) => own.some((file) => stemOf(file) === stemOf(authority))) ?? null;
  const found = matched
    .flatMap((one) => one.found)
    .sort((one, other) => (one.keyFile < other.keyFile ? -1 : one.keyFile > other.keyFile ? 1 : 0))
    .map((one) => ({ ...one, clientAuthorityFile: authorityOf([one.keyFile, one.certFile]) }));
  const broken = [
    ...unreadable.map(({ file, error }) => ({ files: [file], error })),
    ...matched.flatMap((one) => one.broken),
  ].map((one) => ({ ...one, clientAuthorityFile: authorityOf(one.files) }));
  const owned = new Set([...found, ...broken].map((one) => one.clientAuthorityFile));
  return {
    found,
    broken,
    keysAlone: matched.flatMap((one) => one.keysAlone),
    requests: files.filter(({ hasRequest }) => hasRequest).map(({ file }) => file),
    lonelyAuthorities: authorities.filter((authority) => !owned.has(authority)),
  };
}
