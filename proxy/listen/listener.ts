/** Listening sockets of a router: limits at the door, TLS with ALPN, then the engine. */
import type { X509Certificate } from 'node:crypto';
import { createServer, type Server, type Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { ListenerConfig } from '../../src/shared/config.js';
import type { Counters } from '../../src/shared/counters.js';
import type { Engine, ListenerRole } from '../engine.js';
import { clientCertificateFields } from '../exchange/headers/client-certificate.js';
import type { CertificateNames, ConnectionFacts, Policy } from '../exchange/types.js';
import type { TlsFront, TlsFrontParts } from '../tls/tls-front.js';

/** What a listener needs to serve one configured address. */
export interface ListenerParts {
  readonly listener: ListenerConfig;
  /** null: a plain listener. */
  readonly tls: TlsFront | null;
  readonly policy: Policy;
  readonly engine: Engine;
  readonly counters: Counters;
}

/** Connections of one router by remote address; shared by its listeners. */
export class ConnectionLimiter {
  private open = 0;
  private readonly byAddress = new Map<string, number>();

  constructor(
    private readonly maxConnections: number,
    private readonly maxPerAddress: number,
  ) {}

  /** Counts a connection in; false when a limit is reached. Pair each true with `release`. */
  admit(address: string): boolean {
    const count = this.byAddress.get(address) ?? 0;
    if (this.open >= this.maxConnections || count >= this.maxPerAddress) return false;
    this.open += 1;
    this.byAddress.set(address, count + 1);
    return true;
  }

  release(address: string): void {
    this.open -= 1;
    const count = (this.byAddress.get(address) ?? 1) - 1;
    if (count === 0) this.byAddress.delete(address);
    else this.byAddress.set(address, count);
  }
}

/** Makes the server of one listener; it does not listen yet. */
export function createListener(parts: ListenerParts, limiter: ConnectionLimiter): Server {
  const { listener, counters, tls } = parts;
  const role: ListenerRole = listener.kind === 'redirect' ? 'redirect' : 'serve';
  // Half-open: a client that has sent its request and closed its side still gets the answer.
  return createServer({ noDelay: true, keepAlive: true, allowHalfOpen: tls === null }, (socket) => {
    const address = plainAddress(socket.remoteAddress);
    if (!limiter.admit(address)) {
      counters.refusedByLimit += 1;
      socket.destroy();
      return;
    }
    counters.connections += 1;
    counters.connectionsOpen += 1;
    socket.once('close', () => {
      counters.connectionsOpen -= 1;
      limiter.release(address);
    });
    socket.on('error', ignore);
    if (tls !== null) tls.accept(socket);
    else acceptPlain(parts, socket, address, role);
  });
}

function ignore(): void {}

function acceptPlain(parts: ListenerParts, socket: Socket, address: string, role: ListenerRole): void {
  const facts: ConnectionFacts = {
    remoteAddress: address,
    remotePort: socket.remotePort ?? 0,
    localPort: socket.localPort ?? 0,
    tlsVersion: '',
    cipher: '',
    serverName: '',
    trusted: parts.policy.isTrusted(address),
    certificate: null,
    clientFields: [],
  };
  parts.engine.accept({ socket, facts, protocol: 'http/1.1', role });
}

/** Hands secured connections to the engine. */
export function secureAcceptor(policy: Policy, engine: Engine): TlsFrontParts['onSecure'] {
  return (socket, certificate) => {
    const facts = readTlsFacts(socket, policy, certificate);
    const protocol = socket.alpnProtocol === 'h2' ? 'h2' : 'http/1.1';
    engine.accept({ socket, facts, protocol, role: 'serve' });
  };
}

function readTlsFacts(socket: TLSSocket, policy: Policy, certificate: CertificateNames): ConnectionFacts {
  const address = plainAddress(socket.remoteAddress);
  return {
    remoteAddress: address,
    remotePort: socket.remotePort ?? 0,
    localPort: socket.localPort ?? 0,
    tlsVersion: socket.getProtocol() ?? 'TLS',
    cipher: socket.getCipher().name,
    serverName: typeof socket.servername === 'string' ? socket.servername.toLowerCase() : '',
    trusted: policy.isTrusted(address),
    certificate,
    clientFields: socket.authorized ? clientCertificateFields(readClientChain(socket)) : [],
  };
}

/** More certificates than any client has above its own. */
const MAX_CHAIN = 8;

/** DER of a client's certificate and of those above it, without the root; Node 24 gives none above it. */
function readClientChain(socket: TLSSocket): Buffer[] {
  const chain: Buffer[] = [];
  let certificate: X509Certificate | undefined = socket.getPeerX509Certificate();
  while (certificate !== undefined && chain.length < MAX_CHAIN) {
    // The root names itself as issuer.
    const isRoot: boolean = certificate.checkIssued(certificate);
    if (isRoot && chain.length > 0) break;
    chain.push(certificate.raw);
    certificate = isRoot ? undefined : certificate.issuerCertificate;
  }
  return chain;
}

/** IPv4 addresses that arrive on an IPv6 socket (`::ffff:192.0.2.1`) in their own form. */
function plainAddress(address: string | undefined): string {
  if (address === undefined) return '';
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address;
}
