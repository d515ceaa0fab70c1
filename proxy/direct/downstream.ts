/** What a forwarding asks of the client's side, whichever protocol it speaks: a writer of the response, a source of the request. */
import type { AcceptedConnection } from '../engine.js';
import type { OutgoingFields } from '../exchange/headers/outgoing-fields.js';
import type { LocalReply } from '../exchange/reply/local-reply.js';

/** Writes one response to a downstream connection. */
export interface ResponseWriter {
  readonly connection: AcceptedConnection;
  sendInformational(status: number, headers: readonly string[]): void;
  /**
   * The final response head.
   * @param fields without framing
   * @param contentLength value of Content-Length; -1 when unknown
   * @param hasBody body bytes follow until `sendEnd`
   */
  sendHead(status: number, fields: OutgoingFields, contentLength: number, hasBody: boolean): void;
  /** Takes a view that is only valid during the call. False: hold more until the forwarding's `onDownstreamWritable`. */
  sendBody(view: Buffer): boolean;
  sendEnd(trailers: readonly string[]): void;
  /** One of our own responses, whole. */
  sendOwn(own: LocalReply): void;
  /** Whether an app's answer with this status may go to the client as it is: over HTTP/2 a success would open the tunnel that was asked for. */
  mayRelay(status: number): boolean;
  /** Answers an upgrade and hands the bytes that follow to the forwarding as body. */
  sendTunnel(headers: string[], protocol: string): void;
  /** Ends a response that has begun so that the client sees that it is not whole. */
  cut(): void;
  /** Writes what was held back. */
  flush(): void;
}

/** Where the bytes of a request's body, or of a tunnel, come from. */
export interface RequestSource {
  /** So many bytes found their place, at the upstream or in a buffer: the client may send more. */
  consumed(bytes: number): void;
}

/** A request as a downstream connection hands it to the engine. */
export interface DownstreamRequest {
  /** True when body bytes (or an unknown number of them) follow. */
  readonly hasBody: boolean;
  /** -1 when unknown. */
  readonly contentLength: number;
  /** Protocol of an upgrade (HTTP/1.1) or an extended CONNECT (RFC 8441); empty otherwise. */
  readonly upgrade: string;
  readonly expectContinue: boolean;
}
