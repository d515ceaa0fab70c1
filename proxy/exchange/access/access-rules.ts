/** All rules of access of a router, compiled: what the gate asks at each request. */
import type { AccessConfig, AccessMaterial, AccessScope } from '../../../src/shared/access.js';
import { clientAddressOf } from '../client-address.js';
import type { ConnectionFacts, RequestHead, SitePolicy } from '../types.js';
import { AddressRules } from './address-rules.js';
import { RateLimits, type RateRefusal } from './rate-limits.js';
import { type Place, placeOf } from './scope.js';

/** What rules without a scope are asked about. */
const ANYWHERE: Place = { listener: 0, host: '', path: '', plainPath: '' };

export class AccessRules {
  private readonly addresses: AddressRules;
  private readonly rates: RateLimits;
  /** False where every rule holds for every request: nobody then looks at its host and path. */
  private readonly needsPlace: boolean;

  /** @param ports of all listeners as configured, by index */
  constructor(config: AccessConfig, ports: readonly number[]) {
    this.addresses = new AddressRules(config.addresses, ports);
    this.rates = new RateLimits(config.rateLimits, ports);
    const scopes = [...config.addresses, ...config.rateLimits].map(({ scope }) => scope);
    this.needsPlace = scopes.some(isNarrow) || config.rateLimits.some(({ path }) => path !== '');
  }

  /** Null where the configuration has no rules. */
  static compile(config: AccessConfig, ports: readonly number[]): AccessRules | null {
    const { addresses, rateLimits } = config;
    return addresses.length + rateLimits.length === 0 ? null : new AccessRules(config, ports);
  }

  /** Takes what the files hold now. */
  update(material: AccessMaterial): void {
    this.addresses.update(material);
  }

  /** Where a request goes, for the other questions. */
  placeOf(head: RequestHead, facts: ConnectionFacts): Place {
    return this.needsPlace ? placeOf(head, facts) : ANYWHERE;
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
}

function isNarrow({ host, port, prefix }: AccessScope): boolean {
  return host !== '' || port !== 0 || prefix !== '';
}
