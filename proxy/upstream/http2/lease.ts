/** One stream of an HTTP/2 session to an upstream, as a lease. */

import type {
  ClientHttp2Session,
  ClientHttp2Stream,
  IncomingHttpHeaders,
  OutgoingHttpHeaders,
} from 'node:http2';
import type { ErrorCode } from '../../../src/shared/errors.js';
import { systemCode } from '../../../src/shared/system-error.js';
import { asList, type OutgoingFields } from '../../exchange/headers/outgoing-fields.js';
import type { Framing } from '../../exchange/types.js';
import type { Upstream } from '../../routing/upstream.js';
import { CANCEL, FLAG_END_STREAM, NO_ERROR, REFUSED_STREAM } from '../../wire/http2/codes.js';
import { fieldValue, isGrpc } from '../../wire/syntax/field-list.js';
import { withoutForbiddenTrailers } from '../../wire/syntax/trailers.js';
import { classifyUpstreamFailure } from '../failure.js';
import type { ExchangeHead, Lease, LeaseHandler } from '../transport.js';
import type { Waiting, Waits } from '../waiting.js';

/** Fields that HTTP/2 does not know (RFC 9113 §8.2.2), and Host, which becomes :authority. */
const NOT_SENT = new Set([
  'host',
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
]);

/** The session of a lease. */
export interface LeaseKeeper {
  readonly session: ClientHttp2Session;
  /** Coarse clock in milliseconds. */
  readonly nowMs: number;
  readonly uses: number;
  /** What ended the session; null while it is well. */
  readonly failure: unknown;
  onLeaseOver(lease: Http2Lease): void;
}

export class Http2Lease implements Lease, Waits {
  waiting: Waiting = 'head';
  waitingSinceMs: number;
  paused = false;
  fault = '';
  private stream: ClientHttp2Stream | null = null;
  private over = false;
  private blocked = false;
  private requestEnded = false;
  private responseBegun = false;
  private requestTrailers: readonly string[] = [];
  private responseTrailers: string[] = [];
  /** Body bytes that are still to come; -1 when their number is not known. */
  private missingBytes = -1;

  constructor(
    readonly upstream: Upstream,
    private readonly keeper: LeaseKeeper,
    private readonly holder: LeaseHandler,
  ) {
    this.waitingSinceMs = keeper.nowMs;
  }

  sendHead({ head }: ExchangeHead, path: string, outgoing: OutgoingFields, framing: Framing): void {
    const headers = asList(outgoing);
    const bodyFollows = framing !== 'none';
    this.requestEnded = !bodyFollows;
    const fields = emptyFields();
    fields[':method'] = head.method;
    fields[':scheme'] = this.upstream.row.tls ? 'https' : 'http';
    fields[':authority'] = fieldValue(headers, 'host');
    fields[':path'] = path;
    pushFields(fields, headers);
    try {
      const options = { endStream: !bodyFollows, waitForTrailers: bodyFollows };
      this.listen(this.keeper.session.request(fields, options));
    } catch (error) {
      // The session has begun to close, or a field is given twice that HTTP/2 allows once.
      const isSession =
        error instanceof Error && 'code' in error && /SESSION|GOAWAY/.test(String(error.code));
      this.end(isSession ? 'upstream_closed' : 'request_malformed', isSession);
    }
  }

  sendBody(chunk: Buffer): boolean {
    if (this.over || this.requestEnded || this.stream === null) return true;
    this.wait(this.waiting);
    if (!this.stream.write(chunk)) this.blocked = true;
    return !this.blocked;
  }

  endBody(trailers: readonly string[]): void {
    if (this.over || this.requestEnded) return;
    this.requestEnded = true;
    this.requestTrailers = trailers;
    this.wait(this.waiting);
    this.stream?.end();
  }

  flush(): void {
    // Node gathers what is written in one turn.
  }

  /** The upstream would take more of the request, and there is none. */
  get awaitsRequest(): boolean {
    return !this.requestEnded && this.stream?.writableNeedDrain !== true;
  }

  pause(): void {
    this.paused = true;
    this.stream?.pause();
  }

  resume(): void {
    if (!this.paused) return;
    this.paused = false;
    this.wait(this.waiting);
    this.stream?.resume();
  }

  endTunnel(): void {
    // There are none: a holder that needs one is not lent a stream.
  }

  abort(): void {
    if (this.over) return;
    this.over = true;
    this.cancel();
    this.keeper.onLeaseOver(this);
  }

  fail(code: ErrorCode): void {
    this.end(code, false);
  }

  /** The exchange cannot be completed. `silent`: the app has not begun on it. */
  private end(code: ErrorCode, silent: boolean): void {
    if (this.over) return;
    this.over = true;
    this.cancel();
    this.keeper.onLeaseOver(this);
    this.holder.onFailure(this.responseBegun ? 'upstream_cut' : code, silent && !this.responseBegun);
  }

