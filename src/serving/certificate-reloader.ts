/** What the listeners serve with: noticed when it changes, read anew, and given to the routers where it can be used. */

import type { TlsMaterial } from '../shared/router-messages.js';
import { FileWatch } from './file-watch.js';
import type { Note, ServingLog } from './notes.js';

/** What listeners serve with. */
export interface ServingCertificates {
  /** By listener index; null for plain listeners. */
  readonly tls: readonly (TlsMaterial | null)[];
  /** Files and folders that they came from. */
  readonly files: readonly string[];
  /** Lines for the person who starts the front, such as how to trust the development certificate. */
  readonly notes: readonly Note[];
  /** Root of the development certificates; null: none is served. */
  readonly authorityFile: string | null;
}

/** Certificates run out and are renewed beneath a front that never restarts. */
const REFRESH_MS = 12 * 3_600_000;

/** The certificates of the newest generation, held to the files that they came from. */
export class CertificateReloader {
  private current: ServingCertificates = { tls: [], files: [], notes: [], authorityFile: null };
  private watch: FileWatch | null = null;
  /** A change was noticed while a new generation was being started. */
  private hasMissed = false;

  /**
   * @param load reads them anew; rejects with a FrontError that says what is wrong
   * @param mayRefresh false while they are read for a new generation, or no router is there to take them
   * @param give gives them to the routers
   */
  constructor(
    private readonly load: () => Promise<ServingCertificates>,
    private readonly log: ServingLog,
    private readonly mayRefresh: () => boolean,
    private readonly give: (tls: ServingCertificates['tls']) => void,
  ) {}

  get tls(): ServingCertificates['tls'] {
    return this.current.tls;
  }

  /** Reads them for a new generation. */
  read(): Promise<ServingCertificates> {
    return this.load();
  }

  /** The generation that was given these serves now: their files are looked after, which need not be those of before. */
  commit(certificates: ServingCertificates): void {
    this.current = certificates;
    this.watch?.restart();
    if (this.watch !== null) return;
    this.watch = new FileWatch(
      () => this.current.files,
      () => void this.refresh(),
    );
    setInterval(() => void this.refresh(true), REFRESH_MS).unref();
  }

  /** No generation is starting any more: a change that was noticed meanwhile, and perhaps read too early, is taken now. */
  settle(): void {
    if (!this.hasMissed) return;
    this.hasMissed = false;
    void this.refresh();
  }

  /**
   * Where the certificates are new, new handshakes get them and every connection stays.
   * @param isReminder repeat the warnings where nothing is new
   */
  async refresh(isReminder = false): Promise<void> {
    if (!this.mayRefresh()) {
      this.hasMissed = true;
      return;
    }
    try {
      const certificates = await this.load();
      const old = this.current;
      this.current = certificates;
      if (JSON.stringify(certificates.tls) !== JSON.stringify(old.tls)) {
        this.give(certificates.tls);
        this.log.line('the certificates have changed: new connections get them');
        const told = new Set(old.notes.map(({ text }) => text));
        this.log.notes(certificates.notes.filter(({ text }) => !told.has(text)));
      } else if (isReminder) {
        this.log.notes(certificates.notes.filter(({ kind }) => kind === 'warning'));
      }
    } catch (error) {
      if (await this.watch?.isOutdated()) return;
      this.log.failure(error, (reason) => {
        return `the certificates have changed and cannot be used: ${reason}; the old ones go on serving`;
      });
    }
  }
}
