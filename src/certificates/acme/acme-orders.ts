/** Orders a certificate for each name and renews it, one after the other, for as long as the front runs. */
import type { CertificateOrders, CertificateUser } from '../../shared/acme.js';
import { ChallengeBoard } from './challenge-board.js';
import { Orderer, type OrdererParts } from './orderer.js';
import { pause } from './pause.js';
import { AcmeError } from './problem.js';
import { formatDelay, renewalTime, retryDelay, severityOf } from './schedule.js';
import {
  type AuthorityKeys,
  keysOf,
  parseCertificate,
  readStoredCertificate,
  type StoredCertificate,
} from './stored-certificate.js';

export interface AcmeOrdersParts extends OrdererParts {
  /** The clock, the dice and the wait between looks, for tests. */
  readonly now?: () => number;
  readonly random?: () => number;
  readonly sleep?: (ms: number, signal: AbortSignal) => Promise<void>;
}

/** Often enough after the machine has slept, and no timer of more than 24 days. */
const LONGEST_SLEEP_MS = 5 * 60_000;

/** What is remembered of a name between attempts. */
interface NameState {
  failures: number;
  /** No attempt before this. */
  nextMs: number;
  /** Jitter of the certificate that ends then. */
  jitter: { readonly endMs: number; readonly random: number };
}

export class AcmeOrders implements CertificateOrders {
  private readonly keys: AuthorityKeys;
  private readonly states = new Map<string, NameState>();
  private readonly stopping = new AbortController();
  private readonly orderer: Orderer;
  private running: Promise<void> = Promise.resolve();
  private readonly now: () => number;
  private readonly random: () => number;
  private readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;

  constructor(private readonly parts: AcmeOrdersParts) {
    this.keys = keysOf(parts.config.directory);
    this.orderer = new Orderer(parts, this.keys, this.stopping.signal);
    this.now = parts.now ?? Date.now;
    this.random = parts.random ?? Math.random;
    this.sleep = parts.sleep ?? pause;
  }

  start(user: CertificateUser): void {
    this.running = this.run(user);
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await this.running;
  }

  private async run(user: CertificateUser): Promise<void> {
    const { signal } = this.stopping;
    const { config, log } = this.parts;
    const board = new ChallengeBoard({
      user,
      dnsHook: config.dnsHook,
      dnsWaitMs: config.dnsWaitMs,
      signal,
      onWarning: (text) => log.warning(`ACME: ${text}`),
    });
    while (!signal.aborted) {
      let nextMs = this.now() + LONGEST_SLEEP_MS;
      for (const name of config.names) {
        if (signal.aborted) return;
        nextMs = Math.min(nextMs, await this.attend(name, board, user));
      }
      await this.sleep(Math.max(nextMs - this.now(), 0), signal).catch(() => undefined);
    }
  }

  /** Orders the name's certificate when it is time. @returns when to look again */
  private async attend(name: string, board: ChallengeBoard, user: CertificateUser): Promise<number> {
    const state = this.stateOf(name);
    if (state.failures > 0 && state.nextMs > this.now()) return state.nextMs;
    let stored: StoredCertificate | undefined;
    try {
      stored = await readStoredCertificate(this.parts.store, this.keys, name);
      const dueMs = this.dueTime(stored, state);
      if (dueMs > this.now()) return dueMs;
      await this.renew(name, board, state);
      state.failures = 0;
      user.certificatesChanged();
      return this.now();
    } catch (error) {
      if (this.stopping.signal.aborted) return Number.POSITIVE_INFINITY;
      return this.fail(name, stored, state, error);
    }
  }

  private stateOf(name: string): NameState {
    const known = this.states.get(name);
    if (known !== undefined) return known;
    const state: NameState = { failures: 0, nextMs: 0, jitter: { endMs: 0, random: 0 } };
    this.states.set(name, state);
    return state;
  }

  private dueTime(stored: StoredCertificate | undefined, state: NameState): number {
    if (stored === undefined) return state.nextMs;
    if (state.jitter.endMs !== stored.endMs) state.jitter = { endMs: stored.endMs, random: this.random() };
    return Math.max(renewalTime(stored, state.jitter.random), state.nextMs);
  }

  /** Under the lock of the name, so that of several fronts on one store only one orders. */
  private async renew(name: string, board: ChallengeBoard, state: NameState): Promise<void> {
    const { store, log, config } = this.parts;
    const key = this.keys.certificate(name);
    await store.withLock(key, async () => {
      const stored = await readStoredCertificate(store, this.keys, name);
      // Another front was faster.
      if (stored !== undefined && this.dueTime(stored, state) > this.now()) return;
      const what = stored === undefined ? 'a certificate' : 'a new certificate';
      log.line(`ACME: ordering ${what} for ${name} from ${new URL(config.directory).host}`);
      const pem = await this.orderer.order(name, board);
      const certificate = parseCertificate(pem, name);
      if (certificate === undefined || certificate.endMs <= this.now()) {
        throw new AcmeError(`${name}: the authority sent a certificate that cannot be served`, null);
      }
      await store.put(key, pem);
      // However old the authority says it is: it is not ordered again at once.
      state.nextMs = this.now() + (certificate.endMs - this.now()) / 2;
      const dueMs = this.dueTime(certificate, state);
      const day = (ms: number): string => new Date(ms).toISOString().slice(0, 10);
      log.line(
        `ACME: ${name} has a certificate until ${day(certificate.endMs)}; it is renewed about ${day(dueMs)}`,
      );
    });
  }

  /** Tells of a failure and when the next attempt is. @returns that time */
  private fail(
    name: string,
    stored: StoredCertificate | undefined,
    state: NameState,
    error: unknown,
  ): number {
    const { log } = this.parts;
    const { message, hint, retryAfterMs } = readFailure(error);
    state.failures += 1;
    const delayMs = retryDelay(state.failures, this.random(), retryAfterMs);
    state.nextMs = this.now() + delayMs;
    const subject = message.startsWith(`${name}: `) ? message : `${name}: ${message}`;
    const again = `next attempt ${formatDelay(delayMs)}`;
    if (stored === undefined) {
      log.error(`ACME: no certificate yet for ${subject}; ${again}`);
    } else {
      const leftMs = stored.endMs - this.now();
      const left =
        leftMs <= 0 ? 'the old one has run out' : `the old one holds, it ends ${formatDelay(leftMs)}`;
      log[severityOf(stored, this.now())](`ACME: no new certificate for ${subject}; ${left}; ${again}`);
    }
    if (hint !== null) log.hint(hint);
    return state.nextMs;
  }
}

function readFailure(error: unknown): { message: string; hint: string | null; retryAfterMs: number } {
  if (error instanceof AcmeError) {
    const { message, hint, facts } = error;
    return { message, hint, retryAfterMs: facts.retryAfterMs ?? 0 };
  }
  const hint =
    error instanceof Error && 'hint' in error && typeof error.hint === 'string' ? error.hint : null;
  return { message: error instanceof Error ? error.message : String(error), hint, retryAfterMs: 0 };
}
