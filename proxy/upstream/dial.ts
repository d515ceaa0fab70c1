/** Opens sockets to upstreams: TCP by name or address, socket files, and TLS with its trust. */
import { readFileSync } from 'node:fs';
import {
  connect,
  type IpcNetConnectOpts,
  isIP,
  type LookupFunction,
  type OnReadOpts,
  type Socket,
  type TcpNetConnectOpts,
} from 'node:net';
import { connect as connectTls, createSecureContext, type SecureContext, type TLSSocket } from 'node:tls';
import type { Config } from '../../src/shared/config.js';
import { FrontError } from '../../src/shared/errors.js';
import type { Upstream } from '../routing/upstream.js';

/** A name is looked up anew after this, also when all goes well. */
const ADDRESS_TTL_MS = 30_000;

/** What a TLS upstream is offered (RFC 7301). */
export type Protocols = readonly ('h2' | 'http/1.1')[];

/** Opens sockets; names with several addresses are raced by Node (RFC 8305). */
export class Dialer {
  private readonly context: SecureContext | null;
  private readonly insecure: boolean;
  /** For resumption, by upstream: an upstream is one name, verified each time a session is made. */
  private readonly sessions = new WeakMap<Upstream, Buffer>();

  /** @throws FrontError config_invalid when the authority's file cannot be used */
  constructor({ ca, insecure }: Config['upstreamTls']) {
    this.insecure = insecure;
    this.context = ca === null ? null : readAuthority(ca);
  }

  /** A plain socket; `connect` is its event. */
  open(upstream: Upstream, onread: OnReadOpts): Socket {
    return connect({ ...addressOf(upstream), noDelay: true, allowHalfOpen: true, onread });
  }

  /** A socket without a read buffer of ours, for who reads as a stream. */
  openStream(upstream: Upstream): Socket {
    return connect({ ...addressOf(upstream), noDelay: true });
  }

  /** A TLS socket; `secureConnect` is its event, after which its certificate is verified unless that was switched off. */
  openTls(upstream: Upstream, protocols: Protocols, onread?: OnReadOpts): TLSSocket {
    const { host } = upstream;
    const session = this.sessions.get(upstream);
    const socket = connectTls({
      ...addressOf(upstream),
      ALPNProtocols: [...protocols],
      // The name is verified whatever address was dialled. SNI has no addresses (RFC 6066 §3): these are verified as dialled.
      servername: isIP(host) === 0 ? host : '',
      rejectUnauthorized: !this.insecure,
      ...(this.context === null ? {} : { secureContext: this.context }),
      ...(session === undefined ? {} : { session }),
      ...(onread === undefined ? {} : { onread }),
    });
    socket.setNoDelay(true);
    socket.on('session', (fresh: Buffer) => this.sessions.set(upstream, fresh));
    socket.on('error', () => this.sessions.delete(upstream));
    return socket;
  }
}

/** Where to connect to, as net.connect wants it. */
export function addressOf(upstream: Upstream): IpcNetConnectOpts | TcpNetConnectOpts {
  const { path, port, host } = upstream;
  if (path !== null) return { path };
  const known = knownAddress(upstream);
  if (known !== null) return { host: known, port };
  return host === 'localhost' ? { host, port, lookup: lookUpLoopback } : { host, port };
}

/** Both families (RFC 6761 §6.3), also where the hosts file names one of them; the app may listen on either. */
const LOOPBACK = [
  { address: '127.0.0.1', family: 4 },
  { address: '::1', family: 6 },
];

const lookUpLoopback: LookupFunction = (_name, { all }, done) => {
  // As a resolver does, not before connect() has returned.
  process.nextTick(() => (all ? done(null, LOOPBACK) : done(null, '127.0.0.1', 4)));
};

/** The address that took the last connection, while it need not be looked up anew; null: the name will be. */
export function knownAddress(upstream: Upstream): string | null {
  if (upstream.path !== null || performance.now() >= upstream.addressUntilMs) return null;
  return upstream.address;
}

/** Notes the address that took a connection, for a while. */
export function noteAddress(upstream: Upstream, socket: Socket): void {
  if (knownAddress(upstream) !== null || isIP(upstream.host) !== 0) return;
  upstream.address = socket.remoteAddress ?? null;
  upstream.addressUntilMs = performance.now() + ADDRESS_TTL_MS;
}

function readAuthority(file: string): SecureContext {
  try {
    return createSecureContext({ ca: readFileSync(file) });
  } catch (cause) {
    throw new FrontError('config_invalid', `cannot use the authority of the app's certificate, ${file}`, {
      hint: 'give --upstream-ca a PEM file with the certificates of authorities',
      cause,
    });
  }
}
