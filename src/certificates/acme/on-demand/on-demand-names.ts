/** Certificates for names that nobody has given (`--acme-ask`): the operator is asked at their first handshake, and again before each renewal. */
import type { LeafAnswer, LeafRefusal } from '../../../shared/messages/router-messages.js';
import { type CertificateRenewer, RefusedRenewal } from '../certificate-renewer.js';
import { forgetOldFailures } from '../name-memory.js';
import type { OrdererParts } from '../orderer.js';
import { AcmeError } from '../protocol/problem.js';
import {
  type AuthorityKeys,
  keysOf,
  readNewestCertificate,
  type StoredCertificate,
} from '../stored-certificate.js';
import { whyUnfit } from './fit-names.js';
import { KeptNames, MAX_KEPT_NAMES } from './kept-names.js';
import { OrderPace } from './order-pace.js';
import { Questions } from './questions.js';

/** A handshake waits so long for its certificate; the order goes on, and the next one finds it. */
export const HANDSHAKE_MS = 20_000;
export const MAX_ORDERS_AT_ONCE = 4;
/** Orders that wait for their turn. */
export const MAX_ORDERS_WAITING = 64;
/** A name whose renewal the operator refuses is asked about again after this, as long as its certificate holds. */
const ASK_AGAIN_MS = 6 * 3_600_000;
const SWEEP_EVERY_MS = 86_400_000;
const MAX_SLEEP_MS = 5 * 60_000;
const MIN_SLEEP_MS = 1_000;

/** What it is made of, beside what every order needs. */
export interface OnDemandParts extends Pick<OrdererParts, 'config' | 'store' | 'log'> {
  /** Asks the operator. @returns the status; @throws Error that says why there is none */
  ask(name: string): Promise<number>;
  now(): number;
  sleep(ms: number, signal: AbortSignal): Promise<void>;
  readonly signal: AbortSignal;
  /** A name's certificate is another one, or gone. */
  onChanged(name: string): void;
}

export class OnDemandNames {
  /** Of the first authority. */
  private readonly keys: AuthorityKeys;
  private readonly kept: KeptNames;
  private readonly questions: Questions;
  private readonly pace: OrderPace;
  /** Null until orders can be made. */
  private renewer: CertificateRenewer | null = null;
  private readonly underWay = new Map<string, Promise<LeafAnswer>>();
  private ordering = 0;
  private readonly waiting: (() => void)[] = [];
  private readonly dueAtMs = new Map<string, number>();
  private sweepMs = 0;
  /** Those whose last renewal has failed, or was refused. */
  private readonly failing = new Set<string>();

  constructor(private readonly parts: OnDemandParts) {
    const { config, store } = parts;
    const [first = ''] = config.directories;
    const now = (): number => parts.now();
    this.keys = keysOf(first);
    this.kept = new KeptNames(store, this.keys);
    this.questions = new Questions((name) => parts.ask(name), now);
    this.pace = new OrderPace(store, this.keys.pace, now);
  }

  /** How many there are, and how many of them are not renewed. */
  get counts(): { readonly kept: number; readonly failing: number } {
    return { kept: this.kept.size, failing: this.failing.size };
  }

  /** What a client that asks for the name is served; within HANDSHAKE_MS, and never rejects. */
  async obtain(name: string): Promise<LeafAnswer> {
    const unfit = whyUnfit(name);
    if (unfit !== null) return refuse('unfit', `${name} gets no certificate: ${unfit}`);
    try {
      const stored = await this.storedOf(name);
      return stored === null ? await this.inTime(name, this.begin(name)) : serve(stored);
    } catch (error) {
      return refuse('failed', `${name} gets no certificate: ${messageOf(error)}`);
    }
  }

  /** Renews what is kept until the signal comes. */
  async run(renewer: CertificateRenewer): Promise<void> {
    this.renewer = renewer;
    const { signal, log } = this.parts;
    while (!signal.aborted) {
      let nextMs = this.parts.now() + MAX_SLEEP_MS;
      try {
        await this.sweep();
        nextMs = await this.renewAll(renewer, nextMs);
      } catch (error) {
        log.warning(`ACME: certificates on demand are not looked after: ${messageOf(error)}`);
      }
      const sleepMs = Math.max(nextMs - this.parts.now(), MIN_SLEEP_MS);
      await this.parts.sleep(sleepMs, signal).catch(() => undefined);
    }
  }

  /** What is remembered of names that have got no certificate would pile up: anybody may point a domain here. */
  private async sweep(): Promise<void> {
    const nowMs = this.parts.now();
    if (nowMs < this.sweepMs) return;
    this.sweepMs = nowMs + SWEEP_EVERY_MS;
    const { store, config } = this.parts;
    await this.kept.load();
    const isWanted = (name: string): boolean => this.kept.has(name) || config.names.includes(name);
    await forgetOldFailures(store, this.keys, isWanted, nowMs);
  }

  private async renewAll(renewer: CertificateRenewer, latestMs: number): Promise<number> {
    const { signal } = this.parts;
    let nextMs = latestMs;
    await this.kept.load();
    const requested = await renewer.requestedNames();
    for (const name of this.kept.all) {
      if (signal.aborted) return nextMs;
      // Given by now: it is looked after with the others.
      if (this.parts.config.names.includes(name)) continue;
      const dueMs = this.dueAtMs.get(name) ?? 0;
      nextMs = Math.min(
        nextMs,
        dueMs > this.parts.now() && !requested.has(name) ? dueMs : await this.renew(name, renewer),
      );
    }
    return nextMs;
  }

