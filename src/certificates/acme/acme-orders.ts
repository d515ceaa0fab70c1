/** Orders a certificate for each name and renews it, one after the other, for as long as the front runs. */

import { X509Certificate } from 'node:crypto';
import type { CertificateOrders, CertificateUser } from '../../shared/acme.js';
import { dayOf } from '../../shared/day.js';
import { ChallengeBoard } from './challenge-board.js';
import {
  type NameState,
  newNameState,
  recallFailures,
  rememberFailures,
  takeRenewalRequest,
} from './name-memory.js';
import { Orderer, type OrdererParts } from './orderer.js';
import { pause } from './pause.js';
import { AcmeError } from './protocol/problem.js';
import {
  formatDelay,
  lastMoment,
  plannedTime,
  pollDelay,
  renewalTime,
  retryDelay,
  severityOf,
} from './schedule.js';
import {
  certificateId,
  complaintsAbout,
  parseCertificate,
  readNewestCertificate,
  type StoredCertificate,
} from './stored-certificate.js';

export interface AcmeOrdersParts extends OrdererParts {
  /** The clock, the dice and the wait between looks, for tests. */
  readonly now?: () => number;
  readonly random?: () => number;
  readonly sleep?: (ms: number, signal: AbortSignal) => Promise<void>;
}

/** Often enough after the machine has slept, and no timer of more than 24 days. */
const MAX_SLEEP_MS = 5 * 60_000;
/** Fronts that start together ask for renewal information within this. */
const FIRST_POLL_MS = 10 * 60_000;

/** A certificate that is there, and the authority that it came from. */
interface Held {
  readonly orderer: Orderer;
  readonly certificate: StoredCertificate;
  /** For renewal information; null where the certificate does not name its issuer's key. */
  readonly id: string | null;
}

export class AcmeOrders implements CertificateOrders {
  private readonly states = new Map<string, NameState>();
  private readonly stopping = new AbortController();
  /** By authority, the first choice first. */
  private readonly orderers: readonly Orderer[];
  private running: Promise<void> = Promise.resolve();
  private readonly now: () => number;
  private readonly random: () => number;
  private readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;

