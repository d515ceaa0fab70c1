/** Reads responses as a client does: bytes in, events out, framed by the request each response answers. */

import { FIELD_VALUE } from '../syntax/characters.js';
import { FieldsMemo } from '../syntax/field-lines.js';
import { hasForbiddenTrailer, withoutForbiddenTrailers } from '../syntax/trailers.js';
import { Http1Error } from './error.js';
import {
  FRAMING_CHUNKED,
  FRAMING_LENGTH,
  FRAMING_NONE,
  FRAMING_UNTIL_CLOSE,
  type Framing,
  HEAD,
  type Http1Limits,
  INFORMATIONAL,
  type ResponseHead,
} from './events.js';
import {
  checkTransferEncoding,
  connectionOptions,
  isPersistent,
  keepAliveTimeoutMs,
  OPTION_UPGRADE,
} from './framing.js';
import { BETWEEN, CLOSED, MessageDecoder, TUNNEL } from './message-decoder.js';
import type { RecentHeads } from './recent-heads.js';
import { isDigit, isLineEnd, NO_VERSION, OTHER_VERSION, readVersion } from './start-line.js';

const SP = 0x20;
/** Where the status code stands after `HTTP/1.1 `. */
const STATUS_OFFSET = 9;

/** What an interim response counts beside its fields: the client gets as many heads. */
const INFORMATIONAL_BYTES = 256;

/** A final status, and perhaps a reason. */
const CGI_STATUS = /^[2-5][0-9]{2}(?: |$)/;

const NO_HEAD: ResponseHead = {
  status: 0,
  minorVersion: 1,
  headers: [],
  memo: new FieldsMemo(),
  framing: FRAMING_NONE,
  contentLength: -1,
  keepAlive: false,
  idleTimeoutMs: -1,
};

/**
 * Client side of one connection. Announce each request with `expect()` no later than its head is sent; a byte that
 * no request asked for is refused as `surplus`. Before the connection is used again `idle` must be true.
 */
export class ResponseDecoder extends MessageDecoder {
  private current: ResponseHead = NO_HEAD;
  /** Methods of the requests still to be answered, oldest first. */
  private readonly methods: string[] = [];
  private status = 0;
  private minorVersion: 0 | 1 = 1;
  private informationalBytes = 0;
  /** The last Keep-Alive and what it says: a server says the same each time, and reading it costs 0.6 µs. */
  private keepAlive = '';
  private idleTimeoutMs = -1;
  /** The status is that of the field Status (RFC 3875 §6.3.3), which is not told; without it, that of the status line. */
  statusByField = false;

  constructor(limits: Http1Limits, recent?: RecentHeads) {
    super(limits, recent, true);
  }

  /** After HEAD and INFORMATIONAL: the response's head. */
  get head(): ResponseHead {
    return this.current;
  }

  /** True when every announced request was answered and nothing was received beyond that. */
  get idle(): boolean {
    return this.state === BETWEEN && this.methods.length === 0 && this.received.unread === 0;
  }

  /** Forgets the interim responses until now: what is left of their bound is for a stretch of time, which the caller knows. */
  forgiveInformational(): void {
    this.informationalBytes = 0;
  }

  /** Announces a request; its method decides whether the response has content (RFC 9112 §6.3). */
  expect(method: string): void {
    this.methods.push(method);
  }

  protected override begin(): boolean {
    if (this.received.unread === 0) return false;
    if (this.methods.length === 0) throw new Http1Error('surplus');
    return true;
  }

  override readStartLine(): number {
    const { bytes, position: start } = this.received;
    const minorVersion = readVersion(bytes, start);
    if (minorVersion === OTHER_VERSION) throw new Http1Error('version_unsupported');
    if (minorVersion === NO_VERSION) throw new Http1Error('version_malformed');
    let at = start + STATUS_OFFSET;
    if (bytes[at - 1] !== SP) throw new Http1Error('status_line_malformed');
    let status = 0;
    for (const digitsEnd = at + 3; at < digitsEnd; at += 1) {
      if (!isDigit(bytes[at])) throw new Http1Error('status_line_malformed');
      status = status * 10 + (bytes[at] ?? 0) - 0x30;
    }
    if (status < 100 || status > 599) throw new Http1Error('status_line_malformed');
    // Many servers leave out the blank when there is no phrase; it cannot be read in two ways.
    if (bytes[at] === SP) at += 1;
    else if (!isLineEnd(bytes, at)) throw new Http1Error('status_line_malformed');
    while (FIELD_VALUE[bytes[at] ?? 0] === 1) at += 1;
    if (!isLineEnd(bytes, at)) throw new Http1Error('status_line_malformed');
    this.status = status;
    this.minorVersion = minorVersion === 0 ? 0 : 1;
    return at + 2;
  }

