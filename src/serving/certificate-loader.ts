/** Loads what the listeners of a configuration serve with, and says what is to be said about it: for starting, checking and reloading. */
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename } from 'node:path';
import { wideWildcards } from '../certificates/chain/path-findings.js';
import { ensureDevelopmentLeaf, issuePassingLeaf } from '../certificates/development/leaf.js';
import { noteTrusted, wasTrusted } from '../certificates/development/trusted-mark.js';
import { shellWord } from '../certificates/findings.js';
import type { LocalStore } from '../certificates/store/store.js';
import { referTo } from '../certificates/trust/authority-ref.js';
import { systemStores } from '../certificates/trust/system-stores.js';
import { thisMachine } from '../certificates/trust/this-machine.js';
import type { Config } from '../shared/config/config.js';
import { isForDevelopment } from '../shared/config/development-listener.js';
import type { HttpsListener } from '../shared/config/listeners.js';
import type { CertificateMaterial, TlsMaterial } from '../shared/messages/router-messages.js';
import { AcmeCertificates, refuseGiven } from './acme-certificates.js';
import type { ServingCertificates } from './certificate-reloader.js';
import { refuseTwoRulesOfOneName, requireExpectedClients } from './client-rules.js';
import { FolderCertificates } from './folder-certificates.js';
import { GivenCertificates } from './given-certificates.js';
import { ListenerClients } from './listener-clients.js';
import { LoadReport } from './load-report.js';
import type { Note } from './notes.js';
import type { Servable } from './servable.js';
import { compareSiblings, selectBest, siblingKey } from './siblings.js';
import { findUnknownHosts, unknownHostsHint } from './unknown-hosts.js';

/** Beneath these every name gets a development certificate of its own: browsers take no `*.localhost`. */
const DEVELOPMENT_SUFFIXES = ['localhost', 'test'];

/** Reads files and the development authority's store for one configuration; what was sound once stays in force where it breaks. */
export class CertificateLoader {
  private readonly acme: AcmeCertificates | null;
  private authorityFile: string | null = null;
  private hasHinted = false;
  private readonly given: GivenCertificates;
  private readonly folders: ReadonlyMap<string, FolderCertificates>;
  /** By listener index; null for plain listeners. */
  private readonly clients: readonly (ListenerClients | null)[];

  /**
   * @param purpose `check` issues and writes nothing: what is made only when the front starts is left out
   * @param environment decides where the system's trust store is looked for
   */
  constructor(
    private readonly config: Config,
    private readonly store: LocalStore,
    private readonly purpose: 'serve' | 'check',
    private readonly environment: Readonly<NodeJS.ProcessEnv> = {},
  ) {
    const secure = config.listeners.filter((listener) => listener.kind === 'https');
    const folders = secure.flatMap(({ certificateFolders }) => certificateFolders);
    this.acme = config.acme === null ? null : new AcmeCertificates(config.acme, store);
    this.given = new GivenCertificates(config);
    this.folders = new Map(folders.map((folder) => [folder.path, new FolderCertificates(folder, config)]));
    this.clients = config.listeners.map((listener) =>
      listener.kind === 'https' ? new ListenerClients(listener, config) : null,
    );
  }

  /** @throws FrontError when a listener would have nothing to serve, or nothing at all could be read anew */
  async load(): Promise<ServingCertificates> {
    const { config } = this;
    const report = new LoadReport();
    const { files, notes } = report;
    if (config.tls.keyLogFile !== null) {
      const text = `the secrets of all sessions are written to ${config.tls.keyLogFile}: whoever has it can read them`;
      notes.push({ kind: 'warning', text });
    }
    const given = await this.given.load(report);
    const folders = new Map<string, readonly Servable[]>();
    for (const [name, folder] of this.folders) folders.set(name, await folder.load(report));
    const ordered = config.listeners.some((one) => one.kind === 'https' && one.acme)
      ? ((await this.acme?.load(files, notes, this.purpose)) ?? [])
      : [];
    report.hasFresh ||= ordered.length > 0;
    let own: CertificateMaterial | null = null;
    const tls: (TlsMaterial | null)[] = [];
    for (const [index, listener] of config.listeners.entries()) {
      const clients = this.clients[index] ?? null;
      if (listener.kind !== 'https' || clients === null) {
        tls.push(null);
        continue;
      }
      const isDevelopment = isForDevelopment(listener);
      if (isDevelopment && this.purpose === 'serve') own ??= await this.loadDevelopment(report);
      const certificates = isDevelopment
        ? [own].filter((one) => one !== null)
        : this.certificatesOf(listener, given, folders, ordered);
      if (!isDevelopment && certificates.length === 0 && !listener.acme) throw report.nothingToServe();
      refuseTwoRulesOfOneName(certificates);
      tls.push({
        certificates,
        issueBeneath: isDevelopment ? issuableSuffixes(config) : [],
        expectedNames: isDevelopment ? expectedNames(config) : [],
        asksForNames: listener.acme && config.acme?.ask != null,
        ...(await clients.load(certificates, report)),
      });
    }
    requireExpectedClients(
      config,
      [...folders.values()].flat().map(({ material }) => material),
    );
    if (report.problems.length > 0 && !report.hasFresh) throw report.nothingToServe();
    const { problems, listEnds } = report;
    const { authorityFile } = this;
    return { tls, files: [...files], notes: withoutRepetition(notes), problems, listEnds, authorityFile };
  }

