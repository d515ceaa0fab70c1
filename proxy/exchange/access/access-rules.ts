/** All rules of access of a router, compiled: what the gate asks at each request. */
import type {
  AccessConfig,
  AccessMaterial,
  AccessScope,
  Debt,
  ForwardAuthRule,
  Spending,
} from '../../../src/shared/config/access.js';
import { parsePasswordHash } from '../../../src/shared/password-hash.js';
import { clientAddressOf } from '../client-address.js';
import { buildErrorReply } from '../reply/local-reply.js';
import type { ConnectionFacts, RequestHead, SitePolicy } from '../types.js';
import { AddressRules } from './address-rules.js';
import type { EntryStep } from './inquiry.js';
import { BasicAuth } from './passwords/basic-auth.js';
import { PasswordFile } from './passwords/password-file.js';
import { PasswordVerifier } from './passwords/verifier.js';
import { RateLimits, type RateRefusal, type RateSharing } from './rate-limits.js';
import {
  byNarrowness,
  type CompiledScope,
  compileScope,
  findNarrowest,
  type Place,
  placeOf,
} from './scope.js';

/** What rules without a scope are asked about. */
const ANYWHERE: Place = { site: null, listener: 0, host: '', path: '', plainPath: '', dottedPath: '' };

/** A question that requests of one scope are asked. */
interface EntryRule {
  readonly scope: CompiledScope;
  readonly step: EntryStep;
}

/** Nobody is asked yet. */
const REFUSE: EntryStep = {
  ask(exchange, done) {
    exchange.failed('forward_auth_failed');
    done(buildErrorReply('forward_auth_failed', exchange.head, exchange.requestId));
    return null;
  },
};

const NO_STEPS: readonly EntryStep[] = [];

export class AccessRules {
  private readonly passwordFiles = new Map<string, PasswordFile>();
  /** The narrowest first. */
  private readonly passwords: readonly EntryRule[];
  /** The narrowest first; until they can ask they refuse. */
  private authorizers: readonly EntryRule[];
  private readonly verifier = new PasswordVerifier();
  private readonly addresses: AddressRules;
  private readonly rates: RateLimits;
  /** False where every rule holds for every request: nobody then looks at its host and path. */
  private readonly needsPlace: boolean;

  /** @param ports of all listeners as configured, by index */
  constructor(
    private readonly config: AccessConfig,
    private readonly ports: readonly number[],
    sharing: RateSharing | null = null,
  ) {
    this.addresses = new AddressRules(config.addresses, ports);
    this.rates = new RateLimits(config.rateLimits, ports, sharing);
    this.passwords = config.passwords
      .map((rule) => {
        const file = this.passwordFiles.get(rule.file) ?? new PasswordFile(this.verifier);
        this.passwordFiles.set(rule.file, file);
        return { scope: compileScope(rule.scope, ports), step: new BasicAuth(rule, file) };
      })
      .sort(byNarrowness);
    this.authorizers = this.compileAuthorizers(() => REFUSE);
    const scopes = [
      ...config.forwardAuth,
      ...config.addresses,
      ...config.rateLimits,
      ...config.passwords,
    ].map(({ scope }) => scope);
    this.needsPlace = scopes.some(isNarrow) || config.rateLimits.some(({ path }) => path !== '');
  }

  /** Null where the configuration has no rules. */
  static compile(
    config: AccessConfig,
    ports: readonly number[],
    sharing: RateSharing | null,
  ): AccessRules | null {
    const { addresses, rateLimits, passwords, forwardAuth } = config;
    return addresses.length + rateLimits.length + passwords.length + forwardAuth.length === 0
      ? null
      : new AccessRules(config, ports, sharing);
  }

  /** Takes what the files hold now. */
  update(material: AccessMaterial): void {
    this.addresses.update(material);
    for (const [name, file] of this.passwordFiles) file.update(material.passwords[name] ?? []);
  }

  /** Starts what must be started before this process gives its rights up. */
  async prepare({ passwords }: AccessMaterial): Promise<void> {
    const hashes = Object.values(passwords).flat();
    if (hashes.some(([, hash]) => parsePasswordHash(hash)?.kind === 'bcrypt')) await this.verifier.prepare();
  }

  /** What is asked about a request before it goes to its app. */
  stepsFor(place: Place): readonly EntryStep[] {
    if (this.passwords.length + this.authorizers.length === 0) return NO_STEPS;
    const rules = [...findNarrowest(this.passwords, place), ...findNarrowest(this.authorizers, place)];
    return rules.map(({ step }) => step);
  }

  /** Gives each rule of `--forward-auth` who asks. */
  setAuthorizers(make: (rule: ForwardAuthRule, index: number) => EntryStep): void {
    this.authorizers = this.compileAuthorizers(make);
  }

  private compileAuthorizers(
    make: (rule: ForwardAuthRule, index: number) => EntryStep,
  ): readonly EntryRule[] {
    return this.config.forwardAuth
      .map((rule, index) => ({ scope: compileScope(rule.scope, this.ports), step: make(rule, index) }))
      .sort(byNarrowness);
  }

  /** Where a request goes, for the other questions. */
  placeOf(head: RequestHead, facts: ConnectionFacts, site: number | null): Place {
    return this.needsPlace ? placeOf(head, facts, site) : ANYWHERE;
  }

  /** By `--allow` and `--deny`: the address that is kept out; null: it may come in. */
  findKeptOut(head: RequestHead, facts: ConnectionFacts, policy: SitePolicy, place: Place): string | null {
    const address = clientAddressOf(head, facts, policy);
    return this.addresses.admits(address, place) ? null : address;
  }

  /** By `--rate-limit`: counts the request; null: it may pass. */
  countRequest(
    head: RequestHead,
    facts: ConnectionFacts,
    policy: SitePolicy,
    place: Place,
    nowMs: number,
  ): RateRefusal | null {
    return this.rates.check(head, facts, policy, place, nowMs);
  }

  /** Counts what another router has let pass. */
  chargeRequests(spent: readonly Spending[]): void {
    this.rates.charge(spent, performance.now());
  }

  /** What clients have taken of their rates. */
  get debts(): readonly Debt[] {
    return this.rates.debtsAt(performance.now(), Date.now());
  }

  /** Goes on where other routers ended. */
  takeDebts(debts: readonly Debt[]): void {
    this.rates.takeDebts(debts, performance.now(), Date.now());
  }
}

function isNarrow({ site, host, port, prefix }: AccessScope): boolean {
  return site !== null || host !== '' || port !== 0 || prefix !== '';
}