  constructor(private readonly parts: AcmeOrdersParts) {
    const { signal } = this.stopping;
    this.orderers = parts.config.directories.map((directory) => new Orderer(parts, directory, signal));
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
      onRecord: (text) => log.hint(`ACME: ${text}`),
    });
    while (!signal.aborted) {
      let nextMs = this.now() + MAX_SLEEP_MS;
      for (const name of config.names) {
        if (signal.aborted) return;
        nextMs = Math.min(nextMs, await this.attend(name, board, user));
      }
      await this.sleep(Math.max(nextMs - this.now(), 0), signal).catch(() => undefined);
    }
  }

  /** Orders the name's certificate when it is time. @returns when to look again */
  private async attend(name: string, board: ChallengeBoard, user: CertificateUser): Promise<number> {
    const state = await this.stateOf(name);
    let held: Held | undefined;
    try {
      await this.obeyRequests(name, state);
      if (state.failures > 0 && state.nextMs > this.now()) return state.nextMs;
      held = await this.heldOf(name);
      if (held !== undefined) await this.askForPlan(name, held, state);
      const dueMs = this.dueTime(held, state);
      if (dueMs > this.now()) return held === undefined ? dueMs : Math.min(dueMs, state.pollMs);
      await this.renew(name, board, state);
      if (state.failures > 0) {
        state.failures = 0;
        await this.remember(name, state);
      }
      user.certificatesChanged();
      return this.now();
    } catch (error) {
      if (this.stopping.signal.aborted) return Number.POSITIVE_INFINITY;
      return this.fail(name, held?.certificate, state, error);
    }
  }

  /** A person has asked for a new certificate (`tlsfront acme renew`): it is due now, whatever has failed before. */
  private async obeyRequests(name: string, state: NameState): Promise<void> {
    for (const { keys } of this.orderers) {
      if (!(await takeRenewalRequest(this.parts.store, keys, name))) continue;
      Object.assign(state, { failures: 0, nextMs: 0, earliestMs: 0 });
      const held = await this.heldOf(name);
      if (held?.id != null) state.plan = { id: held.id, startMs: 0, endMs: 0, random: 0 };
    }
  }

  private async stateOf(name: string): Promise<NameState> {
    const known = this.states.get(name);
    if (known !== undefined) return known;
    const state = newNameState();
    state.pollMs = this.now() + this.random() * FIRST_POLL_MS;
    const { keys } = this.first;
    const recalled = await recallFailures(this.parts.store, keys, name, this.now()).catch(() => null);
    if (recalled !== null) Object.assign(state, recalled);
    this.states.set(name, state);
    return state;
  }

  private get first(): Orderer {
    const [first] = this.orderers;
    if (first === undefined) throw new Error('no authority');
    return first;
  }

  private async heldOf(name: string): Promise<Held | undefined> {
    const { store, config } = this.parts;
    const newest = await readNewestCertificate(store, config.directories, name);
    const orderer = this.orderers.find(({ directory }) => directory === newest?.directory);
    if (newest === undefined || orderer === undefined) return undefined;
    const { certificate } = newest;
    return { orderer, certificate, id: certificateId(new X509Certificate(certificate.chainPem).raw) };
  }

  /** Asks the certificate's authority when it is to be renewed (RFC 9773), as often as it wants to be asked. */
  private async askForPlan(name: string, { orderer, id }: Held, state: NameState): Promise<void> {
    if (id === null || this.now() < state.pollMs) return;
    state.pollMs = this.now() + pollDelay(null);
    try {
      const information = await orderer.renewalInformation(id);
      if (information === null) return;
      state.pollMs = this.now() + pollDelay(information.againMs);
      const { startMs, endMs, explanation } = information.window;
      const { plan } = state;
      if (plan?.id === id && plan.startMs === startMs && plan.endMs === endMs) return;
      state.plan = { id, startMs, endMs, random: this.random() };
      if (explanation === null) return;
      this.parts.log.warning(
        `ACME: the authority wants ${name} renewed ${dayOf(startMs)}, see ${explanation}`,
      );
    } catch {
      // Without it certificates are renewed at their usual time; the next question comes by itself.
    }
  }

  private dueTime(held: Held | undefined, state: NameState): number {
    if (held === undefined) return state.nextMs;
    const { certificate, id } = held;
    if (state.jitter.endMs !== certificate.endMs) {
      state.jitter = { endMs: certificate.endMs, random: this.random() };
    }
    const plan = state.plan?.id === id ? state.plan : null;
    const dueMs =
      plan !== null
        ? // An authority that plans too late must not let its certificates run out.
          Math.min(plannedTime(plan), lastMoment(certificate))
        : Math.max(renewalTime(certificate, state.jitter.random), state.earliestMs);
    return Math.max(dueMs, state.nextMs);
  }

  /** Under the lock of the name, so that of several fronts on one store only one orders. */
  private async renew(name: string, board: ChallengeBoard, state: NameState): Promise<void> {
    const { store, log } = this.parts;
    await store.withLock(this.first.keys.certificate(name), async () => {
      const held = await this.heldOf(name);
      // Another front was faster.
      if (held !== undefined && this.dueTime(held, state) > this.now()) return;
      const { orderer, pem } = await this.orderFrom(name, board, held);
      const certificate = parseCertificate(pem, name);
      if (certificate === undefined || certificate.endMs <= this.now()) {
        throw new AcmeError(`${name}: the authority sent a certificate that cannot be served`, null);
      }
      for (const complaint of complaintsAbout(pem)) {
        log.warning(`ACME: ${name}: of what the authority sent: ${complaint}`);
      }
      await store.put(orderer.keys.certificate(name), pem);
      const leftMs = certificate.endMs - this.now();
      // However old the authority says it is: it is not ordered again at once.
      state.earliestMs = this.now() + leftMs / 2;
      // Nor where its renewal information has passed already.
      state.nextMs = this.now() + leftMs / 100;
      state.plan = null;
      state.pollMs = this.now() + this.random() * FIRST_POLL_MS;
      const dueMs = this.dueTime({ orderer, certificate, id: null }, state);
      log.line(
        `ACME: ${name} has a certificate until ${dayOf(certificate.endMs)}; it is renewed about ${dayOf(dueMs)}`,
      );
    });
  }

  /** Asks one authority after the other. @throws AcmeError of the last */
  private async orderFrom(
    name: string,
    board: ChallengeBoard,
    held: Held | undefined,
  ): Promise<{ readonly orderer: Orderer; readonly pem: string }> {
    const { log } = this.parts;
    const what = held === undefined ? 'a certificate' : 'a new certificate';
    for (const [index, orderer] of this.orderers.entries()) {
      const { host } = new URL(orderer.directory);
      log.line(`ACME: ordering ${what} for ${name} from ${host}`);
      const replaces = held?.orderer === orderer ? held.id : null;
      try {
        return { orderer, pem: await orderer.order(name, board, replaces) };
      } catch (error) {
        const next = this.orderers[index + 1];
        if (next === undefined || !(error instanceof AcmeError) || this.stopping.signal.aborted) throw error;
        log.warning(`ACME: ${host}: ${error.message}; trying ${new URL(next.directory).host}`);
        if (error.hint !== null) log.hint(error.hint);
      }
    }
    throw new AcmeError(`${name}: there is no authority to ask`, null);
  }

  /** Tells of a failure and when the next attempt is. @returns that time */
  private async fail(
    name: string,
    stored: StoredCertificate | undefined,
    state: NameState,
    error: unknown,
  ): Promise<number> {
    const { log } = this.parts;
    const { message, hint, retryAfterMs } = readFailure(error);
    state.failures += 1;
    const delayMs = retryDelay(
      state.failures,
      this.random(),
      retryAfterMs,
      stored === undefined ? null : stored.endMs - stored.startMs,
    );
    state.nextMs = this.now() + delayMs;
    await this.remember(name, state);
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

  /** A store that cannot be written is told by the order itself. */
  private async remember(name: string, state: NameState): Promise<void> {
    await rememberFailures(this.parts.store, this.first.keys, name, state).catch(() => undefined);
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
