/**
 * The sockets of the listeners: bound once by the master and kept for its whole life, so that a port stays ours, and clients wait in its
 * queue, while a router is replaced. The master never listens or accepts on them: routers inherit the descriptors and do.
 */
import { lookup } from 'node:dns/promises';
import { fstatSync } from 'node:fs';
import { _createServerHandle, type BoundHandle, connect, isIPv4 } from 'node:net';
import { getSystemErrorName } from 'node:util';
import { ipFamily } from '../../shared/addresses/ip-family.js';
import type { ListenerConfig } from '../../shared/config/listeners.js';
import { FrontError } from '../../shared/errors.js';
import type { HandedSocket } from '../../shared/messages/handover.js';
import type { BoundListener } from '../../shared/messages/router-messages.js';
import { systemCode } from '../../shared/system-error.js';
import { describeListenFailure } from '../../system/listen-failure.js';

declare module 'node:net' {
  /** A socket that is bound and does not accept. */
  interface BoundHandle {
    readonly fd: number;
    /** Fills in address and port; returns an error number, or 0. */
    getsockname(out: { address?: string; port?: number }): number;
    close(): void;
  }
  /**
   * What node:cluster itself binds with: no documented function of Node binds a socket without accepting on it. The same in 20, 22, 24
   * and 26; test/process/router-holdings.test.ts fails where it changes. Returns an error number where it cannot
   * be bound. @param flags 1: IPv6 alone (UV_TCP_IPV6ONLY)
   */
  function _createServerHandle(
    address: string,
    port: number,
    family: 4 | 6,
    descriptor?: number,
    flags?: 0 | 1,
  ): BoundHandle | number;
}

/** Loopback refuses at once where nobody listens. */
const ANSWER_MS = 500;

/** One bound address. */
export interface ListeningSocket {
  readonly bound: BoundListener;
  readonly descriptor: number;
  close(): void;
}

/** All of them, by listener index; null: skipped because this machine lacks the address family, or an optional one cannot be had. */
export class ListeningSockets {
  private constructor(
    readonly all: readonly (ListeningSocket | null)[],
    private readonly listeners: readonly Pick<ListenerConfig, 'kind' | 'host' | 'port'>[],
  ) {}

  /**
   * Binds all, in order; one that `before` has for the same address is shared with it, so that a reload keeps every port. A loopback
   * address of a family that this machine lacks is skipped as long as one listener is left; an optional one is wherever it cannot be had.
   * @throws FrontError listen_failed
   */
  static async bind(
    listeners: readonly ListenerConfig[],
    before: ListeningSockets | null = null,
  ): Promise<ListeningSockets> {
    const all: (ListeningSocket | null)[] = [];
    try {
      for (const listener of listeners) {
        const known = before?.find(listener) ?? null;
        all.push(known ?? (await bindListener(listener, takesIpv6Only(listener, listeners))));
      }
      if (all.every((socket) => socket === null)) {
        throw new FrontError('listen_failed', 'none of the addresses exists on this machine');
      }
    } catch (error) {
      new ListeningSockets(all, listeners).closeBeside(before);
      throw error;
    }
    return new ListeningSockets(all, listeners);
  }

  /**
   * Takes sockets that a service manager has opened: the first for the first listener, and so on.
   * @throws FrontError config_invalid where there are not as many as listeners, or one is no TCP socket
   */
  static adopt(listeners: readonly ListenerConfig[], descriptors: readonly number[]): ListeningSockets {
    const asked = listeners.filter((listener) => !isOptional(listener));
    if (descriptors.length !== asked.length) {
      const text = `systemd hands over ${descriptors.length} sockets for ${asked.length} listeners`;
      throw new FrontError('config_invalid', text, {
        hint: 'write one ListenStream= for each --listen, --https, --http and --http-to-https, in the same order; --listen :443 is one listener',
      });
    }
    return new ListeningSockets(
      listeners.map((listener) => {
        const { kind } = listener;
        if (isOptional(listener)) return null;
        const descriptor = descriptors[asked.indexOf(listener)] ?? -1;
        const name: { address?: string; port?: number } = {};
        const handle = openHandle(descriptor);
        if (handle === null || handle.getsockname(name) !== 0 || name.port === undefined) {
          throw new FrontError('config_invalid', `descriptor ${descriptor} from systemd is no TCP socket`, {
            hint: 'ListenStream= takes a port or address:port',
          });
        }
        const bound = { kind, host: name.address ?? '', port: name.port, deniedPort: null };
        return { bound, descriptor, close: () => handle.close() };
      }),
      listeners,
    );
  }

  /** Takes those of the master whose place this one takes; what is no socket is bound anew. */
  static inherit(handed: readonly HandedSocket[]): ListeningSockets {
    const all = handed.map(({ bound, descriptor }) => {
      const handle = openHandle(descriptor);
      return handle === null ? null : { bound, descriptor, close: () => handle.close() };
    });
    return new ListeningSockets(all, handed);
  }

