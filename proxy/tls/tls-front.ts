/** One TLS listener: certificates by server name, client certificates, tickets, and changes of all three while it serves. */
import { constants, createHash } from 'node:crypto';
import type { Socket } from 'node:net';
import { createServer, type Server, type TLSSocket, type TlsOptions } from 'node:tls';
import type { ChallengeAnswers } from '../../src/shared/config/acme.js';
import type { Config } from '../../src/shared/config/config.js';
import type { HttpsListener } from '../../src/shared/config/listeners.js';
import type {
  CertificateMaterial,
  LeafRefusal,
  LeafRefusalKind,
  TicketKeyPair,
  TlsMaterial,
} from '../../src/shared/messages/router-messages.js';
import { systemCode } from '../../src/shared/system-error.js';
import type { CertificateNames } from '../exchange/types.js';
import type { ClientConnection } from '../listen/client-connection.js';
import { endSoon } from '../listen/first-bytes.js';
import { type Admission, type CertificateEntry, CertificateTable, makeEntry } from './certificate-table.js';
import { ChallengeServers } from './challenge-servers.js';
import type { ClientHello } from './client-hello.js';
import { clientOptions, clientsOf, isSameRule, partialChains } from './client-rules.js';
import { peekClientHello } from './hello-peek.js';
import { LeafRequests, MAX_STRANGE_NAMES } from './leaf-requests.js';
import { RecentMap } from './recent-map.js';
import { type ClientRefusal, judgeClient, type RefusedClientLog } from './refused-clients.js';

/** What a listener's TLS is made of. */
export interface TlsFrontParts {
  readonly config: Config;
  readonly listener: HttpsListener;
  /** Keeps the sessions of different listeners apart. */
  readonly listenerIndex: number;
  readonly material: TlsMaterial;
  readonly ticketKeys: TicketKeyPair;
  readonly leafRequests: LeafRequests;
  /** Takes a connection whose handshake is done. @param refusal why its requests may go nowhere; null: they may */
  onSecure(
    client: ClientConnection,
    socket: TLSSocket,
    certificate: CertificateNames,
    refusal: ClientRefusal | null,
  ): void;
  /** Takes a connection whose client speaks plain HTTP; not a byte of it has been taken. */
  onPlain(client: ClientConnection): void;
  /** A handshake has failed; its connection is gone. @param isLate it was not done in time */
  onFailed(client: ClientConnection | null, isLate: boolean): void;
  /** Takes each line of session secrets; null: nobody listens. */
  readonly onKeyLog: ((line: Buffer) => void) | null;
  /** Takes the reason for each client whose certificate is refused. */
  readonly onRefusedClient: RefusedClientLog;
  /** A handshake for a name that had no certificate here has got one, or is ended. @param refusal null: it has got one */
  onNameAsked(refusal: LeafRefusal | null): void;
}

/** How long a session may be resumed. */
export const SESSION_LIFE_SECONDS = 3600;

/** A fatal unrecognized_name alert (RFC 8446 §6, RFC 6066 §3). */
const UNRECOGNIZED_NAME = Buffer.from([0x15, 0x03, 0x03, 0x00, 0x02, 0x02, 0x70]);
/** A fatal internal_error alert (RFC 8446 §6.2): it is not the name that is wrong. */
const INTERNAL_ERROR = Buffer.from([0x15, 0x03, 0x03, 0x00, 0x02, 0x02, 0x50]);

const ALERTS = {
  unfit: UNRECOGNIZED_NAME,
  denied: UNRECOGNIZED_NAME,
  unanswered: INTERNAL_ERROR,
  limited: INTERNAL_ERROR,
  failed: INTERNAL_ERROR,
  pending: INTERNAL_ERROR,
} as const satisfies Record<LeafRefusalKind, Buffer>;

/** Customers' certificates that are ready at hand, about 50 KB each; the others are fetched from the master at a handshake. */
const MAX_CUSTOMERS_AT_HAND = 1024;

/** The servers of one certificate, one for each ticket key in use. */
interface EntryServers {
  readonly current: Server;
  readonly previous: Server | null;
}

/**
 * A node:tls server for each certificate: node's own choice by server name (`SNICallback`, `addContext`) adds a
 * certificate beside the default one instead of putting it in its place, so that another kind of key brings the wrong
 * certificate, and a pair of kinds loses one.
 */
export class TlsFront {
  private table: CertificateTable;
  private servers = new Map<CertificateEntry, EntryServers>();
  private readonly issued: RecentMap<CertificateEntry>;
  private ticketKeys: TicketKeyPair;
  private material: TlsMaterial;
  private readonly challenges: ChallengeServers;
  /** Whose connection a TLS socket is above. */
  private readonly clients = new WeakMap<object, ClientConnection>();