  /** A certificate for one more development name: kept where an option or a route names it; null when it is none of ours. */
  async issue(name: string): Promise<CertificateMaterial | null> {
    const isOurs = this.config.listeners.some((one) => one.kind === 'https' && isForDevelopment(one));
    if (!isOurs || !issuableSuffixes(this.config).some((suffix) => name.endsWith(`.${suffix}`))) return null;
    const issued = expectedNames(this.config).includes(name)
      ? await ensureDevelopmentLeaf(this.store, [name], new Date())
      : await issuePassingLeaf(this.store, [name], new Date());
    return { chainPem: issued.chainPem, keyPem: issued.keyPem, names: issued.names };
  }

  /** In the order given, the newest of each name; the first is the default. */
  private certificatesOf(
    listener: HttpsListener,
    given: readonly (Servable | null)[],
    folders: ReadonlyMap<string, readonly Servable[]>,
    ordered: readonly CertificateMaterial[],
  ): readonly CertificateMaterial[] {
    const own = listener.certificates.flatMap((index) => given[index] ?? []);
    const more = listener.certificateFolders.flatMap(({ path }) => folders.get(path) ?? []);
    const read = newestOf([...own, ...more]);
    if (!listener.acme) return read;
    refuseGiven(
      this.config.acme,
      read.map(({ names }) => names),
    );
    return [...read, ...ordered];
  }

  private async loadDevelopment({ files, notes }: LoadReport): Promise<CertificateMaterial> {
    const unknown = findUnknownHosts(this.config.hosts.filter((host) => host !== this.config.lan?.name));
    const leaf = await ensureDevelopmentLeaf(this.store, this.config.hosts, new Date());
    // An authority that is replaced while the front runs vouches for a new leaf.
    files.add(leaf.authorityFile);
    this.authorityFile = leaf.authorityFile;
    for (const text of leaf.notes) notes.push({ kind: 'warning', text });
    for (const { message, fix } of wideWildcards(this.config.hosts)) {
      notes.push({ kind: 'warning', text: message, hint: fix });
    }
    if (!this.hasHinted && !(await this.isTrusted(leaf.authorityFile))) {
      notes.push({ kind: 'hint', text: `to trust this certificate: ${ownCommand()} ca install` });
    }
    // Said at the start; a reload has nothing new to say.
    this.hasHinted = true;
    const hint = unknownHostsHint(await unknown, ownCommand());
    if (hint !== undefined) notes.push({ kind: 'hint', text: hint });
    return { chainPem: leaf.chainPem, keyPem: leaf.keyPem, names: leaf.names };
  }

  /** By `ca install`, or by whoever has put it into the system's store; that is remembered. */
  private async isTrusted(authorityFile: string): Promise<boolean> {
    const { store } = this;
    const pem = await readFile(authorityFile, 'utf8');
    if (await wasTrusted(store, pem)) return true;
    const authority = referTo(authorityFile, pem);
    for (const one of systemStores(thisMachine(homedir(), this.environment))) {
      if ((await one.holding(authority)) !== 'all') continue;
      await noteTrusted(store, pem);
      return true;
    }
    return false;
  }
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

/** Names of options and routes; those of `--host` have the certificate of the start already. */
function expectedNames({ apps }: Config): readonly string[] {
  return [...new Set(apps.map(({ route }) => route.host))].filter(
    (name) => name !== '' && !name.startsWith('*'),
  );
}

function newestOf(all: readonly Servable[]): readonly CertificateMaterial[] {
  const now = new Date();
  const keyOf = ({ leaf, material }: Servable): string =>
    `${siblingKey(leaf)} ${material.clients?.authority ?? ''}`;
  const compare = (one: Servable, other: Servable): number => compareSiblings(one.leaf, other.leaf, now);
  return selectBest(all, keyOf, compare).map(({ material }) => material);
}

function withoutRepetition(notes: readonly Note[]): Note[] {
  return notes.filter((note, index) => notes.findIndex(({ text }) => text === note.text) === index);
}
