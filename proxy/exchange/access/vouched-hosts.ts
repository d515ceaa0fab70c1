/** The names that a front on this machine's own addresses is asked by: any other is a stranger's, which leads here by DNS rebinding. */

import { isWithin } from '../../../src/shared/addresses/private-names.js';
import type { HostCheck } from '../../../src/shared/config/access.js';
import { hostOf } from '../../wire/syntax/field-list.js';

export class VouchedHosts {
  private readonly listeners: ReadonlySet<number>;
  /** The last that was found good: most requests are for one. */
  private lastAuthority = '';

  constructor(private readonly config: HostCheck) {
    this.listeners = new Set(config.listeners);
  }

  /** @param listener that the request came by; @param authority empty: none, which no browser sends */
  vouches(listener: number, authority: string): boolean {
    if (authority === this.lastAuthority || !this.listeners.has(listener)) return true;
    if (!this.knows(hostOf(authority).replace(/\.$/, ''))) return false;
    this.lastAuthority = authority;
    return true;
  }

  private knows(host: string): boolean {
    if (host === '' || host === '[::1]' || LOOPBACK.test(host)) return true;
    return this.config.names.some((name) => isWithin(host, name));
  }
}

const LOOPBACK = /^127(?:\.\d{1,3}){3}$/;
