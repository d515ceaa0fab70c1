/** Orders a certificate for each name and renews it, one after the other, for as long as the front runs; others at their first handshake. */

import type { CertificateOrders, CertificateUser, OnDemandCounts } from '../../shared/config/acme.js';
import type { LeafAnswer } from '../../shared/messages/router-messages.js';
import { CertificateRenewer } from './certificate-renewer.js';
import { ChallengeBoard } from './challenge-board.js';
import { askUrl, questionFor } from './on-demand/ask-url.js';
import { OnDemandNames } from './on-demand/on-demand-names.js';
import { QUESTION_MS } from './on-demand/questions.js';
import type { OrdererParts } from './orderer.js';
import { pause } from './pause.js';

export interface AcmeOrdersParts extends OrdererParts {
  /** The clock, the dice and the wait between looks, for tests. */
  readonly now?: () => number;
  readonly random?: () => number;
  readonly sleep?: (ms: number, signal: AbortSignal) => Promise<void>;
}

/** Often enough after the machine has slept, and no timer of more than 24 days. */
const MAX_SLEEP_MS = 5 * 60_000;

export class AcmeOrders implements CertificateOrders {
  private readonly stopping = new AbortController();
  /** Null without `--acme-ask`. */
  private readonly onDemand: OnDemandNames | null;
  private user: CertificateUser | null = null;
  private running: Promise<unknown> = Promise.resolve();
  private readonly now: () => number;
  private readonly random: () => number;
  private readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;

  constructor(private readonly parts: AcmeOrdersParts) {
    this.now = parts.now ?? Date.now;
    this.random = parts.random ?? Math.random;
    this.sleep = parts.sleep ?? pause;
    const { config, store, log } = parts;
    const { now, sleep } = this;
    const { signal } = this.stopping;
    const { ask } = config;
    this.onDemand =
      ask === null
        ? null
        : new OnDemandNames({
            ...{ config, store, log, now, sleep, signal },
            ask: (name) => this.ask(ask, name),
            onChanged: (name) => this.user?.leafChanged(name),
          });
  }

  start(user: CertificateUser): void {
    this.user = user;
    this.running = this.run(user);
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await this.running;
  }

  async obtain(name: string): Promise<LeafAnswer> {
    return this.onDemand === null ? { certificate: null, refusal: null } : this.onDemand.obtain(name);
  }

  get counts(): OnDemandCounts | null {
    return this.onDemand?.counts ?? null;
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
    const { now, random } = this;
    const renewer = new CertificateRenewer(this.parts, board, { now, random }, signal);
    await Promise.all([this.attendGiven(renewer, user), this.onDemand?.run(renewer)]);
  }

  private async attendGiven(renewer: CertificateRenewer, user: CertificateUser): Promise<void> {
    const { signal } = this.stopping;
    const attendance = {
      consent: () => Promise.resolve(),
      onRenewed: () => user.certificatesChanged(),
    };
    while (!signal.aborted) {
      let nextMs = this.now() + MAX_SLEEP_MS;
      for (const name of this.parts.config.names) {
        if (signal.aborted) return;
        nextMs = Math.min(nextMs, await renewer.attend(name, attendance));
      }
      await this.sleep(Math.max(nextMs - this.now(), 0), signal).catch(() => undefined);
    }
  }

  /** The operator's server, or the app. @throws Error that says why there is no answer */
  private async ask(address: string, name: string): Promise<number> {
    const question = questionFor(address, name);
    if (!address.startsWith('/'))
      return askUrl(question, QUESTION_MS, this.parts.userAgent, this.stopping.signal);
    const status = (await this.user?.askApp(question, QUESTION_MS)) ?? null;
    if (status === null) throw new Error('no app is up');
    if (status === 0) throw new Error(`the app gave no answer within ${QUESTION_MS / 1000} s`);
    return status;
  }
}
