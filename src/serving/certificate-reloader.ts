/** What the listeners serve with: noticed when it changes, read anew, and given to the routers where it can be used. */

import type { TlsMaterial } from '../shared/messages/router-messages.js';
import { FileWatch } from './file-watch.js';
import type { ListEnd, ServingProblem } from './load-report.js';
import type { Note, ServingLog } from './notes.js';

/** What listeners serve with. */
export interface ServingCertificates {
  /** By listener index; null for plain listeners. */
  readonly tls: readonly (TlsMaterial | null)[];
  /** Files and folders that they came from. */
  readonly files: readonly string[];
  /** Lines for the person who starts the front, such as how to trust the development certificate. */
  readonly notes: readonly Note[];
  /** What cannot be used beside what is served. */
  readonly problems: readonly ServingProblem[];
  /** When the revocation lists run out. */
  readonly listEnds: readonly ListEnd[];
  /** Root of the development certificates; null: none is served. */
  readonly authorityFile: string | null;
}

/** Certificates run out and are renewed beneath a front that never restarts. */
const REFRESH_MS = 12 * 3_600_000;
const CHANGED = 'the certificates have changed and cannot be used: ';

/** The certificates of the newest generation, held to the files that they came from. */
export class CertificateReloader {
  private current: ServingCertificates = {
    tls: [],
    files: [],
    notes: [],
    problems: [],
    listEnds: [],
    authorityFile: null,
  };
  private watch: FileWatch | null = null;
  private listTimer: NodeJS.Timeout | null = null;
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

  get problems(): readonly ServingProblem[] {
    return this.current.problems;
  }

  /** Reads them for a new generation. */
  read(): Promise<ServingCertificates> {
    return this.load();
  }

  /** Says what is to be said of them. @param before stands before each problem */
  report({ notes, problems }: Pick<ServingCertificates, 'notes' | 'problems'>, before = ''): void {
    for (const { reason, consequence, hint } of problems) {
      this.log.error(`${before}${reason}; ${consequence}`);
      if (hint !== null) this.log.hint(hint);
    }
    this.log.notes(notes);
  }

  /** The generation that was given these serves now: their files are looked after, which need not be those of before. */
  commit(certificates: ServingCertificates): void {
    this.current = certificates;
    this.awaitListEnd();
    this.watch?.restart();
    if (this.watch !== null) return;
    this.watch = new FileWatch(
      () => this.current.files,
      () => void this.refresh(),
    );
    setInterval(() => void this.refresh(true), REFRESH_MS).unref();
  }

  /** When a revocation list runs out nothing has changed but the time: it is said at once, not with the next reminder. */
  private awaitListEnd(): void {
    if (this.listTimer !== null) clearTimeout(this.listTimer);
    const nowMs = Date.now();
    const ends = this.current.listEnds.map(({ atMs }) => atMs - nowMs).filter((inMs) => inMs > 0);
    const nextMs = Math.min(...ends);
    // A later one is met by the reminder before it.
    this.listTimer = nextMs > REFRESH_MS ? null : setTimeout(() => void this.refresh(), nextMs + 1).unref();
  }

  get listEnds(): readonly ListEnd[] {
    return this.current.listEnds;
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
      // Half of a pair was written when it was read: another look follows.
      if (certificates.problems.length > 0 && (await this.watch?.isOutdated())) return;
      const old = this.current;
      this.current = certificates;
      this.awaitListEnd();
      const { tls, notes, problems } = certificates;
      const isNew = JSON.stringify(tls) !== JSON.stringify(old.tls);
      if (isNew) {
        this.give(tls);
        this.log.line('the certificates have changed: new connections get them');
      }
      const told = new Set(old.notes.map(({ text }) => text));
      const news = notes.filter(({ text, kind }) => {
        if (isNew) return !told.has(text);
        return kind === 'warning' && (isReminder || !told.has(text));
      });
      this.report({ notes: news, problems }, isReminder ? '' : CHANGED);
    } catch (error) {
      if (await this.watch?.isOutdated()) return;
      this.log.failure(error, (reason) => {
        return `${CHANGED}${reason}; the old ones go on serving`;
      });
    }
  }
}
