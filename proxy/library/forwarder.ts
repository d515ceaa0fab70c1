/** The only door to http-proxy-3: sends requests whose head the exchange has written, byte for byte. */
import type { Agent, ClientRequest, IncomingMessage } from 'node:http';
import { type Socket, setDefaultAutoSelectFamilyAttemptTimeout } from 'node:net';
import type { Readable } from 'node:stream';
import { createProxyServer } from 'http-proxy-3';
import type { Limits } from '../../src/shared/config/limits.js';
import type { Upstream } from '../routing/upstream.js';
import type { LibraryRequest } from './read-head.js';
import type { LibraryResponse } from './response-relay.js';
import { WatchfulAgent } from './watchful-agent.js';

/** Called back by the forwarder, at most once each. */
export interface ForwarderEvents {
  /** The upstream request has its socket. */
  connecting(upstreamRequest: ClientRequest, socket: Socket): void;
  /** The upstream's response head is in. */
  relay(upstreamResponse: IncomingMessage): void;
  /** The upstream request failed, or the downstream broke. @param reused over a connection that was kept alive */
  upstreamFailed(error: unknown, reused: boolean): void;
  /** The client has gone. */
  finish(): void;
}

/** One request to send; `headers` is the complete flat list for the upstream. */
export interface ForwardRequest {
  readonly request: LibraryRequest;
  readonly response: LibraryResponse;
  readonly upstream: Upstream;
  readonly method: string;
  readonly path: string;
  readonly headers: string[];
  readonly body: Readable;
  readonly events: ForwarderEvents;
}

/** A WebSocket upgrade to pass on. */
export interface ForwardUpgrade {
  readonly request: IncomingMessage;
  readonly socket: Socket;
  readonly firstBytes: Buffer;
  readonly upstream: Upstream;
  readonly path: string;
  readonly headers: string[];
  /** The upstream request is made and not yet sent; http-proxy-3 adds its own listeners after this. */
  onRequest(upstreamRequest: ClientRequest): void;
  onFailure(error: unknown): void;
}

/**
 * Request options on which path and headers cannot be changed, and the bound of the response's head. http-proxy-3
 * fills the object given as `ssl` with the options of http.request, rewriting the path through the URL parser and the
 * framing of DELETE; it must do neither.
 */
function verbatimOptions(path: string, headers: string[], maxHeaderSize: number): Record<string, unknown> {
  const fixed = (value: unknown) => ({ enumerable: true, get: () => value, set: () => {} });
  return Object.defineProperties({ maxHeaderSize }, { path: fixed(path), headers: fixed(headers) });
}

/** http-proxy-3 parses the target although `verbatimOptions` overrules it, and throws at `/\\[`: it gets a harmless one. */
function hideTarget(request: IncomingMessage): void {
  request.url = '/';
}

/** A request to an app, or a client's connection that is a tunnel to it. */
type Ending = ClientRequest | Socket;

/** How often idle connections to upstreams that are taken out are looked for. */
const LEAVE_MS = 250;

/** Sends through one proxy object and one keep-alive agent a router. */
export class Forwarder {
  private readonly agent: Agent;
  private readonly proxy = createProxyServer({ xfwd: false });
  private readonly forwarded = new WeakMap<object, ForwardRequest>();
  private readonly upgrades = new WeakMap<object, ForwardUpgrade>();
  private readonly reused = new WeakSet<object>();
  /** What is in flight, to be ended where a deploy does not wait for it any longer. */
  private readonly open = new Map<Upstream, Set<Ending>>();
  /** Looks for idle connections to upstreams that are taken out; null: none is. */
  private leaving: NodeJS.Timeout | null = null;

