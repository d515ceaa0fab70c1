/** The certificates of one --cert-dir: the newest of each name, each by itself; one that cannot be used keeps its old material. */
import { existsSync } from 'node:fs';
import {
  type BrokenCertificate,
  type FolderContents,
  type FoundCertificate,
  findCertificates,
} from '../certificates/chain/certificate-folder.js';
import { readClientAuthority } from '../certificates/chain/client-authority.js';
import { readPassphrase } from '../certificates/chain/input-file.js';
import { loadCertificate } from '../certificates/chain/load.js';
import type { Config } from '../shared/config/config.js';
import type { CertificateFolder } from '../shared/config/listeners.js';
import { FrontError } from '../shared/errors.js';
import type { LoadReport } from './load-report.js';
import type { Note } from './notes.js';
import { noteRootless } from './rootless-authority.js';
import { type Servable, toServable } from './servable.js';
import { compareSiblings, isInDate, siblingKey } from './siblings.js';

/** One certificate of the folder as it is served. */
interface Entry extends Servable {
  readonly certFile: string;
  readonly keyFile: string;
  readonly group: string;
}

/** Why something is not served as the folder has it. */
interface Failure {
  readonly files: readonly string[];
  readonly group: string | null;
  readonly error: FrontError;
  /** Its names were meant for some clients only. */
  readonly isClosed: boolean;
  /** An elder one of the same names is served in its place. */
  readonly isReplaced: boolean;
}

/** Remembers what was served of the folder, and which keys had an authority of clients. */
export class FolderCertificates {
  private kept: readonly Entry[] = [];
  /** While the front runs, none of them is opened by a file that vanishes. */
  private readonly authorities = new Map<string, string>();

  constructor(
    private readonly folder: CertificateFolder,
    private readonly config: Config,
  ) {}

  /** @throws FrontError when names that are meant for some clients only would be left open */
  async load(report: LoadReport): Promise<readonly Servable[]> {
    const { path, caBundles, keyPassphraseFile } = this.folder;
    report.files.add(path);
    for (const file of [...caBundles, ...(keyPassphraseFile === null ? [] : [keyPassphraseFile])]) {
      report.files.add(file);
    }
    let contents: FolderContents;
    let passphrase: string | undefined;
    try {
      passphrase = await this.readPassphrase();
      contents = await findCertificates(path, passphrase);
    } catch (error) {
      report.fail(
        error,
        this.kept.length > 0 ? 'its old certificates go on serving' : 'nothing of it is served',
      );
      return this.kept;
    }
    const lonely = lonelyAuthority(contents);
    if (lonely !== null) {
      if (this.kept.length === 0) throw lonely;
      report.fail(lonely, 'the old certificates of its folder go on serving');
      return this.kept;
    }
    noteLeftOut(path, contents, report.notes);
    const served: Entry[] = [];
    const failures = contents.broken.map(toFailure);
    for (const siblings of groupSiblings(contents.found)) {
      const entry = await this.loadBest(siblings, passphrase, report, failures);
      if (entry !== null) served.push(entry);
    }
    report.hasFresh ||= served.length > 0;
    if (contents.found.length + contents.broken.length === 0) {
      report.fail(nothingIn(path, contents.keysAlone.length > 0), 'nothing of it is served');
    }
    const old = this.findKept(served, failures);
    this.tell(failures, old, report);
    this.kept = [...served, ...old].sort((one, other) => (one.keyFile < other.keyFile ? -1 : 1));
    return this.kept;
  }

  private async readPassphrase(): Promise<string | undefined> {
    const file = this.folder.keyPassphraseFile;
    return file === null ? undefined : await readPassphrase(file);
  }

  /** The first that can be served; those in date are tried, and of the others the newest, so that its fault is told. */
  private async loadBest(
    siblings: readonly FoundCertificate[],
    passphrase: string | undefined,
    report: LoadReport,
    failures: Failure[],
  ): Promise<Entry | null> {
    const now = new Date();
    const failed: Omit<Failure, 'isReplaced'>[] = [];
    let served: Entry | null = null;
    for (const [index, one] of siblings.entries()) {
      if (index > 0 && !isInDate(one.leaf, now)) break;
      try {
        served = await this.loadOne(one, passphrase, report.notes);
        break;
      } catch (error) {
        if (!(error instanceof FrontError)) throw error;
        const files = [one.keyFile, one.certFile];
        failed.push({ files, group: siblingKey(one.leaf), error, isClosed: this.isClosed(one) });
      }
    }
    failures.push(...failed.map((one) => ({ ...one, isReplaced: served !== null })));
    return served;
  }

  private async loadOne(
    found: FoundCertificate,
    passphrase: string | undefined,
    notes: Note[],
  ): Promise<Entry> {
    const { certFile, keyFile, beside, clientAuthorityFile, leaf } = found;
    this.requireAuthority(found);
    const loaded = await loadCertificate({
      certFiles: [certFile],
      keyFile,
      caBundleFiles: [...beside, ...this.folder.caBundles],
      passphrase,
    });
    const authority = clientAuthorityFile === null ? null : await readClientAuthority(clientAuthorityFile);
    const servable = toServable(loaded, certFile, notes);
    const entry = { ...servable, certFile, keyFile, group: siblingKey(leaf) };
    if (authority === null) return entry;
    noteRootless(clientAuthorityFile ?? this.folder.path, authority, notes);
    const { required } = this.config.tls.folderClients;
    const verb = required ? 'must' : 'may';
    const text = `clients of ${loaded.names.join(', ')} ${verb} show a certificate of ${clientAuthorityFile}`;
    notes.push({ kind: 'line', text });
    return { ...entry, material: { ...servable.material, clients: { authority, required } } };
  }

