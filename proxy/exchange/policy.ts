/** Compiles the configuration into what the exchange asks at each request. */
import { createHash } from 'node:crypto';
import type { Config } from '../../src/shared/config/config.js';
import { AccessRules } from './access/access-rules.js';
import { AddressSet } from './access/address-set.js';
import type { RateShare } from './access/rate-share.js';
import { VouchedHosts } from './access/vouched-hosts.js';
import type { Bans, LiveState, Policy, SitePolicy } from './types.js';

/**
 * @param httpsPort port of the first TLS listener, 443 when there is none
 * @param loopMarker the same in all routers of a front, and in no other front
 * @param share hides what clients send, and tells other routers of what was let pass; null: nothing is counted
 * @param bans in force; they change
 */
export function compilePolicy(
  config: Config,
  httpsPort: number,
  loopMarker: string,
  share: RateShare | null = null,
  bans: Bans = NOBODY,
): Policy {
  const trusted = new AddressSet(config.trustedProxies);
  const fronts = new AddressSet(config.proxyProtocol);
  const siteNames = config.sites.map(({ name }) => name);
  const sharing = share === null ? null : { share, routers: config.routers, siteNames };
  const ports = config.listeners.map(({ port }) => port);
  const live: LiveState = {
    certificates: [],
    barrier: null,
    challenges: new Map(),
    appEnds: [],
    projects: null,
    isClosed: () => false,
  };
  return Object.freeze({
    config,
    site: null,
    live,
    httpsPort,
    loopMarker,
    isTrusted: (address: string) => trusted.has(address),
    access: AccessRules.compile(config.access, ports, sharing),
    bans,
    hosts: config.hostCheck === null ? null : new VouchedHosts(config.hostCheck),
    sendsProxyHeader: (address: string) => fronts.has(address),
  });
}

/** The policies of the sites, in their order. */
export function compileSites(general: Policy): readonly SitePolicy[] {
  const { config, loopMarker, isTrusted } = general;
  return config.sites.map(({ rules }, site) => {
    return { config: { ...config, ...rules }, site, loopMarker, isTrusted };
  });
}

const NOBODY: Bans = { isEmpty: true, has: () => false };

/** The member that all routers of one front add to CDN-Loop (RFC 8586). @param secret what only they share */
export function loopMarkerOf(secret: string): string {
  const id = createHash('sha256').update('loop guard').update(secret).digest('base64url').slice(0, 12);
  return `tlsfront;id="${id}"`;
}
