/** Asks the master for certificates of new development names, once each, and keeps the answers. */
import type { CertificateMaterial } from '../../src/shared/router-messages.js';

/** Answers kept; a stranger who asks for more gets the default certificate. */
const MAX_NAMES = 256;
/** A handshake waits no longer than this. */
const PATIENCE_MS = 5_000;

const HOST_NAME =
  /^(?=.{1,253}$)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/;

type Answer = CertificateMaterial | null;

/** One for each router. */
export class LeafRequests {
  private readonly answers = new Map<string, Answer>();
  private readonly waiting = new Map<string, ((answer: Answer) => void)[]>();

  /** @param ask sends the name to the master, which answers by `settle` */
  constructor(private readonly ask: (name: string) => void) {}

  /** Whether the name stands beneath one of the suffixes. */
  static isBeneath(name: string, suffixes: readonly string[]): boolean {
    return HOST_NAME.test(name) && suffixes.some((suffix) => name.endsWith(`.${suffix}`));
  }

  /** The name's certificate; null when the master has none, does not answer in time, or too many names were asked for. */
  request(name: string): Promise<Answer> {
    const known = this.answers.get(name);
    if (known !== undefined) return Promise.resolve(known);
    if (this.answers.size + this.waiting.size >= MAX_NAMES) return Promise.resolve(null);
    return new Promise((resolve) => {
      const others = this.waiting.get(name);
      if (others !== undefined) {
        others.push(resolve);
        return;
      }
      this.waiting.set(name, [resolve]);
      this.ask(name);
      setTimeout(() => this.finish(name, null), PATIENCE_MS).unref();
    });
  }

  /** The master's answer. */
  settle(name: string, answer: Answer): void {
    if (answer !== null) this.answers.set(name, answer);
    this.finish(name, answer);
  }

  /** Forgets everything: the authority may have changed. */
  clear(): void {
    this.answers.clear();
  }

  private finish(name: string, answer: Answer): void {
    const waiting = this.waiting.get(name) ?? [];
    this.waiting.delete(name);
    for (const resolve of waiting) resolve(answer);
  }
}