  /** Those that another master takes over. */
  get handed(): readonly HandedSocket[] {
    return this.all.flatMap((socket, index) => {
      const listener = this.listeners[index];
      if (socket === null || listener === undefined) return [];
      const { kind, host, port } = listener;
      return { kind, host, port, bound: socket.bound, descriptor: socket.descriptor };
    });
  }

  /** The listeners that are served. */
  get bound(): readonly BoundListener[] {
    return this.all.flatMap((socket) => socket?.bound ?? []);
  }

  /** Closes those that `kept` does not share. */
  closeBeside(kept: ListeningSockets | null): void {
    for (const socket of this.all) if (kept?.all.includes(socket) !== true) socket?.close();
  }

  private find({ kind, host, port }: ListenerConfig): ListeningSocket | null {
    const index = this.listeners.findIndex(
      (listener) => listener.kind === kind && listener.host === host && listener.port === port,
    );
    return this.all[index] ?? null;
  }

  /** Our hold of them ends: once the routers have closed theirs, clients are refused. */
  close(): void {
    for (const socket of this.all) socket?.close();
  }
}

/** Where an IPv4 address of the same port is given too, `[::]` takes IPv6 alone, as in nginx: Linux would let it take both. */
function takesIpv6Only({ host, port }: ListenerConfig, listeners: readonly ListenerConfig[]): boolean {
  return host === '::' && port !== 0 && listeners.some((other) => other.port === port && isIPv4(other.host));
}

async function bindListener(listener: ListenerConfig, ipv6Only: boolean): Promise<ListeningSocket | null> {
  const { kind, host, port } = listener;
  const fallback = kind === 'https' ? listener.fallbackPort : null;
  if (isOptional(listener) && (await isAnswered(host, port))) return null;
  const first = await bindAddress(listener, port, ipv6Only);
  if (typeof first !== 'string') return first;
  if (isOptional(listener)) return null;
  if (host === '::1' && (first === 'EADDRNOTAVAIL' || first === 'EAFNOSUPPORT' || first === 'EINVAL'))
    return null;
  if (first !== 'EACCES' || fallback === null || port === fallback)
    throw describeListenFailure(first, host, port);
  const second = await bindAddress(listener, fallback, ipv6Only);
  if (typeof second === 'string') throw describeListenFailure(second, host, fallback);
  return { ...second, bound: { ...second.bound, deniedPort: port } };
}

function isOptional(listener: ListenerConfig): boolean {
  return listener.kind === 'redirect' && listener.isOptional;
}

/** Whether somebody has the port already: macOS and Windows let 127.0.0.1:80 be taken away from who has port 80 of every address. */
function isAnswered(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const settle = (is: boolean): void => {
      socket.destroy();
      resolve(is);
    };
    socket.once('connect', () => settle(true)).once('error', () => settle(false));
    socket.setTimeout(ANSWER_MS, () => settle(true));
  });
}

/** The socket, or the system's word for why there is none. */
async function bindAddress(
  { kind, host }: ListenerConfig,
  port: number,
  ipv6Only: boolean,
): Promise<ListeningSocket | string> {
  let handle: ReturnType<typeof _createServerHandle>;
  if (host === '') {
    // Both families, or IPv4 alone where there is no IPv6.
    handle = _createServerHandle('::', port, 6);
    if (typeof handle === 'number') handle = _createServerHandle('0.0.0.0', port, 4);
  } else {
    try {
      const { address, family } =
        ipFamily(host) === 0 ? await lookup(host) : { address: host, family: ipFamily(host) };
      handle = _createServerHandle(address, port, family === 6 ? 6 : 4, undefined, ipv6Only ? 1 : 0);
    } catch (error) {
      return systemCode(error) ?? String(error);
    }
  }
  if (typeof handle === 'number') return getSystemErrorName(handle);
  const name: { port?: number } = {};
  // An address that is taken is told here, not by bind.
  const failure = handle.getsockname(name);
  if (failure !== 0) {
    handle.close();
    return getSystemErrorName(failure);
  }
  const { fd } = handle;
  const kept = handle;
  const bound = { kind, host, port: name.port ?? port, deniedPort: null };
  return { bound, descriptor: fd, close: () => kept.close() };
}

/** null: it is no socket. */
function openHandle(descriptor: number): BoundHandle | null {
  const handle = isSocket(descriptor) ? _createServerHandle('', 0, 4, descriptor) : 0;
  return typeof handle === 'number' ? null : handle;
}

function isSocket(descriptor: number): boolean {
  try {
    return fstatSync(descriptor).isSocket();
  } catch {
    return false;
  }
}
