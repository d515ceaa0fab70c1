/** Orders and renews the certificate of single names: when it is due, from which authority, and what is said and remembered of failures. */

import { X509Certificate } from 'node:crypto';
import { dayOf } from '../../shared/day.js';
import type { ChallengeBoard } from './challenge-board.js';
import {
  listRenewalRequests,
  type NameState,
  newNameState,
  recallFailures,
  rememberFailures,
  takeRenewalRequest,
} from './name-memory.js';
import { Orderer, type OrdererParts } from './orderer.js';
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
  readNewestCertificate,
  requireCertificate,
  type StoredCertificate,
} from './stored-certificate.js';

/** The clock and the dice, for tests. */
export interface Chances {
  now(): number;
  random(): number;
}

/** Fronts that start together ask for renewal information within this. */
const FIRST_POLL_MS = 10 * 60_000;

/** A certificate that is there, and the authority that it came from. */
interface Held {
  readonly orderer: Orderer;
  readonly certificate: StoredCertificate;
  /** For renewal information; null where the certificate does not name its issuer's key. */
  readonly id: string | null;
}

/** What may be done for one name, and who hears of it. */
export interface Attendance {
  /** Asked before each order. @throws AcmeError where there is to be none */
  consent(): Promise<void>;
  /** There is a newer certificate. */
  onRenewed(): void;
}

/** Whoever is asked for consent has said no: said once, not at every attempt. */
export class RefusedRenewal extends AcmeError {}

export class CertificateRenewer {
  private readonly states = new Map<string, NameState>();
  /** By authority, the first choice first. */
  private readonly orderers: readonly Orderer[];

  /** @param signal ends everything */
  constructor(
    private readonly parts: OrdererParts,
    private readonly board: ChallengeBoard,
    private readonly chances: Chances,
    private readonly signal: AbortSignal,
  ) {
    this.orderers = parts.config.directories.map((directory) => new Orderer(parts, directory, signal));
  }

  /** No order for the name before this; 0: there may be one. */
  async pausedUntil(name: string): Promise<number> {
    const { failures, nextMs } = await this.stateOf(name);
    return failures > 0 ? nextMs : 0;
  }

  /** Whether its last attempt of this process has failed. */
  hasFailed(name: string): boolean {
    return (this.states.get(name)?.failures ?? 0) > 0;
  }

  /** Frees the memory of a name; that an order has failed stays in the store. */
  forget(name: string): void {
    this.states.delete(name);
  }

  /** Those that a person wants renewed (`tlsfront acme renew`). */
  async requestedNames(): Promise<ReadonlySet<string>> {
    const all = await Promise.all(
      this.orderers.map(({ keys }) => listRenewalRequests(this.parts.store, keys)),
    );
    return new Set(all.flat());
  }

  /** Orders the name's certificate when it is time. @returns when to look again */
  async attend(name: string, { consent, onRenewed }: Attendance): Promise<number> {
    const state = await this.stateOf(name);
    let held: Held | undefined;
    try {
      await this.obeyRequests(name, state);
      if (state.failures > 0 && state.nextMs > this.chances.now()) return state.nextMs;
      held = await this.heldOf(name);
      if (held !== undefined) await this.askForPlan(name, held, state);
      const dueMs = this.dueTime(held, state);
      if (dueMs > this.chances.now()) return held === undefined ? dueMs : Math.min(dueMs, state.pollMs);
      await this.renew(name, state, consent);
      onRenewed();
      return this.chances.now();
    } catch (error) {
      if (this.signal.aborted) return Number.POSITIVE_INFINITY;
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
    state.pollMs = this.chances.now() + this.chances.random() * FIRST_POLL_MS;
    const { keys } = this.first;
    const recalled = await recallFailures(this.parts.store, keys, name, this.chances.now()).catch(() => null);
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
    if (id === null || this.chances.now() < state.pollMs) return;
    state.pollMs = this.chances.now() + pollDelay(null);
    try {
      const information = await orderer.renewalInformation(id);
      if (information === null) return;
      state.pollMs = this.chances.now() + pollDelay(information.againMs);
      const { startMs, endMs, explanation } = information.window;
      const { plan } = state;
      if (plan?.id === id && plan.startMs === startMs && plan.endMs === endMs) return;
      state.plan = { id, startMs, endMs, random: this.chances.random() };
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
      state.jitter = { endMs: certificate.endMs, random: this.chances.random() };
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
  private async renew(name: string, state: NameState, consent: () => Promise<void>): Promise<void> {
    const { store, log } = this.parts;
    await store.withLock(this.first.keys.certificate(name), async () => {
      const held = await this.heldOf(name);
      // Another front was faster.
      if (held !== undefined && this.dueTime(held, state) > this.chances.now()) return;
      await consent();
      const { orderer, pem } = await this.orderFrom(name, held);
      const certificate = requireCertificate(pem, name, this.chances.now());
      for (const complaint of complaintsAbout(pem)) {
        log.warning(`ACME: ${name}: of what the authority sent: ${complaint}`);
      }
      await store.put(orderer.keys.certificate(name), pem);
      const leftMs = certificate.endMs - this.chances.now();
      // However old the authority says it is: it is not ordered again at once.
      state.earliestMs = this.chances.now() + leftMs / 2;
      // Nor where its renewal information has passed already.
      state.nextMs = this.chances.now() + leftMs / 100;
      state.plan = null;
      state.pollMs = this.chances.now() + this.chances.random() * FIRST_POLL_MS;
      const dueMs = this.dueTime({ orderer, certificate, id: null }, state);
      log.line(
        `ACME: ${name} has a certificate until ${dayOf(certificate.endMs)}; it is renewed about ${dayOf(dueMs)}`,
      );
    });
    if (state.failures > 0) {
      state.failures = 0;
      await this.remember(name, state);
    }
  }

  /** Asks one authority after the other. @throws AcmeError of the last */
  private async orderFrom(
    name: string,
    held: Held | undefined,
  ): Promise<{ readonly orderer: Orderer; readonly pem: string }> {
    const { log } = this.parts;
    const what = held === undefined ? 'a certificate' : 'a new certificate';
    for (const [index, orderer] of this.orderers.entries()) {
      const { host } = new URL(orderer.directory);
      log.line(`ACME: ordering ${what} for ${name} from ${host}`);
      const replaces = held?.orderer === orderer ? held.id : null;
      try {
        return { orderer, pem: await orderer.order(name, this.board, replaces) };
      } catch (error) {
        const next = this.orderers[index + 1];
        if (next === undefined || !(error instanceof AcmeError) || this.signal.aborted) throw error;
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
      this.chances.random(),
      retryAfterMs,
      stored === undefined ? null : stored.endMs - stored.startMs,
    );
    state.nextMs = this.chances.now() + delayMs;
    await this.remember(name, state);
    if (error instanceof RefusedRenewal && state.failures > 1) return state.nextMs;
    const subject = message.startsWith(`${name}: `) ? message : `${name}: ${message}`;
    const again = `next attempt ${formatDelay(delayMs)}`;
    if (stored === undefined) {
      log.error(`ACME: no certificate yet for ${subject}; ${again}`);
    } else {
      const leftMs = stored.endMs - this.chances.now();
      const left =
        leftMs <= 0 ? 'the old one has run out' : `the old one holds, it ends ${formatDelay(leftMs)}`;
      log[severityOf(stored, this.chances.now())](
        `ACME: no new certificate for ${subject}; ${left}; ${again}`,
      );
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
