/** Loads what the listeners of a configuration serve with, and says what is to be said about it. */
import { basename } from 'node:path';
import { readClientAuthority, readRevocationLists } from '../certificates/chain/client-authority.js';
import { readPassphrase } from '../certificates/chain/input-file.js';
import { type LoadedCertificate, loadCertificate } from '../certificates/chain/load.js';
import { ensureDevelopmentLeaf } from '../certificates/development/leaf.js';
import { FINDINGS, positionText, shellWord } from '../certificates/findings.js';
import type { LocalStore } from '../certificates/store/store.js';
import type { CertificateFiles, Config, HttpsListener } from '../shared/config.js';
import type { CertificateMaterial, TlsMaterial } from '../shared/router-messages.js';
import { AcmeCertificates, refuseGiven } from './acme-certificates.js';
import {
  ClosedNames,
  loadCertificateFolder,
  refuseTwoRulesOfOneName,
  requireExpectedClients,
} from './certificate-folders.js';
import type { ServingCertificates } from './certificate-reloader.js';
import type { Note } from './notes.js';
import { findUnknownHosts, unknownHostsHint } from './unknown-hosts.js';
import { validityText } from './validity.js';

/** Beneath these every name gets a development certificate of its own: browsers take no `*.localhost`. */
const DEVELOPMENT_SUFFIXES = ['localhost', 'test'];
/** Names that strangers may have issued in one run. */
const MAX_ISSUED = 1000;

/** Reads files and the development authority's store for one configuration. */
export class CertificateLoader {
  private readonly issued = new Set<string>();
  private readonly acme: AcmeCertificates | null;
  private readonly closedNames = new ClosedNames();
  private authorityFile: string | null = null;

  /** @param purpose `check` issues and writes nothing: what is made only when the front starts is left out */
  constructor(
    private readonly config: Config,
    private readonly store: LocalStore,
    private readonly purpose: 'serve' | 'check',
  ) {
    this.acme = config.acme === null ? null : new AcmeCertificates(config.acme, store);
  }

  /** @throws FrontError when something cannot be served */
  async load(): Promise<ServingCertificates> {
    const { config } = this;
    const notes: Note[] = [];
    const files = new Set<string>();
    if (config.tls.keyLogFile !== null) {
      const text = `the secrets of all sessions are written to ${config.tls.keyLogFile}: whoever has it can read them`;
      notes.push({ kind: 'warning', text });
    }
    const given: CertificateMaterial[] = [];
    for (const certificate of config.certificates) {
      given.push(await this.loadGiven(certificate, files, notes));
    }
    const folders = new Map<string, readonly CertificateMaterial[]>();
    let own: CertificateMaterial | null = null;
    const tls: (TlsMaterial | null)[] = [];
    for (const listener of config.listeners) {
      if (listener.kind !== 'https') {
        tls.push(null);
        continue;
      }
      const certificates = listener.certificates.flatMap((index) => given[index] ?? []);
      for (const folder of listener.certificateFolders) {
        const known = folders.get(folder) ?? (await this.loadFolder(folder, files, notes));
        folders.set(folder, known);
        certificates.push(...known);
      }
      if (listener.acme) {
        refuseGiven(
          config.acme,
          certificates.map(({ names }) => names),
        );
        certificates.push(...((await this.acme?.load(files, notes, this.purpose)) ?? []));
      }
      refuseTwoRulesOfOneName(certificates);
      const isDevelopment = certificates.length === 0;
      if (isDevelopment && this.purpose === 'serve') own ??= await this.loadDevelopment(files, notes);
      tls.push({
        certificates: own !== null && isDevelopment ? [own] : certificates,
        issueBeneath: isDevelopment ? issuableSuffixes(config) : [],
        ...(await this.loadClients(listener, certificates, files, notes)),
      });
    }
    requireExpectedClients(config, [...folders.values()].flat());
    return {
      tls,
      files: [...files],
      notes: withoutRepetition(notes),
      authorityFile: this.authorityFile,
    };
  }

  /** A certificate for one more development name; null when too many were asked for or the name is none of ours. */
  async issue(name: string): Promise<CertificateMaterial | null> {
    const isOurs = issuableSuffixes(this.config).some((suffix) => name.endsWith(`.${suffix}`));
    if (!isOurs || (!this.issued.has(name) && this.issued.size >= MAX_ISSUED)) return null;
    this.issued.add(name);
    const leaf = await ensureDevelopmentLeaf(this.store, [name], new Date());
    return { chainPem: leaf.chainPem, keyPem: leaf.keyPem, names: leaf.names };
  }