  private isClosed({ keyFile, clientAuthorityFile }: FoundCertificate): boolean {
    return clientAuthorityFile !== null || this.authorities.has(keyFile);
  }

  /** @throws FrontError config_invalid: an authority is gone */
  private requireAuthority({ keyFile, clientAuthorityFile }: FoundCertificate): void {
    const before = this.authorities.get(keyFile);
    if (clientAuthorityFile !== null) this.authorities.set(keyFile, clientAuthorityFile);
    else if (before !== undefined && !existsSync(before)) {
      throw new FrontError('config_invalid', `the client authority ${before} is gone`, {
        hint: 'put it back; to let everybody in, restart tlsfront without it',
      });
    }
  }

  /** What was served before and has nothing in its place; what was taken away as a whole is not kept. */
  private findKept(served: readonly Entry[], failures: readonly Failure[]): Entry[] {
    return this.kept.filter((old) => {
      const isReplaced = served.some(
        (one) => one.group === old.group || (one.keyFile === old.keyFile && one.certFile === old.certFile),
      );
      if (isReplaced) return false;
      const hasFailed = failures.some((failure) => concerns(failure, old));
      return hasFailed || existsSync(old.keyFile) || existsSync(old.certFile);
    });
  }

  /** @throws FrontError at the start, of a certificate for some clients only: its names would be open to all */
  private tell(failures: readonly Failure[], old: readonly Entry[], report: LoadReport): void {
    for (const failure of failures) {
      const isKept = old.some((entry) => concerns(failure, entry));
      if (isKept) report.fail(failure.error, 'the old one goes on serving');
      else if (failure.isReplaced) report.fail(failure.error, 'an elder one of the same names is served');
      else if (failure.isClosed && this.kept.length === 0) throw failure.error;
      else report.fail(failure.error, 'it is not served');
    }
    for (const entry of old) {
      if (!failures.some((failure) => concerns(failure, entry))) tellGone(entry, report);
    }
  }
}

function concerns({ files, group }: Failure, entry: Entry): boolean {
  return group === entry.group || files.includes(entry.keyFile) || files.includes(entry.certFile);
}

function toFailure({ files, error, clientAuthorityFile }: BrokenCertificate): Failure {
  return { files, group: null, error, isClosed: clientAuthorityFile !== null, isReplaced: false };
}

/** To leave such an authority out would open what was meant to be closed. */
function lonelyAuthority({ lonelyAuthorities }: FolderContents): FrontError | null {
  const [lonely] = lonelyAuthorities;
  if (lonely === undefined) return null;
  const name = lonely.replace(/^.*[/\\]/, '').replace(/\.ca$/i, '');
  return new FrontError('config_invalid', `${lonely} is the client authority of no certificate`, {
    hint: `call it as the key whose clients it signs (${name}.key, ${name}.ca); if it holds intermediates, call it .ca-bundle`,
  });
}

function nothingIn(folder: string, hasKeys: boolean): FrontError {
  const what = hasKeys ? 'no certificate of any private key' : 'no private key';
  return new FrontError('config_invalid', `there is ${what} in the folder ${folder}`, {
    hint: 'put name.crt and name.key into it, or name the folder of an ACME client',
  });
}

/** The best first in each group. Two of one name with different authorities of clients stay apart, and are refused later. */
function groupSiblings(found: readonly FoundCertificate[]): readonly (readonly FoundCertificate[])[] {
  const now = new Date();
  const groups = new Map<string, FoundCertificate[]>();
  for (const one of found) {
    const key = `${siblingKey(one.leaf)} ${one.clientAuthorityFile ?? ''}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [one]);
    else group.push(one);
  }
  // Of one certificate at several places the shortest path: that of the link, not of the generation.
  const compare = (one: FoundCertificate, other: FoundCertificate): number =>
    compareSiblings(one.leaf, other.leaf, now) || one.certFile.length - other.certFile.length;
  return [...groups.values()].map((group) => group.sort(compare));
}

function tellGone({ keyFile, certFile }: Entry, report: LoadReport): void {
  const [gone, left] = existsSync(keyFile) ? [certFile, keyFile] : [keyFile, certFile];
  const error = new FrontError('config_invalid', `${gone} is gone, and ${left} is still there`, {
    hint: `put it back, or take ${left} away too`,
  });
  report.fail(error, 'the old one goes on serving');
}

function noteLeftOut(folder: string, { keysAlone, requests }: FolderContents, notes: Note[]): void {
  const parts = [
    ...(keysAlone.length === 0 ? [] : [`private keys without a certificate (${listed(keysAlone)})`]),
    ...(requests.length === 0 ? [] : [`certificate requests (${listed(requests)})`]),
  ];
  if (parts.length > 0) notes.push({ kind: 'line', text: `left out of ${folder}: ${parts.join(' and ')}` });
}

const MAX_LISTED = 3;

function listed(files: readonly string[]): string {
  const more = files.length - MAX_LISTED;
  const shown = files.slice(0, MAX_LISTED).join(', ');
  return more > 0 ? `${shown} and ${more} more` : shown;
}