  override checkPartialStartLine(): void {
    // A status line is bounded with its head.
  }

  protected override finishHead(): number {
    const { minorVersion, fields } = this;
    const headers = this.statusByField ? this.takeStatus(fields.headers) : fields.headers;
    const { status } = this;
    const method = this.methods[0] ?? '';
    const framing = this.framing(method);
    const isTunnel = status === 101 || (method === 'CONNECT' && status >= 200 && status <= 299);
    const isInterim = status < 200 && !isTunnel;
    const options = fields.connection === '' ? 0 : connectionOptions(fields.connection);
    // RFC 9110 §15.2.2: without Upgrade some readers take it for an interim response and wait for another one.
    if (status === 101 && ((options & OPTION_UPGRADE) === 0 || fields.upgrade === '')) {
      throw new Http1Error('upgrade_missing');
    }
    this.current = {
      status,
      minorVersion,
      headers,
      memo: fields,
      framing,
      contentLength: fields.contentLength,
      idleTimeoutMs: this.idleTimeoutOf(fields.keepAlive),
      keepAlive: isPersistent(minorVersion, options) && framing !== FRAMING_UNTIL_CLOSE && !isTunnel,
    };
    if (isInterim) {
      this.countInformational(headers);
      this.state = BETWEEN;
      return INFORMATIONAL;
    }
    this.expectContent(framing, fields.contentLength);
    if (isTunnel) {
      this.methods.shift();
      this.state = TUNNEL;
    }
    return HEAD;
  }

  private idleTimeoutOf(keepAlive: string): number {
    if (keepAlive !== this.keepAlive) {
      this.keepAlive = keepAlive;
      this.idleTimeoutMs = keepAliveTimeoutMs(keepAlive);
    }
    return this.idleTimeoutMs;
  }

  protected override finishMessage(): number {
    this.methods.shift();
    this.informationalBytes = 0;
    return this.current.framing === FRAMING_UNTIL_CLOSE ? CLOSED : BETWEEN;
  }

  /** RFC 9110 §6.5.1: what may not stand there may be ignored; the content before it is whole. */
  protected override acceptTrailers(trailers: readonly string[]): readonly string[] {
    return hasForbiddenTrailer(trailers) ? withoutForbiddenTrailers(trailers) : trailers;
  }

  protected override owesMessage(): boolean {
    return this.methods.length > 0;
  }

  protected override asOwnError(error: Http1Error): Http1Error {
    return new Http1Error(error.code, 502);
  }

  /** The fields without Status, whose value becomes the status. */
  private takeStatus(headers: readonly string[]): string[] {
    const others: string[] = [];
    let isSeen = false;
    for (let index = 0; index < headers.length; index += 2) {
      const value = headers[index + 1] ?? '';
      if (headers[index] !== 'status') {
        others.push(headers[index] ?? '', value);
        continue;
      }
      if (isSeen || !CGI_STATUS.test(value)) throw new Http1Error('status_line_malformed');
      isSeen = true;
      this.status = Number(value.slice(0, 3));
    }
    return others;
  }

  private countInformational(headers: readonly string[]): void {
    let bytes = INFORMATIONAL_BYTES;
    for (const text of headers) bytes += text.length;
    this.informationalBytes += bytes;
    if (this.informationalBytes > this.limits.informationalBytes) {
      throw new Http1Error('too_many_informational');
    }
  }

  /** RFC 9112 §6.3; contradictions are refused even where the status leaves no room for content. */
  private framing(method: string): Framing {
    const { status } = this;
    const { contentLength, transferEncoding } = this.fields;
    if (transferEncoding !== undefined) {
      if (contentLength >= 0) throw new Http1Error('length_and_chunked');
      if (this.minorVersion === 0) throw new Http1Error('transfer_encoding_version');
      checkTransferEncoding(transferEncoding);
    }
    if (status < 200 || status === 204 || status === 304 || method === 'HEAD') return FRAMING_NONE;
    if (method === 'CONNECT' && status <= 299) return FRAMING_NONE;
    if (transferEncoding !== undefined) return FRAMING_CHUNKED;
    return contentLength >= 0 ? FRAMING_LENGTH : FRAMING_UNTIL_CLOSE;
  }
}
