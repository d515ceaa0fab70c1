/** The observation seam: what an exchange reports to those who watch it, and how many of them are asked at each event. */
import type { ErrorCode } from '../../../src/shared/errors.js';
import type { Exchange } from '../exchange.js';

/** `in`: from the client · `out`: to the client. */
export type Direction = 'in' | 'out';

/**
 * Watches exchanges; each event does nothing unless it is overridden, and is then called in the moment it is named by. What it
 * is handed is only valid during the call. The library engine does not see interim responses, trailers or the bytes of tunnels.
 */
export class ExchangeObserver {
  /** A request's head is in; the first event of every exchange. */
  onRequestHead(_exchange: Exchange): void {}
  /** The request goes to `exchange.upstream`; again where it is tried once more. */
  onDispatched(_exchange: Exchange): void {}
  /** The final response's head goes out, with `exchange.status`. @param headers flat; @param isLocal the front's own */
  onResponseHead(_exchange: Exchange, _headers: readonly string[], _isLocal: boolean): void {}
  /** An interim response (1xx) goes out. */
  onInterim(_exchange: Exchange, _status: number, _headers: readonly string[]): void {}
  /** A piece of a body, or the text of a response of the front's own. */
  onBody(_exchange: Exchange, _direction: Direction, _piece: Buffer | string): void {}
  /** Fields behind a body. */
  onTrailers(_exchange: Exchange, _direction: Direction, _trailers: readonly string[]): void {}
  /** Bytes of a tunnel. */
  onTunnelBytes(_exchange: Exchange, _direction: Direction, _bytes: Buffer): void {}
  /** Why the exchange does not end well; only the first reason is `exchange.error`. */
  onFailure(_exchange: Exchange, _code: ErrorCode, _isFirst: boolean): void {}
  /** A response that had begun is cut off. */
  onCut(_exchange: Exchange): void {}
  /** It is over, well or not; the last event, once. */
  onEnd(_exchange: Exchange): void {}
}

type ObserverEvent = keyof ExchangeObserver;

/** Several observers of one event, called in order. */
class Several extends ExchangeObserver {
  constructor(private readonly all: readonly ExchangeObserver[]) {
    super();
  }

  override onRequestHead(exchange: Exchange): void {
    for (const one of this.all) one.onRequestHead(exchange);
  }

  override onDispatched(exchange: Exchange): void {
    for (const one of this.all) one.onDispatched(exchange);
  }

  override onResponseHead(exchange: Exchange, headers: readonly string[], isLocal: boolean): void {
    for (const one of this.all) one.onResponseHead(exchange, headers, isLocal);
  }

  override onInterim(exchange: Exchange, status: number, headers: readonly string[]): void {
    for (const one of this.all) one.onInterim(exchange, status, headers);
  }

  override onBody(exchange: Exchange, direction: Direction, piece: Buffer | string): void {
    for (const one of this.all) one.onBody(exchange, direction, piece);
  }

  override onTrailers(exchange: Exchange, direction: Direction, trailers: readonly string[]): void {
    for (const one of this.all) one.onTrailers(exchange, direction, trailers);
  }

  override onTunnelBytes(exchange: Exchange, direction: Direction, bytes: Buffer): void {
    for (const one of this.all) one.onTunnelBytes(exchange, direction, bytes);
  }

  override onFailure(exchange: Exchange, code: ErrorCode, isFirst: boolean): void {
    for (const one of this.all) one.onFailure(exchange, code, isFirst);
  }

  override onCut(exchange: Exchange): void {
    for (const one of this.all) one.onCut(exchange);
  }

  override onEnd(exchange: Exchange): void {
    for (const one of this.all) one.onEnd(exchange);
  }
}

const NOBODY = new ExchangeObserver();

/** Who is called at each event: made once a router, so that an event costs one call, and that of nobody's an empty one. */
export type Observers = Readonly<Record<ObserverEvent, ExchangeObserver>>;

/** Compiles a list of observers, each of which is called only for the events that it overrides. */
export function compileObservers(all: readonly ExchangeObserver[]): Observers {
  const of = (event: ObserverEvent): ExchangeObserver => {
    const watching = all.filter((observer) => observer[event] !== ExchangeObserver.prototype[event]);
    const [only = NOBODY, another] = watching;
    return another === undefined ? only : new Several(watching);
  };
  return {
    onRequestHead: of('onRequestHead'),
    onDispatched: of('onDispatched'),
    onResponseHead: of('onResponseHead'),
    onInterim: of('onInterim'),
    onBody: of('onBody'),
    onTrailers: of('onTrailers'),
    onTunnelBytes: of('onTunnelBytes'),
    onFailure: of('onFailure'),
    onCut: of('onCut'),
    onEnd: of('onEnd'),
  };
}
