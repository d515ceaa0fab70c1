/** A client's connection as it was accepted: nobody asks its socket for addresses later, and TLS carries it along. */
import type { X509Certificate } from 'node:crypto';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { clientCertificateFields } from '../exchange/headers/client-certificate.js';
import type { CertificateNames, ConnectionFacts, Policy } from '../exchange/types.js';
import { keyGroupOf } from '../tls/key-group.js';
import type { ProxiedConnection, ProxiedTls } from '../wire/proxy-protocol/header.js';

/** One end of a connection. */
export interface Endpoint {
  /** IPv4 or IPv6 without brackets. */
  readonly address: string;
  readonly port: number;
}

export interface ClientConnection {
  /** As accepted: TLS, where there is any, is above it. */
  readonly socket: Socket;
  /** The client: who connected, or whom a trusted front names by the PROXY protocol. */
  readonly remote: Endpoint;
  /** Where the client connected to. */
  readonly local: Endpoint;
  /** Index of the listener that took it, in Config.listeners. */
  readonly listener: number;
  /** TLS that a trusted front has ended for the client; null: none, or it told nothing. */
  readonly proxiedTls: (ProxiedTls & { readonly serverName: string }) | null;
}

/** A connection that came straight from the client. */
export function connectionOf(socket: Socket, listener: number): ClientConnection {
  return {
    socket,
    remote: { address: plainAddress(socket.remoteAddress), port: socket.remotePort ?? 0 },
    local: { address: plainAddress(socket.localAddress), port: socket.localPort ?? 0 },
    listener,
    proxiedTls: null,
  };
}

/** A connection of the client that a trusted front names. */
export function proxiedBy({ socket, listener }: ClientConnection, told: ProxiedConnection): ClientConnection {
  return {
    socket,
    listener,
    remote: { address: told.sourceAddress, port: told.sourcePort },
    local: { address: told.destinationAddress, port: told.destinationPort },
    proxiedTls: told.tls === null ? null : { ...told.tls, serverName: told.serverName },
  };
}

/** What the exchange knows of a connection without TLS of ours: the client may have spoken TLS with the front before us. */
export function plainFacts(client: ClientConnection, policy: Policy): ConnectionFacts {
  const { remote, local, proxiedTls } = client;
  return {
    remoteAddress: remote.address,
    remotePort: remote.port,
    localAddress: local.address,
    localPort: local.port,
    listener: client.listener,
    tlsVersion: proxiedTls?.version ?? '',
    cipher: proxiedTls?.cipher ?? '',
    tlsGroup: '',
    serverName: proxiedTls?.serverName ?? '',
    trusted: policy.isTrusted(remote.address),
    certificate: null,
    clientFields: [],
  };
}

/** What the exchange knows of a connection whose handshake is done. */
export function tlsFacts(
  client: ClientConnection,
  socket: TLSSocket,
  certificate: CertificateNames,
  policy: Policy,
): ConnectionFacts {
  return {
    ...plainFacts(client, policy),
    tlsVersion: socket.getProtocol() ?? 'TLS',
    cipher: socket.getCipher().name,
    // Some microseconds of a handshake, for the log alone.
    tlsGroup: policy.config.accessLog ? keyGroupOf(socket.getSession()) : '',
    serverName: typeof socket.servername === 'string' ? socket.servername.toLowerCase() : '',
    certificate,
    clientFields: socket.authorized ? clientCertificateFields(readClientChain(socket)) : [],
  };
}

/** More certificates than any client has above its own. */
const MAX_CHAIN = 8;

/** DER of a client's certificate and of those above it, without the root; some releases of Node 24 give none above it. */
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
export function plainAddress(address: string | undefined): string {
  if (address === undefined) return '';
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address;
}
