/** Asks the master for certificates of names that have none here, once each: of new development names, and of those that `--acme-ask` may allow. */
import type {
  CertificateMaterial,
  LeafAnswer,
  LeafRefusal,
} from '../../src/shared/messages/router-messages.js';
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
/** The master gives a customer's name 20 seconds, and answers then. */
const CUSTOMER_PATIENCE_MS = 25_000;
/** Customers' names that the master is asked about at a time; it takes no more than 256 of both kinds. */
export const MAX_CUSTOMERS_ASKED = 128;

const HOST_NAME =
  /^(?=.{1,253}$)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/;

type Answer = CertificateMaterial | null;

/** One question to the master. */
interface Waiting {
  readonly resolve: ((answer: LeafAnswer) => void)[];
  readonly timer: NodeJS.Timeout;
}

const NOTHING: LeafAnswer = { certificate: null, refusal: null };

/** One for each router. */
export class LeafRequests {
  /** Of names that somebody here has given: as many as there are. */
  private readonly expected = new Map<string, Answer>();
  private readonly strange = new RecentMap<NonNullable<Answer>>(MAX_STRANGE_NAMES);
  private readonly pace = new RateLimiter(STRANGE_NAMES_A_SECOND, 1000, STRANGE_NAMES_AT_ONCE);
  private readonly waiting = new Map<string, Waiting>();

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
    const isAsked = this.waiting.has(name);
    if (!isAsked && !isExpected && this.pace.take('', this.now()) > 0) return Promise.resolve(null);
    return new Promise((resolve) => {
      this.await(name, PATIENCE_MS, NOTHING, ({ certificate }) => {
        if (!isAsked && certificate !== null)
          (isExpected ? this.expected : this.strange).set(name, certificate);
        resolve(certificate);
      });
    });
  }

  /** What the master has for a name that nobody has given; the bounds are the master's, who knows which names it has. */
  obtain(name: string): Promise<LeafAnswer> {
    if (!HOST_NAME.test(name) || !name.includes('.')) {
      return refused('unfit', 'a client asks for what is no host name');
    }
    if (!this.waiting.has(name) && this.waiting.size >= MAX_CUSTOMERS_ASKED) {
      return refused('limited', `${name} was not looked for: too many new names at once`);
    }
    const text = `the master says nothing of ${name} in time`;
    const late: LeafAnswer = { certificate: null, refusal: { kind: 'pending', text } };
    return new Promise((resolve) => this.await(name, CUSTOMER_PATIENCE_MS, late, resolve));
  }

  /** Hears the answer to a question that is put unless it is already. */
  private await(name: string, patienceMs: number, late: LeafAnswer, resolve: Waiting['resolve'][0]): void {
    const others = this.waiting.get(name);
    if (others !== undefined) {
      others.resolve.push(resolve);
      return;
    }
    const timer = setTimeout(() => this.settle(name, late), patienceMs);
    timer.unref();
    this.waiting.set(name, { resolve: [resolve], timer });
    this.ask(name);
  }

  /** The master's answer. */
  settle(name: string, answer: LeafAnswer): void {
    const waiting = this.waiting.get(name);
    if (waiting === undefined) return;
    this.waiting.delete(name);
    clearTimeout(waiting.timer);
    for (const resolve of waiting.resolve) resolve(answer);
  }

  /** Forgets everything: the authority may have changed. */
  clear(): void {
    this.expected.clear();
    this.strange.clear();
  }
}

function refused(kind: LeafRefusal['kind'], text: string): Promise<LeafAnswer> {
  return Promise.resolve({ certificate: null, refusal: { kind, text } });
}