  private cancel(): void {
    const { stream } = this;
    if (stream === null) return;
    // close() would end the request first. Its end makes node:http2 ask for trailers, and where the session's socket is busy just
    // then, of a stream that is destroyed: Node aborts the process at that (seen with 26.12).
    stream.end = () => stream;
    stream.close(CANCEL);
    stream.destroy();
  }

  private wait(what: Waiting): void {
    this.waiting = what;
    this.waitingSinceMs = this.keeper.nowMs;
  }

  private listen(stream: ClientHttp2Stream): void {
    this.stream = stream;
    let failure: unknown = null;
    stream.on('error', (error) => {
      failure = error;
    });
    stream.on('continue', () => this.holder.onInformational(100, []));
    stream.on('headers', (fields) => this.holder.onInformational(Number(fields[':status']), flatten(fields)));
    stream.on('response', (fields, flags) => this.onResponse(fields, flags));
    stream.on('trailers', (fields, flags) => {
      // A response that is ended by its head may be told as trailers (nodejs/node#41251).
      if (fields[':status'] !== undefined) this.onResponse(fields, flags);
      else this.responseTrailers = withoutForbiddenTrailers(flatten(fields));
    });
    stream.on('wantTrailers', () => stream.sendTrailers(toTrailers(this.requestTrailers)));
    stream.on('data', (chunk: Buffer) => {
      if (this.over) return;
      this.wait(this.waiting);
      if (this.missingBytes !== -1) this.missingBytes = Math.max(0, this.missingBytes - chunk.length);
      this.holder.onBody(chunk);
      this.holder.onFlush();
    });
    stream.on('drain', () => {
      this.blocked = false;
      if (!this.over) this.holder.onWritable();
    });
    stream.on('end', () => this.onEnd(stream));
    stream.on('close', () => this.onClose(stream, failure));
  }

  private onResponse(fields: IncomingHttpHeaders, flags: number): void {
    if (this.over || this.responseBegun) return;
    this.responseBegun = true;
    const headers = flatten(fields);
    const length = fieldValue(headers, 'content-length');
    // A gRPC call may be silent for as long as a tunnel.
    this.wait(isGrpc(headers) ? 'tunnel' : 'body');
    const hasBody = (flags & FLAG_END_STREAM) === 0;
    const contentLength = length === '' ? -1 : Number(length);
    if (hasBody) this.missingBytes = contentLength;
    this.holder.onResponse({
      status: Number(fields[':status']),
      headers,
      memo: null,
      contentLength,
      hasBody,
    });
    this.holder.onFlush();
  }

  private onEnd(stream: ClientHttp2Stream): void {
    // A stream that was reset ends too; its close tells.
    if (this.over || !this.responseBegun || stream.rstCode !== NO_ERROR) return;
    // A reset without an error looks like an end to node:http2.
    if (this.missingBytes > 0) {
      this.end('upstream_cut', false);
      return;
    }
    this.over = true;
    this.keeper.onLeaseOver(this);
    this.holder.onEnd(this.responseTrailers);
    this.holder.onFlush();
    // The rest of the request is not wanted (RFC 9113 §8.1).
    if (!this.requestEnded) this.cancel();
  }

  private onClose(stream: ClientHttp2Stream, failure: unknown): void {
    if (this.over) return;
    const isRefused = stream.rstCode === REFUSED_STREAM;
    const { failure: sessionFailure, uses } = this.keeper;
    const cause = sessionFailure ?? failure;
    const isMalformed = systemCode(cause) === 'ERR_HTTP2_ERROR' && !isRefused;
    if (isMalformed && cause instanceof Error) this.fault = cause.message;
    const code = isMalformed ? 'upstream_malformed' : classifyUpstreamFailure(cause);
    this.end(code === 'upstream_reset' ? 'upstream_closed' : code, isRefused || (!isMalformed && uses > 1));
  }
}

/** Without a prototype: a client may send a field named `constructor` or `__proto__`. */
function emptyFields(): OutgoingHttpHeaders {
  return Object.create(null);
}

function pushFields(fields: OutgoingHttpHeaders, headers: readonly string[]): void {
  for (let index = 0; index < headers.length; index += 2) {
    const name = headers[index] ?? '';
    const value = headers[index + 1] ?? '';
    if (NOT_SENT.has(name)) continue;
    const known = fields[name];
    if (known === undefined) fields[name] = value;
    else fields[name] = Array.isArray(known) ? [...known, value] : [String(known), value];
  }
}

function toTrailers(trailers: readonly string[]): OutgoingHttpHeaders {
  const fields = emptyFields();
  pushFields(fields, trailers);
  return fields;
}

/** Flat list without pseudo fields; a name with several values is repeated. */
function flatten(fields: IncomingHttpHeaders): string[] {
  const list: string[] = [];
  for (const [name, value] of Object.entries(fields)) {
    if (name.startsWith(':') || value === undefined) continue;
    for (const one of Array.isArray(value) ? value : [String(value)]) list.push(name, one);
  }
  return list;
}
