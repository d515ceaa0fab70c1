/** Which site a request is for: by its listener, then by its host, the exact name before the narrowest wildcard. */
import type { SiteConfig } from '../../src/shared/config/config.js';
import type { ConnectionFacts, RequestHead, SitePolicy } from '../exchange/types.js';
import { hostOf } from '../wire/syntax/field-list.js';

/** The sites that one listener serves. */
interface Served {
  readonly exact: ReadonlyMap<string, SitePolicy>;
  /** `.example.com` for `*.example.com`, the longest first. */
  readonly beneath: readonly (readonly [suffix: string, policy: SitePolicy])[];
}

/** Finds the policy of a request. */
export class Sites {
  /** By listener. */
  private readonly served: readonly Served[];

  /**
   * @param policies of the sites, in their order
   * @param general of requests that no site takes
   */
  constructor(
    sites: readonly SiteConfig[],
    listenerCount: number,
    policies: readonly SitePolicy[],
    private readonly general: SitePolicy,
  ) {
    const owned = new Set(sites.flatMap(({ listeners }) => listeners ?? []));
    this.served = Array.from({ length: listenerCount }, (_one, listener) => {
      const exact = new Map<string, SitePolicy>();
      const beneath: (readonly [string, SitePolicy])[] = [];
      for (const [index, { hosts, listeners }] of sites.entries()) {
        const policy = policies[index];
        const isServed = listeners === null ? !owned.has(listener) : listeners.includes(listener);
        if (policy === undefined || !isServed) continue;
        for (const host of hosts) {
          if (host.startsWith('*.')) beneath.push([host.slice(1), policy]);
          else exact.set(host, policy);
        }
      }
      beneath.sort(([first], [second]) => second.length - first.length);
      return { exact, beneath };
    });
  }

  find({ authority }: RequestHead, { listener }: ConnectionFacts): SitePolicy {
    const served = this.served[listener];
    if (served === undefined) return this.general;
    const host = hostOf(authority).replace(/\.$/, '');
    const exact = served.exact.get(host);
    if (exact !== undefined) return exact;
    const wide = served.beneath.find(([suffix]) => host.endsWith(suffix) && host.length > suffix.length);
    return wide === undefined ? this.general : wide[1];
  }
}
