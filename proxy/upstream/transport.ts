/** What the direct engine asks of a connection to an upstream, whatever it speaks. */
import type { ErrorCode } from '../../src/shared/errors.js';
import type { OutgoingFields } from '../exchange/headers/outgoing-fields.js';
import type { ConnectionFacts, Framing, RequestHead } from '../exchange/types.js';
import type { Upstream } from '../routing/upstream.js';
import type { FieldsMemo } from '../wire/syntax/field-lines.js';

/** The response's head as an upstream connection tells it. */
export interface UpstreamResponse {
  readonly status: number;
  /** Flat, lower-case. */
  readonly headers: readonly string[];
  /** Of the fields; null: nobody looks whether they repeat. */
  readonly memo: FieldsMemo | null;
  /** Body bytes that follow: a number, -1 when unknown; for HEAD and 304 what the field says. */
  readonly contentLength: number;
  /** False for HEAD, 204, 304 and the like. */
  readonly hasBody: boolean;
}

/** Called back with the response to a request. Views of the body are only valid during the call. */
export interface ResponseEvents {
  onInformational(status: number, headers: readonly string[]): void;
  onResponse(response: UpstreamResponse): void;
  onBody(view: Buffer): void;
  onEnd(trailers: readonly string[]): void;
  /** After 101: the connection is a tunnel now; `onBody` brings its bytes, `onEnd` its half-close. */
  onTunnel(response: UpstreamResponse): void;
  /** What was received in one go has been reported: write it out. */
  onFlush(): void;
}

/** Waits for a connection, holds it, and is called back with the response. */
export interface LeaseHandler extends ResponseEvents {
  /** Key of the client in whose name a place at the upstream is taken. */
  readonly client: string;
  /** The request upgrades its connection, which HTTP/2 has no way to do. */
  readonly needsHttp1: boolean;
  /** After a wait: a connection is ready, send the request. */
  onLease(lease: Lease): void;
  /** After a wait: no connection can be had; nothing was sent. */
  onNoLease(code: ErrorCode, cause: unknown): void;
  /** The upstream takes more of the request body. */
  onWritable(): void;
  /** The exchange cannot be completed. `silent`: the peer closed a connection that was used before, without a byte of the response. */
  onFailure(code: ErrorCode, silent: boolean): void;
}

/** What a connection must know of an exchange to write its head. */
export interface ExchangeHead {
  readonly head: RequestHead;
  readonly facts: ConnectionFacts;
}

/** A borrowed upstream connection; ends with `onEnd` and a written request, `onFailure` or `abort`. */
export interface Lease {
  readonly upstream: Upstream;
  /** After `onFailure`: the rule of its protocol that the app's answer broke, in a word of the codec; empty: it broke none. */
  readonly fault: string;
  /**
   * Writes the request head, held back a moment when body bytes may follow at once.
   * @param path the path for the app: that of the exchange, or what is left of it
   * @param fields all of the upstream's, framing included
   */
  sendHead(exchange: ExchangeHead, path: string, fields: OutgoingFields, framing: Framing): void;
  /** Writes body bytes; false when the connection is full: wait for `onWritable`. */
  sendBody(chunk: Buffer): boolean;
  endBody(trailers: readonly string[]): void;
  /** Writes what was held back. */
  flush(): void;
  /** Stop and resume reading the response. */
  pause(): void;
  resume(): void;
  /** Half-closes a tunnel. */
  endTunnel(): void;
  /** Lets go at once: the connection is closed. */
  abort(): void;
}