  private async renew(name: string, renewer: CertificateRenewer): Promise<number> {
    const nextMs = await renewer.attend(name, {
      consent: () => this.requireConsent(name),
      onRenewed: () => this.parts.onChanged(name),
    });
    if (renewer.hasFailed(name)) this.failing.add(name);
    else this.failing.delete(name);
    this.dueAtMs.set(name, nextMs);
    if (this.parts.signal.aborted || (await this.storedOf(name)) !== null) return nextMs;
    // It has run out. If it is somebody's still, the next handshake asks anew.
    await this.kept.drop(name, this.parts.config.directories.map(keysOf));
    this.failing.delete(name);
    this.dueAtMs.delete(name);
    this.parts.log.line(`ACME: the certificate of ${name} has run out and is kept no longer`);
    this.parts.onChanged(name);
    return Number.POSITIVE_INFINITY;
  }

  private async requireConsent(name: string): Promise<void> {
    const verdict = await this.questions.askAnew(name);
    if (verdict === 'yes') return;
    if (verdict.kind !== 'denied') throw new AcmeError(`${name}: ${verdict.text}`, null);
    throw new RefusedRenewal(`${name}: ${verdict.text}`, null, { retryAfterMs: ASK_AGAIN_MS });
  }

  private async storedOf(name: string): Promise<StoredCertificate | null> {
    await this.kept.load();
    if (!this.kept.has(name)) return null;
    const { store, config } = this.parts;
    const newest = await readNewestCertificate(store, config.directories, name);
    return newest !== undefined && newest.certificate.endMs > this.parts.now() ? newest.certificate : null;
  }

  /** Handshakes of one name wait for one answer. */
  private begin(name: string): Promise<LeafAnswer> {
    const known = this.underWay.get(name);
    if (known !== undefined) return known;
    const begun = this.decide(name)
      .catch((error: unknown) => refuse('failed', `${name} gets no certificate: ${messageOf(error)}`))
      .finally(() => this.underWay.delete(name));
    this.underWay.set(name, begun);
    return begun;
  }

  private async decide(name: string): Promise<LeafAnswer> {
    const verdict = await this.questions.ask(name);
    if (verdict !== 'yes') return { certificate: null, refusal: verdict };
    const { renewer } = this;
    if (renewer === null) return refuse('pending', `${name} has no certificate yet: the front is starting`);
    const againMs = await renewer.pausedUntil(name);
    if (againMs > this.parts.now()) {
      const again = new Date(againMs).toISOString();
      return refuse('failed', `${name} has no certificate: its order has failed, next attempt ${again}`);
    }
    if (this.kept.size >= MAX_KEPT_NAMES && !this.kept.has(name)) {
      return refuse('limited', `${name} gets no certificate: ${MAX_KEPT_NAMES} names are kept already`);
    }
    if (this.waiting.length >= MAX_ORDERS_WAITING || !(await this.pace.take())) {
      return refuse('limited', `${name} gets no certificate yet: too many were ordered lately`);
    }
    await this.inTurn(() => this.order(name, renewer));
    const stored = await this.storedOf(name);
    return stored === null
      ? refuse('failed', `${name} has no certificate: its order has failed`)
      : serve(stored);
  }

  private async order(name: string, renewer: CertificateRenewer): Promise<void> {
    const { store, config, signal } = this.parts;
    if (signal.aborted) return;
    await renewer.attend(name, { consent: () => Promise.resolve(), onRenewed: () => undefined });
    const newest = await readNewestCertificate(store, config.directories, name);
    if (newest === undefined || newest.certificate.endMs <= this.parts.now()) {
      // That it has failed stands in the store.
      renewer.forget(name);
      return;
    }
    await this.kept.add(name);
    this.questions.forget(name);
  }

  private async inTurn(work: () => Promise<void>): Promise<void> {
    if (this.ordering >= MAX_ORDERS_AT_ONCE) await new Promise<void>((resolve) => this.waiting.push(resolve));
    else this.ordering += 1;
    try {
      await work();
    } finally {
      const next = this.waiting.shift();
      // The place goes to the next as it is.
      if (next === undefined) this.ordering -= 1;
      else next();
    }
  }

  private inTime(name: string, answer: Promise<LeafAnswer>): Promise<LeafAnswer> {
    return new Promise((resolve) => {
      const text = `the certificate of ${name} has not come within ${HANDSHAKE_MS / 1000} s; it is on its way`;
      const timer = setTimeout(() => resolve(refuse('pending', text)), HANDSHAKE_MS);
      timer.unref();
      void answer.then((settled) => {
        clearTimeout(timer);
        resolve(settled);
      });
    });
  }
}

function serve({ chainPem, keyPem, names }: StoredCertificate): LeafAnswer {
  return { certificate: { chainPem, keyPem, names }, refusal: null };
}

function refuse(kind: LeafRefusal['kind'], text: string): LeafAnswer {
  return { certificate: null, refusal: { kind, text } };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
