/** Listening sockets of a router: limits at the door, TLS with ALPN, then the engine. */
import { createServer, type Server, type Socket } from 'node:net';
import type { ListenerConfig } from '../../src/shared/config/listeners.js';
import type { Counters } from '../../src/shared/counters.js';
import type { Engine } from '../engine.js';
import { clientKeyOf } from '../exchange/client-address.js';
import type { ExchangeServices } from '../exchange/exchange.js';
import type { ListenerRole } from '../exchange/gate.js';
import { type EndingLimit, reportLimit } from '../exchange/log/limit-reports.js';
import type { Notices } from '../exchange/log/notices.js';
import type { Measures } from '../exchange/measures.js';
import type { Policy } from '../exchange/types.js';
import type { TlsFront, TlsFrontParts } from '../tls/tls-front.js';
import { decodeProxyHeader } from '../wire/proxy-protocol/decode.js';
import type { ProxyHeader } from '../wire/proxy-protocol/header.js';
import type { BannedClients } from './bans.js';
import { type ClientConnection, connectionOf, plainFacts, proxiedBy, tlsFacts } from './client-connection.js';
import type { ConnectionLimiter } from './connection-limiter.js';
import { closeWithin, readFirstBytes } from './first-bytes.js';

/** What a listener needs to serve one configured address. */
export interface ListenerParts {
  readonly listener: ListenerConfig;
  /** Of it in Config.listeners. */
  readonly index: number;
  /** null: a plain listener. */
  readonly tls: TlsFront | null;
  readonly policy: Policy;
  readonly bans: BannedClients;
  readonly engine: Engine;
  readonly counters: Counters;
  readonly measures: Measures;
  readonly notices: Notices;
}

/** Makes the server of one listener; it does not listen yet. */
export function createListener(parts: ListenerParts, limiter: ConnectionLimiter): Server {
  const { counters, tls } = parts;
  // Half-open: a client that has sent its request and closed its side still gets the answer.
  return createServer({ noDelay: true, keepAlive: true, allowHalfOpen: tls === null }, (socket) => {
    const client = connectionOf(socket, parts.index);
    if (parts.bans.has(client.remote.address)) {
      refuseBanned(parts, client);
      return;
    }
    if (!limiter.enter()) {
      refuse(parts, socket, 'maxConnections');
      return;
    }
    counters.connections += 1;
    counters.connectionsOpen += 1;
    socket.once('close', () => {
      counters.connectionsOpen -= 1;
      limiter.leave();
    });
    socket.on('error', ignore);
    if (parts.policy.sendsProxyHeader(client.remote.address)) {
      readProxyHeader(parts, client, (named) => admit(parts, limiter, named));
    } else admit(parts, limiter, client);
  });
}

/** Goes on with the client that the front at the other end names; a front that names none in time is refused. */
function readProxyHeader(
  parts: ListenerParts,
  front: ClientConnection,
  onClient: (client: ClientConnection) => void,
): void {
  const { policy, notices, counters } = parts;
  const { socket, remote } = front;
  const onLate = (): void => reportLimit(parts, 'handshakeTimeoutMs', remote.address);
  const judge = (bytes: Buffer): ProxyHeader | 'invalid' | null => {
    const header = decodeProxyHeader(bytes);
    return header === 'more' ? null : header;
  };
  const onFound = (header: ProxyHeader | 'invalid', bytes: Buffer): void => {
    if (header === 'invalid') {
      counters.refusedByLimit += 1;
      socket.destroy();
      notices.warn(
        '--proxy-protocol',
        `a connection from ${remote.address} is refused: it does not begin with a PROXY protocol header`,
        'let that front send it (send-proxy-v2 in HAProxy, proxy_protocol in nginx), or take its address out of --proxy-protocol',
      );
      return;
    }
    if (bytes.length > header.length) socket.unshift(bytes.subarray(header.length));
    onClient(header.connection === null ? front : proxiedBy(front, header.connection));
  };
  readFirstBytes(socket, policy.config.limits.handshakeTimeoutMs, judge, onFound, onLate);
}

function ignore(): void {}

/** Counts a client in by its address, and takes it as the listener does. */
function admit(parts: ListenerParts, limiter: ConnectionLimiter, client: ClientConnection): void {
  const { socket, remote } = client;
  if (parts.bans.has(remote.address)) {
    refuseBanned(parts, client);
    return;
  }
  parts.bans.watch(client);
  const key = clientKeyOf(remote.address);
  if (!limiter.admit(key)) {
    refuse(parts, socket, 'maxConnectionsPerAddress', remote.address);
    return;
  }
  socket.once('close', () => limiter.release(key));
  if (parts.tls !== null) parts.tls.accept(client);
  else {
    const role: ListenerRole = parts.listener.kind === 'redirect' ? 'redirect' : 'serve';
    const facts = plainFacts(client, parts.policy);
    parts.engine.accept({ socket, facts, protocol: 'http/1.1', role });
  }
}

function refuseBanned({ counters, notices }: ListenerParts, { socket, remote }: ClientConnection): void {
  counters.refusedByBan += 1;
  socket.on('error', ignore);
  socket.destroy();
  notices.warn('ban', `connections of ${remote.address} are refused: it is banned`);
}

function refuse(parts: ListenerParts, socket: Socket, limit: EndingLimit, whose = ''): void {
  parts.counters.refusedByLimit += 1;
  socket.destroy();
  reportLimit(parts, limit, whose);
}

/** Hands secured connections to the engine. */
export function acceptSecure(
  { policy, measures }: Pick<ExchangeServices, 'policy' | 'measures'>,
  engine: Engine,
): TlsFrontParts['onSecure'] {
  return (client, socket, certificate, refusal) => {
    const facts = tlsFacts(client, socket, certificate, policy);
    const protocol = socket.alpnProtocol === 'h2' ? 'h2' : 'http/1.1';
    measures.handshake(facts.tlsVersion, protocol, socket.isSessionReused());
    if (refusal !== null) closeWithin(socket, REFUSED_LIFE_MS);
    engine.accept({ socket, facts, protocol, role: refusal ?? 'serve' });
  };
}

/** How long a client whose certificate is refused may take to ask and to read why. */
const REFUSED_LIFE_MS = 5_000;

/** Hands connections that speak plain HTTP on a TLS port to the engine, whose gate says what becomes of their requests. */
export function acceptMisplaced(policy: Policy, engine: Engine): TlsFrontParts['onPlain'] {
  return (client) => {
    const { socket } = client;
    socket.allowHalfOpen = true;
    engine.accept({ socket, facts: plainFacts(client, policy), protocol: 'http/1.1', role: 'misplaced' });
  };
}
