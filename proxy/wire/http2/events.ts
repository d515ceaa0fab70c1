/** What `Http2ServerConnection.next()` returns, and what an event refers to. */
import type { FieldsMemo } from '../syntax/field-lines.js';

/** Nothing more can be told until the next `receive()` or `takeOutput()`. */
export const NEED_DATA = 0;
/** A request began: `streamId`, `head`, `endStream`. */
export const REQUEST = 1;
/** Request body bytes (perhaps none, when only the end came): `streamId`, `data`, `endStream`. */
export const DATA = 2;
/** Trailers, and with them the end of the request: `streamId`, `trailers`. */
export const TRAILERS = 3;
/** The stream died, by the peer or by a protocol error of the peer: `streamId`, `errorCode`, `resetByPeer`. Answer with `releaseStream()`. */
export const RESET = 4;
/** A stream whose `sendData()` said false takes data again: `streamId`. */
export const WRITABLE = 5;
/** The peer will open no more streams: `errorCode`. */
export const GOAWAY = 6;
/** The connection ended with `errorCode` and `fault`: write what `takeOutput()` gives and close the socket. Told again on every later call. */
export const CLOSED = 7;

/** Small integers: a request's way through the codec compares them several times. */
export type Http2Event =
  | typeof NEED_DATA
  | typeof REQUEST
  | typeof DATA
  | typeof TRAILERS
  | typeof RESET
  | typeof WRITABLE
  | typeof GOAWAY
  | typeof CLOSED;

/** A frame was read and there is nothing to tell. Inside the codec only. */
export const NO_EVENT = -1;
export type FrameEvent = Http2Event | typeof NO_EVENT;

/** One request's head (RFC 9113 §8.3.1), made afresh for each request. */
export interface RequestHead {
  method: string;
  /** 'http' or 'https'; '' for a plain CONNECT. */
  scheme: string;
  /** `:authority`, or the `host` field where the request has no `:authority`. */
  authority: string;
  /** Path and query, '*' for `OPTIONS *`, '' for a plain CONNECT. */
  path: string;
  /** `:protocol` of an extended CONNECT (RFC 8441), otherwise ''. */
  protocol: string;
  /**
   * Regular fields in order, flat `[name, value, …]`, names lower-case, values latin1. Cookie crumbs are joined into one
   * `cookie` (at the place of the first); `host` is left out because `authority` carries it. The same list where they repeat.
   */
  headers: readonly string[];
  /** Of these fields. */
  memo: FieldsMemo;
  /** Declared by content-length; -1 when unknown. The codec holds DATA to it. */
  contentLength: number;
  /** The request has neither body nor trailers. */
  endStream: boolean;
  /** RFC 9218: 0 (first) to 7, default 3. */
  urgency: number;
  /** RFC 9218: share bandwidth with others of the same urgency. */
  incremental: boolean;
  /** The field list is over its limit: answer 431 and forward nothing; `headers` is empty and the other members may be ''. */
  tooLarge: boolean;
  /** It is too large because there are too many fields. */
  tooMany: boolean;
}
