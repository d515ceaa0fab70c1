/** Compiles the configuration into what the exchange asks at each request. */
import { createHash } from 'node:crypto';
import type { Config } from '../../src/shared/config.js';
import { AccessRules } from './access/access-rules.js';
import { AddressSet } from './access/address-set.js';
import type { Policy, SitePolicy } from './types.js';

/**
 * @param httpsPort port of the first TLS listener, 443 when there is none
 * @param loopMarker the same in all routers of a front, and in no other front
 */
export function compilePolicy(config: Config, httpsPort: number, loopMarker: string): Policy {
  const trusted = new AddressSet(config.trustedProxies);
  const fronts = new AddressSet(config.proxyProtocol);
  const ports = config.listeners.map(({ port }) => port);
  return {
    config,
    site: null,
    certificates: [],
    challenges: new Map(),
    isClosed: () => false,
    httpsPort,
    loopMarker,
    isTrusted: (address) => trusted.has(address),
    access: AccessRules.compile(config.access, ports),
    sendsProxyHeader: (address) => fronts.has(address),
  };
}

/** The policies of the sites, in their order. */
export function compileSites(general: Policy): readonly SitePolicy[] {
  const { config, loopMarker, isTrusted } = general;
  return config.sites.map(({ rules }, site) => {
    return { config: { ...config, ...rules }, site, loopMarker, isTrusted };
  });
}

/** The member that all routers of one front add to CDN-Loop (RFC 8586). @param secret what only they share */
export function loopMarkerOf(secret: string): string {
  const id = createHash('sha256').update('loop guard').update(secret).digest('base64url').slice(0, 12);
  return `tlsfront;id="${id}"`;
}
