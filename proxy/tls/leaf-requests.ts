/** Asks the master for certificates of new development names, once each, and keeps the answers. */
import type { CertificateMaterial } from '../../src/shared/router-messages.js';
import { RateLimiter } from '../exchange/access/rate-limiter.js';
import { RecentMap } from './recent-map.js';

/**
 * Any page can have a browser ask for names under .localhost: of those that nobody here has given so many are kept, and so
 * many new ones made at once and a second. More get the default certificate, and may ask again.
 */
export const MAX_STRANGE_NAMES = 256;
export const STRANGE_NAMES_AT_ONCE = 32;
export const STRANGE_NAMES_A_SECOND = 1;
/** A handshake waits no longer than this. */
const PATIENCE_MS = 5_000;

const HOST_NAME =
  /^(?=.{1,253}$)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/;

type Answer = CertificateMaterial | null;

/** One for each router. */
export class LeafRequests {
  /** Of names that somebody here has given: as many as there are. */
  private readonly expected = new Map<string, Answer>();
  private readonly strange = new RecentMap<NonNullable<Answer>>(MAX_STRANGE_NAMES);
  private readonly pace = new RateLimiter(STRANGE_NAMES_A_SECOND, 1000, STRANGE_NAMES_AT_ONCE);
  private readonly waiting = new Map<string, ((answer: Answer) => void)[]>();

  /**
   * @param ask sends the name to the master, which answers by `settle`
   * @param now milliseconds of a clock that is never set back
   */
  constructor(
    private readonly ask: (name: string) => void,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** Whether the name stands beneath one of the suffixes. */
  static isBeneath(name: string, suffixes: readonly string[]): boolean {
    return HOST_NAME.test(name) && suffixes.some((suffix) => name.endsWith(`.${suffix}`));
  }

  /**
   * The name's certificate; null when the master has none, does not answer in time, or too many names were asked for.
   * @param isExpected an option or a route names it: it is always issued, whatever strangers ask for
   */
  request(name: string, isExpected: boolean): Promise<Answer> {
    const known = isExpected ? this.expected.get(name) : this.strange.get(name);
    if (known !== undefined) return Promise.resolve(known);
    const others = this.waiting.get(name);
    if (others === undefined && !isExpected && this.pace.take('', this.now()) > 0)
      return Promise.resolve(null);
    return new Promise((resolve) => {
      if (others !== undefined) {
        others.push(resolve);
        return;
      }
      const keep = (answer: Answer): void => {
        if (answer !== null) (isExpected ? this.expected : this.strange).set(name, answer);
        resolve(answer);
      };
      this.waiting.set(name, [keep]);
      this.ask(name);
      setTimeout(() => this.settle(name, null), PATIENCE_MS).unref();
    });
  }

  /** The master's answer. */
  settle(name: string, answer: Answer): void {
    const waiting = this.waiting.get(name) ?? [];
    this.waiting.delete(name);
    for (const resolve of waiting) resolve(answer);
  }

  /** Forgets everything: the authority may have changed. */
  clear(): void {
    this.expected.clear();
    this.strange.clear();
  }
}