  private async loadGiven(
    certificate: CertificateFiles,
    files: Set<string>,
    notes: Note[],
  ): Promise<CertificateMaterial> {
    const { cert, key, caBundles, keyPassphraseFile } = certificate;
    for (const file of [cert, ...(key === null ? [] : [key]), ...caBundles]) files.add(file);
    const loaded = await loadCertificate({
      certFiles: [cert],
      ...(key === null ? {} : { keyFile: key }),
      caBundleFiles: caBundles,
      passphrase: keyPassphraseFile === null ? undefined : await readPassphrase(keyPassphraseFile),
      hosts: hostsOfGiven(this.config),
    });
    return describe(loaded, cert, notes);
  }

  private async loadFolder(
    folder: string,
    files: Set<string>,
    notes: Note[],
  ): Promise<readonly CertificateMaterial[]> {
    files.add(folder);
    const found = await loadCertificateFolder(folder, this.config);
    this.closedNames.check(found);
    return found.map(({ loaded, certFile, clientAuthorityFile, clients }) => {
      const material = describe(loaded, certFile, notes);
      if (clients === null) return material;
      const verb = clients.required ? 'must' : 'may';
      const text = `clients of ${loaded.names.join(', ')} ${verb} show a certificate of ${clientAuthorityFile}`;
      notes.push({ kind: 'line', text });
      return { ...material, clients };
    });
  }

  private async loadClients(
    { clientCa }: HttpsListener,
    certificates: readonly CertificateMaterial[],
    files: Set<string>,
    notes: Note[],
  ): Promise<Pick<TlsMaterial, 'clientAuthority' | 'clientCrls'>> {
    const isAsked = clientCa !== null || certificates.some(({ clients }) => clients !== undefined);
    if (!isAsked) return { clientAuthority: null, clientCrls: [] };
    const crlFiles = clientCa?.crlFiles ?? this.config.tls.folderClients.crlFiles;
    for (const each of [...(clientCa === null ? [] : [clientCa.file]), ...crlFiles]) files.add(each);
    const lists = (await Promise.all(crlFiles.map(readRevocationLists))).flat();
    if (lists.some(({ nextUpdate }) => nextUpdate !== undefined && nextUpdate < new Date())) {
      const text =
        'a revocation list has run out: every client certificate is refused until there is a newer one';
      notes.push({ kind: 'warning', text });
    }
    return {
      clientAuthority: clientCa === null ? null : await readClientAuthority(clientCa.file),
      clientCrls: lists.map(({ pem }) => pem),
    };
  }

  private async loadDevelopment(files: Set<string>, notes: Note[]): Promise<CertificateMaterial> {
    const unknown = findUnknownHosts(this.config.hosts);
    const leaf = await ensureDevelopmentLeaf(this.store, this.config.hosts, new Date());
    // An authority that is replaced while the front runs vouches for a new leaf.
    files.add(leaf.authorityFile);
    this.authorityFile = leaf.authorityFile;
    for (const text of leaf.notes) notes.push({ kind: 'warning', text });
    notes.push({ kind: 'hint', text: `to trust this certificate: ${ownCommand()} ca install` });
    const hint = unknownHostsHint(await unknown, ownCommand());
    if (hint !== undefined) notes.push({ kind: 'hint', text: hint });
    return { chainPem: leaf.chainPem, keyPem: leaf.keyPem, names: leaf.names };
  }
}

/** Names that given certificates should cover: with ACME `--host` names others. */
function hostsOfGiven({ acme, hosts }: Config): readonly string[] {
  return acme === null ? hosts : [];
}

/** How this program was called, so that the hint can be pasted. */
function ownCommand(): string {
  const [, script = 'tlsfront'] = process.argv;
  return basename(script) === 'tlsfront' ? 'tlsfront' : `node ${shellWord(script)}`;
}

function issuableSuffixes({ hosts }: Config): readonly string[] {
  const names = hosts.filter((host) => /[a-z]/.test(host) && !host.includes(':'));
  return [...new Set([...DEVELOPMENT_SUFFIXES, ...names.map((host) => host.replace(/^\*\./, ''))])];
}

function describe(
  { findings, chainPem, keyPem, names, notAfter, leaf }: LoadedCertificate,
  file: string,
  notes: Note[],
): CertificateMaterial {
  notes.push({ kind: 'line', text: `${validityText(leaf.label, notAfter.getTime())}: ${file}` });
  for (const { code, severity, message, position, fix } of findings) {
    if (severity === 'note' && code !== 'expires_soon') continue;
    const isMended = FINDINGS[code].atStart === 'mend';
    const where = positionText(position) || file;
    const told = message.startsWith(position?.file ?? file) ? message : `${where}: ${message}`;
    notes.push(
      isMended
        ? { kind: 'warning', text: `${told} (mended in memory)` }
        : { kind: 'warning', text: told, hint: fix },
    );
  }
  return { chainPem, keyPem, names, file };
}

function withoutRepetition(notes: readonly Note[]): Note[] {
  return notes.filter((note, index) => notes.findIndex(({ text }) => text === note.text) === index);
}
