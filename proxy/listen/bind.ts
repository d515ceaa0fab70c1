/** Binds a router's servers: falls back where a port nobody chose is not permitted, says what else went wrong. */

import { isIPv4, type Server } from 'node:net';
import type { ListenAddress, ListenerConfig } from '../../src/shared/config.js';
import { FrontError } from '../../src/shared/errors.js';
import { formatListenAddress } from '../../src/shared/host-port.js';
import type { BoundListener } from '../../src/shared/router-messages.js';
import { systemCode } from '../../src/shared/system-error.js';

/** The address another process holds, as the cause of `listen_failed`. */
export interface InUse {
  readonly inUse: ListenAddress;
}

/**
 * Binds all, in order. A loopback address of a family that this machine lacks is skipped (null) as long as
 * one listener is left.
 * @throws FrontError listen_failed
 */
export async function bindListeners(
  servers: readonly Server[],
  listeners: readonly ListenerConfig[],
  ports: readonly number[],
): Promise<(BoundListener | null)[]> {
  const bound: (BoundListener | null)[] = [];
  for (const [index, listener] of listeners.entries()) {
    const server = servers[index];
    if (server === undefined) continue;
    const port = ports[index] ?? listener.port;
    bound.push(await bindOne(server, listener, port, takesIpv6Only(listener, listeners)));
  }
  if (bound.every((address) => address === null)) {
    throw new FrontError('listen_failed', 'none of the addresses exists on this machine');
  }
  return bound;
}

/** Where an IPv4 address of the same port is given too, `[::]` takes IPv6 alone, as in nginx: Linux would let it take both. */
function takesIpv6Only({ host, port }: ListenerConfig, listeners: readonly ListenerConfig[]): boolean {
  return host === '::' && port !== 0 && listeners.some((other) => other.port === port && isIPv4(other.host));
}

async function bindOne(
  server: Server,
  listener: ListenerConfig,
  port: number,
  ipv6Only: boolean,
): Promise<BoundListener | null> {
  const { kind, host } = listener;
  const fallback = kind === 'https' ? listener.fallbackPort : null;
  try {
    return { kind, host, port: await bindPort(server, listener, port, ipv6Only), deniedPort: null };
  } catch (error) {
    const code = systemCode(error);
    if (host === '::1' && (code === 'EADDRNOTAVAIL' || code === 'EAFNOSUPPORT')) return null;
    if (code === 'EACCES' && fallback !== null && port !== fallback) {
      try {
        return { kind, host, port: await listen(server, host, fallback, false), deniedPort: port };
      } catch (second) {
        throw explain(second, host, fallback);
      }
    }
    throw explain(error, host, port);
  }
}

/**
 * A port that was asked for as 0 is shared under that number as long as another router holds it (node's cluster knows
 * a shared socket by what was asked for); after the last one has gone it is bound by its own number.
 */
async function bindPort(
  server: Server,
  listener: ListenerConfig,
  port: number,
  ipv6Only: boolean,
): Promise<number> {
  const { host } = listener;
  if (listener.port !== 0 || port === 0) return listen(server, host, port, ipv6Only);
  if ((await listen(server, host, 0, ipv6Only)) === port) return port;
  await new Promise((resolve) => server.close(resolve));
  return listen(server, host, port, ipv6Only);
}

function listen(server: Server, host: string, port: number, ipv6Only: boolean): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    const ready = (): void => {
      server.off('error', reject);
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : port);
    };
    // Without a host node listens on `::` for both families, or on 0.0.0.0 where there is no IPv6.
    if (host === '') server.listen({ port, backlog: 1024 }, ready);
    else server.listen({ port, host, backlog: 1024, ipv6Only }, ready);
  });
}

function explain(error: unknown, host: string, port: number): FrontError {
  const code = systemCode(error);
  const address = formatListenAddress(host, port);
  if (code === 'EADDRINUSE') {
    const cause: InUse = { inUse: { host, port } };
    return new FrontError('listen_failed', `cannot listen on ${address}: another process has it`, {
      hint: 'stop that process, or choose another port with --listen',
      cause,
    });
  }
  if (code === 'EACCES') {
    return new FrontError(
      'listen_failed',
      `cannot listen on ${address}: ports below 1024 need a permission`,
      {
        hint: 'use a port from 1024 up, or: sudo sysctl net.ipv4.ip_unprivileged_port_start=443, or run with sudo and --uid NAME',
      },
    );
  }
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') {
    return new FrontError('listen_failed', `cannot listen on ${address}: this machine has no such address`, {
      hint: 'ip address lists the addresses; 0.0.0.0 means all of them',
    });
  }
  return new FrontError('listen_failed', `cannot listen on ${address}: ${code || String(error)}`);
}
