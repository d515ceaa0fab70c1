/** What the HTTP/1.1 decoders hand out: event numbers, body framings, message heads and the limits they hold to. */

import type { FieldsMemo } from '../syntax/field-lines.js';
import { MAX_METHOD_BYTES } from '../syntax/methods.js';

/** `next()` has used up what was received. */
export const NEED_DATA = 0;
/** `head` is a request or a final response. */
export const HEAD = 1;
/** `head` is an interim response (1xx other than 101); the final one follows. Responses only. */
export const INFORMATIONAL = 2;
/** `body` is a piece of the content, without any transfer coding. */
export const BODY = 3;
/** The message is complete; `trailers` holds its trailer fields. */
export const END = 4;

/** The message has no content. */
export const FRAMING_NONE = 0;
/** `contentLength` bytes follow. */
export const FRAMING_LENGTH = 1;
/** The chunked transfer coding (RFC 9112 §7.1). */
export const FRAMING_CHUNKED = 2;
/** The content lasts until the peer closes (RFC 9112 §6.3 rule 8). Responses only. */
export const FRAMING_UNTIL_CLOSE = 3;

/** One of the `FRAMING_*` constants. */
export type Framing = 0 | 1 | 2 | 3;

/** A request's head. A fresh object a request, so an exchange may keep it. */
export interface RequestHead {
  /** A token, in the case it was sent. */
  readonly method: string;
  /** The request target exactly as sent. */
  readonly target: string;
  /** Path and query; `*` for `OPTIONS *`; empty for CONNECT. */
  readonly path: string;
  /** `host[:port]` of the target, else of Host (RFC 9112 §3.3); empty only in HTTP/1.0. */
  readonly authority: string;
  /** The scheme of an absolute-form target, in lower case; otherwise empty. */
  readonly scheme: '' | 'http' | 'https';
  readonly httpVersion: '1.0' | '1.1';
  /** Flat `[name, value, …]`: names in lower case, values without surrounding blanks, latin1, in order; the same list where they repeat. */
  readonly headers: readonly string[];
  /** Of these fields. */
  readonly memo: FieldsMemo;
  readonly framing: 0 | 1 | 2;
  /** The content's length in bytes when `framing` is FRAMING_LENGTH, otherwise 0. */
  readonly contentLength: number;
  /** True when another request may follow on the connection. */
  readonly keepAlive: boolean;
  /** Upgrade's value in lower case when Connection lists it in an HTTP/1.1 request, otherwise empty. */
  readonly upgrade: string;
  /** True when the client waits for 100 (Continue) (RFC 9110 §10.1.1). */
  readonly expectContinue: boolean;
}

/** A response's head, interim or final. A fresh object a response. */
export interface ResponseHead {
  /** 100 to 599. */
  readonly status: number;
  readonly minorVersion: 0 | 1;
  /** Flat `[name, value, …]`: names in lower case, values without surrounding blanks, latin1, in order; the same list where they repeat. */
  readonly headers: readonly string[];
  /** Of these fields. */
  readonly memo: FieldsMemo;
  readonly framing: Framing;
  /** Content-Length's value, also where no content follows (HEAD, 304); -1 when there is none. */
  readonly contentLength: number;
  /** How long the server keeps the connection when it is idle, as it says; -1 when it does not. */
  readonly idleTimeoutMs: number;
  /** True when the connection may carry another request after this response. */
  readonly keepAlive: boolean;
}

/** What a peer may make a decoder hold or chew. All counts are for one message. */
export interface Http1Limits {
  /** Longest request line, without its CRLF; beyond it `request_line_too_long` (414). */
  readonly requestLineBytes: number;
  /** Longest head, from the first byte of the start line to the empty line's LF; beyond it `head_too_large` (431). */
  readonly headBytes: number;
  /** Most field lines in a head; beyond it `too_many_headers` (431). */
  readonly headerCount: number;
  /** Longest method; beyond it `method_too_long` (501). */
  readonly methodBytes: number;
  /** Most chunk extension bytes, summed over all chunks of a message. */
  readonly chunkExtensionBytes: number;
  /** Longest trailer section, with its last CRLF; its field lines are bounded by `headerCount`. */
  readonly trailerBytes: number;
  /** Most bytes of interim responses before the final one, each with 256 for itself; a caller with a clock forgives them by time. */
  readonly informationalBytes: number;
}

/** Limits for a caller that has no reason to choose others. */
export const DEFAULT_HTTP1_LIMITS: Http1Limits = {
  requestLineBytes: 8192,
  headBytes: 32768,
  headerCount: 128,
  methodBytes: MAX_METHOD_BYTES,
  chunkExtensionBytes: 4096,
  trailerBytes: 8192,
  informationalBytes: 49_152,
};
