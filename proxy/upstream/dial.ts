/** Opens sockets to upstreams: TCP by name or address, socket files, and TLS with its trust. */
import { lookup } from 'node:dns';
import { readFileSync } from 'node:fs';
import {
  connect,
  type IpcNetConnectOpts,
  isIP,
  type OnReadOpts,
  type Socket,
  type TcpNetConnectOpts,
} from 'node:net';
import { connect as connectTls, createSecureContext, type SecureContext, type TLSSocket } from 'node:tls';
import type { AppConfig, UpstreamTls } from '../../src/shared/config/apps.js';
import { type ErrorCode, FrontError } from '../../src/shared/errors.js';
import type { Upstream } from '../routing/upstream.js';
import { ConnectionRace, type RaceEvents } from './connection-race.js';

/** A name is looked up anew after this, also when all goes well. */
const ADDRESS_TTL_MS = 30_000;

/** What a TLS upstream is offered (RFC 7301). */
export type Protocols = readonly ('h2' | 'http/1.1')[];

/** One address of an upstream, as net.connect wants it. */
type Target = IpcNetConnectOpts | TcpNetConnectOpts;

/** A connection that is being made. */
export interface Dial {
  /** Lets go of it: neither of its events comes any more. */
  end(): void;
}

/** Opens sockets; TLS is verified by the authorities that the configuration trusts. */
export class Dialer {
  private readonly context: SecureContext | null;
  private readonly insecure: boolean;
  /** For resumption, by upstream: an upstream is one name, verified each time a session is made. */
  private readonly sessions = new WeakMap<Upstream, Buffer>();

  /** @throws FrontError config_invalid when the authority's file cannot be used */
  constructor({ ca, insecure }: UpstreamTls) {
    this.insecure = insecure;
    this.context = ca === null ? null : readAuthority(ca);
  }

  /** A plain connection. @param onread left out: it is read as a stream */
  open(upstream: Upstream, events: RaceEvents, onread?: OnReadOpts): Dial {
    const options = { ...NO_RACE_OF_NODE, noDelay: true, ...(onread === undefined ? {} : { onread }) };
    const allowHalfOpen = onread !== undefined;
    return dial(upstream, (target) => connect({ ...target, ...options, allowHalfOpen }), events);
  }

  /** A connection whose TLS has just begun: `secureConnect` is its event, after which its certificate is verified unless that was switched off. */
  openTls(
    upstream: Upstream,
    protocols: Protocols,
    events: RaceEvents<TLSSocket>,
    onread?: OnReadOpts,
  ): Dial {
    const host = upstream.hostName ?? upstream.host;
    return dial(
      upstream,
      (target) => {
        const session = this.sessions.get(upstream);
        const socket = connectTls({
          ...target,
          ...NO_RACE_OF_NODE,
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
      },
      events,
    );
  }
}

/** Gives the dialer of an upstream's app: each app has a trust of its own. @throws FrontError config_invalid, as Dialer */
export function dialersOf(apps: readonly AppConfig[]): (upstream: Upstream) => Dialer {
  const plain = new Dialer({ ca: null, insecure: false });
  const dialers = new Map(apps.map((app) => [app, new Dialer(app.upstreamTls)]));
  return ({ app }) => {
    // Apps of projects that join are reached without TLS.
    return dialers.get(app) ?? plain;
  };
}

/** Each attempt has as long as the caller waits: Node's own race ends all but the last after 250 ms (nodejs/node#54359). */
const NO_RACE_OF_NODE = { autoSelectFamily: false };

/** Begins to connect. A name with several addresses, `localhost` among them, is raced (RFC 8305). */
function dial<Connected extends Socket>(
  upstream: Upstream,
  open: (target: Target) => Connected,
  events: RaceEvents<Connected>,
): Dial {
  const race = (targets: readonly Target[]): Dial => {
    const started = new ConnectionRace(targets, open, events);
    started.start();
    return started;
  };
  const { path, port, host } = upstream;
  if (path !== null) return race([{ path }]);
  const known = knownAddress(upstream) ?? (isIP(host) === 0 ? null : host);
  if (known !== null) return race([{ host: known, port }]);
  const targetsOf = (addresses: readonly string[]) => addresses.map((address) => ({ host: address, port }));
  if (host === 'localhost') return race(targetsOf(LOOPBACK));
  let dialling: Dial | null = null;
  let over = false;
  lookup(host, { all: true }, (error, found) => {
    if (over) return;
    if (error === null) dialling = race(targetsOf(inTurn(found)));
    else events.onFailed(error);
  });
  return {
    end: () => {
      over = true;
      dialling?.end();
    },
  };
}

/** Both families (RFC 6761 §6.3), also where the hosts file names one of them; the app may listen on either. */
const LOOPBACK: readonly string[] = ['127.0.0.1', '::1'];

/** The families by turns, that of the resolver's first address first (RFC 8305 §4). */
export function inTurn(found: readonly { readonly address: string; readonly family: number }[]): string[] {
  const first = found.filter(({ family }) => family === found[0]?.family);
  const second = found.filter(({ family }) => family !== found[0]?.family);
  const sorted: string[] = [];
  for (let index = 0; index < found.length; index += 1) {
    for (const entry of [first[index], second[index]]) if (entry !== undefined) sorted.push(entry.address);
  }
  return sorted;
}

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

/** A connection could not be made: the app may have moved to another address of its name, unless it is only slow to accept. */
export function forgetAddress(upstream: Upstream, code: ErrorCode): void {
  const isBusy = code === 'upstream_connect_timeout' && LOOPBACK.includes(upstream.address ?? '');
  if (!isBusy) upstream.address = null;
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
