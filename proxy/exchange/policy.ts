/** Compiles the configuration into what the exchange asks at each request. */
import { createHash } from 'node:crypto';
import { BlockList, isIP, isIPv6 } from 'node:net';
import type { Config } from '../../src/shared/config.js';
import { RateLimits } from './rate-limits.js';
import type { Policy } from './types.js';

/**
 * @param httpsPort port of the first TLS listener, 443 when there is none
 * @param loopMarker the same in all routers of a front, and in no other front
 */
export function compilePolicy(config: Config, httpsPort: number, loopMarker: string): Policy {
  const trusted = compileBlocks(config.trustedProxies);
  const allowed = compileBlocks(config.allow);
  const denied = compileBlocks(config.deny);
  const fronts = compileBlocks(config.proxyProtocol);
  return {
    config,
    certificates: [],
    challenges: new Map(),
    isClosed: () => false,
    httpsPort,
    loopMarker,
    isTrusted: (address) => isWithin(trusted, address),
    isAdmitted: (address) => !isWithin(denied, address) && (allowed === null || isWithin(allowed, address)),
    rateLimits: config.rateLimits.length === 0 ? null : new RateLimits(config.rateLimits),
    sendsProxyHeader: (address) => isWithin(fronts, address),
  };
}

/** The member that all routers of one front add to CDN-Loop (RFC 8586). @param secret what only they share */
export function loopMarkerOf(secret: string): string {
  const id = createHash('sha256').update('loop guard').update(secret).digest('base64url').slice(0, 12);
  return `tlsfront;id="${id}"`;
}

function isWithin(list: BlockList | null, address: string): boolean {
  // The address of a socket that has gone is empty, and BlockList throws at what is none.
  if (list === null || isIP(address) === 0) return false;
  return list.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
}

function compileBlocks(blocks: readonly string[]): BlockList | null {
  if (blocks.length === 0) return null;
  const list = new BlockList();
  for (const block of blocks) {
    const [address = '', bits] = block.split('/');
    const family = isIPv6(address) ? 'ipv6' : 'ipv4';
    list.addSubnet(address, bits === undefined ? (family === 'ipv6' ? 128 : 32) : Number(bits), family);
  }
  return list;
}
