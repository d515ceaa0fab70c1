/** What the router asks of an engine: take connected sockets, drain, close. */
import type { Socket } from 'node:net';
import type { ExchangeServices } from './exchange/exchange.js';
import type { ListenerRole } from './exchange/gate.js';
import type { ConnectionFacts } from './exchange/types.js';
import type { Upstreams } from './routing/upstreams.js';

/** A downstream connection ready for HTTP: TLS is done, the protocol is known. */
export interface AcceptedConnection {
  readonly socket: Socket;
  readonly facts: ConnectionFacts;
  readonly protocol: 'h2' | 'http/1.1';
  readonly role: ListenerRole;
}

/** What an engine works with. */
export interface EngineServices extends ExchangeServices {
  readonly upstreams: Upstreams;
}

/** Moves bytes between downstream and upstream; every decision is the exchange's. */
export interface Engine {
  accept(connection: AcceptedConnection): void;
  /** No new requests on old connections: idle ones close now, busy ones after what they are doing. */
  drain(): void;
  /** Upstreams were taken out: closes the idle connections to them, and ends what is in flight at those that are cut. */
  leaveDrained(): void;
  /** Ends everything now. */
  close(): void;
}