  /** @throws Error when node:tls does not take the certificates */
  constructor(private readonly parts: TlsFrontParts) {
    this.material = parts.material;
    this.ticketKeys = parts.ticketKeys;
    const most = parts.material.asksForNames ? MAX_CUSTOMERS_AT_HAND : MAX_STRANGE_NAMES;
    this.issued = new RecentMap(most, (entry) => this.servers.delete(entry));
    this.challenges = new ChallengeServers(parts.config.limits.handshakeTimeoutMs);
    this.table = new CertificateTable(parts.material.certificates, this.admits);
    this.servers = this.createAll(this.table, parts.material);
  }

  /** Takes a connection that has just been accepted. */
  accept(client: ClientConnection): void {
    const { socket } = client;
    const { handshakeTimeoutMs } = this.parts.config.limits;
    this.clients.set(socket, client);
    peekClientHello(socket, handshakeTimeoutMs, this.hasChoice(), (words) => {
      if (words === 'late') this.parts.onFailed(client, true);
      else if (words === 'plain') this.parts.onPlain(client);
      else if (this.hasChoice()) this.choose(socket, words);
      else this.hand(socket, this.table.default, null);
    });
  }

  /** The certificates, default first. */
  get certificates(): readonly CertificateNames[] {
    return this.table.entries;
  }

  /** Whether the authority's host lets in nobody but clients with a certificate, by a rule of its own. */
  isClosed(authority: string): boolean {
    return this.table.hasRules && (this.table.ofAuthority(authority)?.clients?.required ?? false);
  }

  /** By the table of now, not that of the handshake: a name that has been closed since is closed on old connections too. */
  private readonly admits: Admission = (clients, authority) => {
    if (!this.table.hasRules && clients === null) return true;
    return isSameRule(clients, (this.table.ofAuthority(authority) ?? this.table.default).clients);
  };

  /** Serves new handshakes with other certificates; connections and tickets stay. @throws Error; nothing has changed then */
  update(material: TlsMaterial): void {
    const table = new CertificateTable(material.certificates, this.admits);
    const servers = this.createAll(table, material);
    this.material = material;
    this.table = table;
    this.servers = servers;
    this.issued.clear();
    this.parts.leafRequests.clear();
  }

  /** The name's next handshake asks for its certificate anew. */
  forgetName(name: string): void {
    this.issued.delete(name);
  }

  /** Answers the authority's validation of these names. @throws Error when node:tls does not take a certificate */
  answerChallenges(answers: ChallengeAnswers): void {
    this.challenges.update(answers);
  }

  /** Makes new tickets with the current key and takes those of the previous one. */
  rotate(ticketKeys: TicketKeyPair): void {
    this.ticketKeys = ticketKeys;
    const entries = [...this.servers.keys()];
    this.servers = new Map(entries.map((entry) => [entry, this.createFor(entry, this.material)]));
  }

  /** False where every connection is served alike, whatever its ClientHello says. */
  private hasChoice(): boolean {
    const { issueBeneath, asksForNames } = this.material;
    return (
      this.table.entries.length > 1 ||
      issueBeneath.length > 0 ||
      asksForNames ||
      !this.challenges.isEmpty ||
      this.parts.config.tls.sniStrict ||
      this.ticketKeys.previous !== null
    );
  }

  private choose(socket: Socket, hello: ClientHello | null): void {
    const challenge = hello === null ? undefined : this.challenges.find(hello);
    if (challenge !== undefined) {
      challenge.emit('connection', socket);
      return;
    }
    const name = hello?.serverName ?? '';
    const entry = this.table.find(name) ?? this.issued.get(name);
    if (entry !== undefined) this.hand(socket, entry, hello);
    else if (LeafRequests.isBeneath(name, this.material.issueBeneath)) void this.issue(socket, name, hello);
    else if (this.material.asksForNames && name !== '') void this.obtain(socket, name, hello);
    else if (this.parts.config.tls.sniStrict) endSoon(socket, UNRECOGNIZED_NAME);
    else this.hand(socket, this.table.default, hello);
  }

  private async issue(socket: Socket, name: string, hello: ClientHello | null): Promise<void> {
    const isExpected = this.material.expectedNames.includes(name);
    const certificate = await this.parts.leafRequests.request(name, isExpected);
    if (socket.destroyed) return;
    if (certificate === null) this.hand(socket, this.table.default, hello);
    else this.handIssued(socket, name, certificate, hello);
  }