  constructor(private readonly limits: Limits) {
    // `localhost` is raced by Node, which ends every attempt but the last after 250 ms unless told otherwise (nodejs/node#54359).
    setDefaultAutoSelectFamilyAttemptTimeout(limits.connectTimeoutMs);
    this.agent = new WatchfulAgent({
      // An agent takes 0 free sockets for its own default.
      keepAlive: limits.upstreamKeepAlive > 0,
      maxSockets: limits.maxUpstreamConnections,
      maxFreeSockets: limits.upstreamKeepAlive,
      timeout: limits.upstreamKeepAliveTimeoutMs,
      scheduling: 'lifo',
    });
    this.proxy.on('proxyRes', (upstreamResponse, request) => {
      this.forwarded.get(request)?.events.relay(upstreamResponse);
    });
    this.proxy.on('proxyReq', (upstreamRequest, request, _response, _options, socket) => {
      if (upstreamRequest.reusedSocket) this.reused.add(request);
      const forwarded = this.forwarded.get(request);
      if (forwarded === undefined) return;
      this.keep(forwarded.upstream, upstreamRequest);
      forwarded.events.connecting(upstreamRequest, socket);
    });
    this.proxy.on('proxyReqWs', (upstreamRequest, request) => {
      const upgrade = this.upgrades.get(request);
      if (upgrade === undefined) return;
      this.keep(upgrade.upstream, upstreamRequest);
      upstreamRequest.once('upgrade', () => this.keep(upgrade.upstream, upgrade.socket));
      upgrade.onRequest(upstreamRequest);
    });
    // The client's end of a tunnel has failed. Without a listener it would be thrown, and one client could end the router;
    // the socket's 'close' tells the tunnel.
    this.proxy.on('error', () => {});
    this.proxy.on('econnreset', (_error, request) => this.forwarded.get(request)?.events.finish());
  }

  /** As many requests wait for a connection to this upstream as may. */
  isFull(upstream: Upstream): boolean {
    const { host, port } = upstream;
    const waiting = this.agent.requests[this.agent.getName({ host, port })]?.length ?? 0;
    return this.hasNoPlace(upstream) && waiting >= this.limits.maxUpstreamQueue;
  }

  /** Every connection to this upstream that there may be is in use. */
  hasNoPlace({ host, port }: Upstream): boolean {
    const used = this.agent.sockets[this.agent.getName({ host, port })]?.length ?? 0;
    return used >= this.limits.maxUpstreamConnections;
  }

  /** Sends one request; `events` hears of the response or the failure. */
  send(forward: ForwardRequest): void {
    const { events, upstream } = forward;
    const { request, response } = forward;
    this.forwarded.set(request, forward);
    this.reused.delete(request);
    hideTarget(request);
    const options = {
      target: { protocol: 'http:', host: upstream.host, port: upstream.port },
      selfHandleResponse: true,
      method: forward.method,
      agent: this.agent,
      // http-proxy-3 would pipe the request itself, and end it when the client breaks off.
      buffer: forward.body,
      ssl: verbatimOptions(forward.path, forward.headers, this.limits.maxHeaderBytes),
    };
    this.proxy.web(request, response, options, (error) =>
      events.upstreamFailed(error, this.reused.has(request)),
    );
  }

  /** Passes an upgrade on; http-proxy-3 writes the 101 and joins the sockets. */
  upgrade(forward: ForwardUpgrade): void {
    const { request, socket, upstream } = forward;
    this.upgrades.set(request, forward);
    hideTarget(request);
    const options = {
      target: { protocol: 'http:', host: upstream.host, port: upstream.port },
      agent: false as const,
      ssl: verbatimOptions(forward.path, forward.headers, this.limits.maxHeaderBytes),
    };
    // The app has ended its side: what the client still sends has no reader, and unread it would never see the end.
    socket.once('finish', () => socket.unpipe().resume());
    this.proxy.ws(request, socket, forward.firstBytes, options, (error) => forward.onFailure(error));
  }

  /** Closes idle connections to these, now and as they become idle, until it is told of others. */
  leave(upstreams: readonly Upstream[]): void {
    if (this.leaving !== null) clearInterval(this.leaving);
    this.leaving = null;
    if (upstreams.length === 0) return;
    const closeIdle = (): void => {
      for (const { host, port } of upstreams) {
        const idle = this.agent.freeSockets[this.agent.getName({ host, port })] ?? [];
        for (const socket of [...idle]) socket.destroy();
      }
    };
    this.leaving = setInterval(closeIdle, LEAVE_MS).unref();
    closeIdle();
  }

  /** Ends what is in flight there as if the app had. */
  cut(upstream: Upstream): void {
    for (const one of this.open.get(upstream) ?? []) one.destroy();
  }

  private keep(upstream: Upstream, ending: Ending): void {
    let open = this.open.get(upstream);
    if (open === undefined) {
      open = new Set();
      this.open.set(upstream, open);
    }
    const kept = open;
    kept.add(ending);
    ending.once('close', () => {
      kept.delete(ending);
      if (kept.size === 0 && this.open.get(upstream) === kept) this.open.delete(upstream);
    });
  }

  /** Closes idle upstream connections. */
  close(): void {
    this.agent.destroy();
  }
}
