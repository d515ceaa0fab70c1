/** Finds the listeners whose clients are browsers of this machine, and the names that these may ask for. */

import { bracketHost, isLoopback } from '../../shared/addresses/host-port.js';
import type { HostCheck } from '../../shared/config/access.js';
import type { Config } from '../../shared/config/config.js';
import { isForDevelopment } from '../../shared/config/development-listener.js';
import type { ListenerConfig } from '../../shared/config/listeners.js';

/** Nobody can own these on the internet, and the development certificate covers them. */
const DEVELOPMENT_DOMAINS = ['localhost', 'test'];

/**
 * A listener on loopback with the development certificate, or plain where the app is told another Host than the client's: no
 * app could tell a name that leads here by DNS rebinding. Null: there is none.
 * @param hosts names of `--host`, of sites and of routes; IPv6 with or without brackets, empty ones count for nothing
 */
export function findHostCheck(
  all: readonly ListenerConfig[],
  rules: readonly Pick<Config, 'changeHost' | 'upstreamHost'>[],
  hosts: readonly string[],
): HostCheck | null {
  const hidesHost = rules.some(({ changeHost, upstreamHost }) => changeHost || upstreamHost !== null);
  const listeners = all.flatMap((listener, index) =>
    isLoopback(listener.host) && needsCheck(listener, hidesHost) ? [index] : [],
  );
  if (listeners.length === 0) return null;
  const known = hosts.filter((host) => host !== '');
  const names = known.map((host) => (host.startsWith('[') ? host : bracketHost(host)).replace(/^\*\./, ''));
  return { listeners, names: [...new Set([...DEVELOPMENT_DOMAINS, ...names])] };
}

function needsCheck(listener: ListenerConfig, hidesHost: boolean): boolean {
  switch (listener.kind) {
    case 'https':
      return isForDevelopment(listener);
    case 'http':
      return hidesHost;
    case 'redirect':
      return false;
    default:
      return listener satisfies never;
  }
}
