/** Shows the authority the certificates of tls-alpn-01 (RFC 8737): a handshake, then the end; nothing of it reaches an engine. */
import { constants } from 'node:crypto';
import { createServer, type Server } from 'node:tls';
import type { ChallengeAnswers } from '../../src/shared/config/acme.js';
import type { ClientHello } from './client-hello.js';

const PROTOCOL = 'acme-tls/1';

/** The TLS servers of names that are being validated. */
export class ChallengeServers {
  private servers: ReadonlyMap<string, Server> = new Map();

  /** @param handshakeTimeoutMs the authority has this long for its handshake */
  constructor(private readonly handshakeTimeoutMs: number) {}

  /** Nothing is being validated. */
  get isEmpty(): boolean {
    return this.servers.size === 0;
  }

  /** @throws Error when node:tls does not take a certificate; nothing has changed then */
  update({ tls }: ChallengeAnswers): void {
    this.servers = new Map(tls.map(({ name, certPem, keyPem }) => [name, this.create(certPem, keyPem)]));
  }

  /** The server for the authority's handshake (RFC 8737 §3: this protocol and no other); undefined for all other clients. */
  find({ serverName, protocols }: ClientHello): Server | undefined {
    return protocols.length === 1 && protocols[0] === PROTOCOL ? this.servers.get(serverName) : undefined;
  }

  private create(cert: string, key: string): Server {
    const server = createServer({
      cert,
      key,
      ALPNProtocols: [PROTOCOL],
      minVersion: 'TLSv1.2',
      handshakeTimeout: this.handshakeTimeoutMs,
      secureOptions: constants.SSL_OP_NO_RENEGOTIATION | constants.SSL_OP_NO_TICKET,
    });
    server.on('secureConnection', (socket) => {
      socket.on('error', () => undefined);
      socket.setTimeout(this.handshakeTimeoutMs, () => socket.destroy());
      // Read, or the end of the client would never be seen.
      socket.resume();
      socket.end();
    });
    server.on('tlsClientError', (_error, socket) => socket.destroy());
    return server;
  }
}
