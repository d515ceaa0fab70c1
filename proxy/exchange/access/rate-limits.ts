/** The rules of `--rate-limit` as the gate asks them: which concern a request, whose it is, and what a refusal says. */
import { createHash } from 'node:crypto';
import {
  type Debt,
  formatScope,
  MAX_DEBTS,
  type RateLimitRule,
  type Spending,
} from '../../../src/shared/config/access.js';
import { fieldValue } from '../../wire/syntax/field-list.js';
import { clientAddressOf, clientKeyOf } from '../client-address.js';
import type { ConnectionFacts, RequestHead, SitePolicy } from '../types.js';
import { RateLimiter } from './rate-limiter.js';
import type { RateShare } from './rate-share.js';
import { type CompiledScope, compileScope, covers, isReadWithin, type Place } from './scope.js';

/** A request that came too soon. */
export interface RateRefusal {
  readonly rule: RateLimitRule;
  readonly retryAfterSeconds: number;
}

/** How several routers count together. */
export interface RateSharing {
  readonly share: RateShare;
  readonly routers: number;
  /** Of Config.sites. */
  readonly siteNames: readonly string[];
}

interface CompiledRule {
  /** The same in every generation that has the rule, with whatever numbers. */
  readonly name: string;
  readonly rule: RateLimitRule;
  readonly scope: CompiledScope;
  readonly limiter: RateLimiter;
}

/** Counts requests by every rule that concerns them. */
export class RateLimits {
  private readonly rules: readonly CompiledRule[];

  /**
   * @param ports of all listeners as configured, by index
   * @param sharing how other routers hear of what was let pass; null: there are none
   */
  constructor(
    rules: readonly RateLimitRule[],
    ports: readonly number[],
    private readonly sharing: RateSharing | null = null,
  ) {
    const names = nameRules(rules, sharing?.siteNames ?? []);
    this.rules = rules.map((rule, index) => ({
      name: names[index] ?? '',
      rule,
      scope: compileScope(rule.scope, ports),
      limiter: new RateLimiter(rule.requests, rule.periodMs, rule.burst, sharing?.routers ?? 1),
    }));
  }

  /** Counts the request; null: it may pass. */
  check(
    head: RequestHead,
    facts: ConnectionFacts,
    policy: SitePolicy,
    place: Place,
    nowMs: number,
  ): RateRefusal | null {
    const { sharing, rules } = this;
    for (let index = 0; index < rules.length; index += 1) {
      const compiled = rules[index];
      if (compiled === undefined) continue;
      const { rule, scope, limiter } = compiled;
      if (!covers(scope, place)) continue;
      if (!isReadWithin(place, rule.path)) continue;
      const client = this.clientOf(rule, head, facts, policy);
      const waitMs = limiter.take(client, nowMs);
      if (waitMs > 0) return { rule, retryAfterSeconds: Math.max(1, Math.ceil(waitMs / 1000)) };
      sharing?.share.note(index, client);
    }
    return null;
  }

  /** Counts what another router has let pass. */
  charge(spent: readonly Spending[], nowMs: number): void {
    for (const [index, client, requests] of spent) this.rules[index]?.limiter.charge(client, requests, nowMs);
  }

  /** What clients have taken of their rates. @param nowMs of `check` @param dateMs since 1970, now */
  debtsAt(nowMs: number, dateMs: number): readonly Debt[] {
    const debts = this.rules.flatMap(({ name, limiter }) =>
      limiter.owing(nowMs).map(([client, dueMs]): Debt => [name, client, Math.ceil(dateMs + dueMs - nowMs)]),
    );
    if (debts.length <= MAX_DEBTS) return debts;
    return debts.sort((one, other) => other[2] - one[2]).slice(0, MAX_DEBTS);
  }

  /** Goes on where others ended; those of rules that are no more are forgotten. */
  takeDebts(debts: readonly Debt[], nowMs: number, dateMs: number): void {
    const limiters = new Map(this.rules.map(({ name, limiter }) => [name, limiter]));
    for (const [rule, client, dueAtMs] of debts)
      limiters.get(rule)?.restore(client, nowMs + dueAtMs - dateMs, nowMs);
  }

  /** Clients without the field are told apart by their addresses, or leaving it out would be the way round the rule. */
  private clientOf(
    { key }: RateLimitRule,
    head: RequestHead,
    facts: ConnectionFacts,
    policy: SitePolicy,
  ): string {
    const value =
      key.kind === 'header'
        ? fieldValue(head.headers, key.name)
        : key.kind === 'cookie'
          ? cookieValue(head.headers, key.name)
          : '';
    if (value === '' || value.length > MAX_KEY_BYTES)
      return clientKeyOf(clientAddressOf(head, facts, policy));
    return this.sharing === null ? `${key.kind} ${value}` : this.sharing.share.digest(`${key.kind} ${value}`);
  }
}

/** Longer values are nobody's token: they would fill the memory of the clients. */
const MAX_KEY_BYTES = 256;

/** By what they count, not by how much; those that count the same by their order. */
function nameRules(rules: readonly RateLimitRule[], siteNames: readonly string[]): readonly string[] {
  const known = new Map<string, number>();
  return rules.map(({ scope, key, path }) => {
    const site = scope.site === null ? null : siteNames[scope.site];
    const text = JSON.stringify([site, formatScope(scope), key, path]);
    const before = known.get(text) ?? 0;
    known.set(text, before + 1);
    return createHash('sha256').update(`${before} ${text}`).digest('base64url').slice(0, 16);
  });
}

function cookieValue(headers: readonly string[], name: string): string {
  for (let index = 0; index < headers.length; index += 2) {
    if (headers[index] !== 'cookie') continue;
    for (const part of (headers[index + 1] ?? '').split(';')) {
      const cookie = part.trim();
      if (cookie.startsWith(`${name}=`)) return cookie.slice(name.length + 1);
    }
  }
  return '';
}

/** Fields of a 429: Retry-After (RFC 9110 §10.2.3) and those of draft-ietf-httpapi-ratelimit-headers-10. */
export function rateFields({ rule, retryAfterSeconds }: RateRefusal): string[] {
  const windowSeconds = Math.max(1, Math.round(rule.periodMs / 1000));
  return [
    ...['retry-after', String(retryAfterSeconds)],
    ...['ratelimit-policy', `"front";q=${rule.requests};w=${windowSeconds}`],
    ...['ratelimit', `"front";r=0;t=${retryAfterSeconds}`],
  ];
}