  /** A name of which the master decides; a client of one that has no certificate is told so, and shown no other. */
  private async obtain(socket: Socket, name: string, hello: ClientHello | null): Promise<void> {
    const { certificate, refusal } = await this.parts.leafRequests.obtain(name);
    if (socket.destroyed) return;
    if (certificate !== null) this.handIssued(socket, name, certificate, hello);
    else endSoon(socket, refusal === null ? UNRECOGNIZED_NAME : ALERTS[refusal.kind]);
    this.parts.onNameAsked(refusal);
  }

  private handIssued(
    socket: Socket,
    name: string,
    certificate: CertificateMaterial,
    hello: ClientHello | null,
  ): void {
    const entry = this.issued.get(name) ?? makeEntry([certificate], this.admits);
    this.issued.set(name, entry);
    if (!this.servers.has(entry)) this.servers.set(entry, this.createFor(entry, this.material));
    this.hand(socket, entry, hello);
  }

  private hand(socket: Socket, entry: CertificateEntry, hello: ClientHello | null): void {
    const servers = this.servers.get(entry);
    const server = servers?.previous && this.isOld(hello) ? servers.previous : servers?.current;
    if (server === undefined) socket.destroy();
    else server.emit('connection', socket);
  }

  private isOld(hello: ClientHello | null): boolean {
    const { previous } = this.ticketKeys;
    if (previous === null || hello === null) return false;
    const keyName = Buffer.from(previous, 'base64').subarray(0, 16);
    return hello.ticketKeyNames.some((name) => name.equals(keyName));
  }

  private createAll(table: CertificateTable, material: TlsMaterial): Map<CertificateEntry, EntryServers> {
    return new Map(table.entries.map((entry) => [entry, this.createFor(entry, material)]));
  }

  private createFor(entry: CertificateEntry, material: TlsMaterial): EntryServers {
    const { current, previous } = this.ticketKeys;
    return {
      current: this.createServer(entry, material, current),
      previous: previous === null ? null : this.createServer(entry, material, previous),
    };
  }

  private createServer(entry: CertificateEntry, material: TlsMaterial, ticketKeys: string): Server {
    const { config, listener, listenerIndex, onKeyLog } = this.parts;
    const clients = clientsOf(listener, material, entry);
    const options: TlsOptions = {
      cert: entry.members.map(({ chainPem }) => chainPem),
      key: entry.members.map(({ keyPem }) => keyPem),
      ALPNProtocols: ['h2', 'http/1.1'],
      minVersion: config.tls.minVersion,
      ciphers: listener.ciphers ?? config.tls.ciphers,
      honorCipherOrder: true,
      handshakeTimeout: config.limits.handshakeTimeoutMs,
      ticketKeys: Buffer.from(ticketKeys, 'base64'),
      sessionTimeout: SESSION_LIFE_SECONDS,
      // A session is resumed with the certificate it was made with or not at all (CVE-2025-23419).
      sessionIdContext: sessionContext(listenerIndex, entry),
      // A client that renegotiates costs a handshake each time without a new connection to count.
      secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
      ...clientOptions(clients, material),
    };
    const server = createServer({ ...options, ...partialChains(clients, options) });
    server.on('secureConnection', (socket) => this.onSecure(socket, entry));
    server.on('tlsClientError', (error, socket) => {
      socket.destroy();
      const client = this.clients.get(socketBelow(socket)) ?? null;
      this.parts.onFailed(client, systemCode(error) === 'ERR_TLS_HANDSHAKE_TIMEOUT');
    });
    if (onKeyLog !== null) server.on('keylog', onKeyLog);
    return server;
  }

  private onSecure(socket: TLSSocket, entry: CertificateEntry): void {
    socket.on('error', ignore);
    // Not before (a TLS socket takes it over from the one below): a client that leaves in its handshake (a health check, a scan)
    // must not keep its place until the time-out.
    socket.allowHalfOpen = true;
    const clients = entry.clients ?? this.parts.listener.clientCa;
    const client = this.clients.get(socketBelow(socket));
    if (client === undefined) socket.destroy();
    else {
      const refusal =
        clients === null ? null : judgeClient(socket, clients.required, this.parts.onRefusedClient);
      this.parts.onSecure(client, socket, entry, refusal);
    }
  }
}

/** node:tls keeps the socket that a TLS socket was made of, and has no public name for it. */
function socketBelow(socket: TLSSocket): object {
  const below: unknown = Reflect.get(socket, '_parent');
  return typeof below === 'object' && below !== null ? below : socket;
}

/** OpenSSL takes 32 bytes. The first name stays when a certificate is renewed. */
function sessionContext(listenerIndex: number, { names }: CertificateEntry): string {
  return createHash('sha256')
    .update(`${listenerIndex} ${names[0] ?? ''}`)
    .digest('hex')
    .slice(0, 32);
}

function ignore(): void {}
