/** Reads requests as a server does: bytes in, events out, anything two readers could take in two ways refused. */

import { isAuthority } from '../syntax/authority.js';
import { TARGET, TOKEN_LOWER } from '../syntax/characters.js';
import { FieldsMemo } from '../syntax/field-lines.js';
import { hasForbiddenTrailer } from '../syntax/trailers.js';
import { Http1Error, type Http1ErrorCode } from './error.js';
import {
  FRAMING_CHUNKED,
  FRAMING_LENGTH,
  FRAMING_NONE,
  HEAD,
  type Http1Limits,
  type RequestHead,
} from './events.js';
import {
  checkTransferEncoding,
  connectionOptions,
  expectsContinue,
  isPersistent,
  OPTION_UPGRADE,
} from './framing.js';
import { BETWEEN, CLOSED, MessageDecoder } from './message-decoder.js';
import { resolveTarget } from './request-target.js';
import { isLineEnd, NO_VERSION, OTHER_VERSION, readVersion, startLineError } from './start-line.js';

const LF = 0x0a;
const CR = 0x0d;
const SP = 0x20;
/** The length of `HTTP/1.1`. */
const VERSION_BYTES = 8;

const NO_HEAD: RequestHead = {
  method: '',
  target: '',
  path: '',
  authority: '',
  scheme: '',
  httpVersion: '1.1',
  headers: [],
  memo: new FieldsMemo(),
  framing: FRAMING_NONE,
  contentLength: 0,
  keepAlive: false,
  upgrade: '',
  expectContinue: false,
};

/**
 * Server side of one connection. Pull with `next()`; after END the next pipelined request follows, so stop pulling
 * while a response is owed, and after the HEAD of a request that becomes a tunnel call `takeRest()` instead.
 */
export class RequestDecoder extends MessageDecoder {
  private current: RequestHead = NO_HEAD;
  private method = '';
  private target = '';
  private minorVersion: 0 | 1 = 1;
  private emptyLineSeen = false;

  constructor(limits: Http1Limits) {
    super(limits, undefined, false);
  }

  /** After HEAD: the request's head, until `next()` says NEED_DATA between requests. */
  get head(): RequestHead {
    return this.current;
  }

  /** True between requests with nothing received of the next one. */
  get idle(): boolean {
    return this.state === BETWEEN && this.received.unread === 0;
  }

  protected override begin(): boolean {
    const received = this.received;
    // One empty line before a request line is forgiven, no more (RFC 9112 §2.2).
    if (!this.emptyLineSeen && received.unread > 0 && received.bytes[received.position] === CR) {
      if (received.unread === 1) return false;
      if (!isLineEnd(received.bytes, received.position)) throw new Http1Error('line_end_invalid');
      received.position += 2;
      this.emptyLineSeen = true;
    }
    if (received.unread === 0) return false;
    // The first byte tells TLS and other protocols apart without waiting for a line end that may never come.
    const first = received.bytes[received.position] ?? 0;
    if ((TOKEN_LOWER[first] ?? 0) !== 0) return true;
    if (first === CR) throw new Http1Error('empty_lines');
    throw new Http1Error(first === LF ? 'line_end_invalid' : 'method_invalid');
  }

  override readStartLine(text: string): number {
    const { bytes, position: start } = this.received;
    let at = start;
    while (TOKEN_LOWER[bytes[at] ?? 0] !== 0) at += 1;
    const methodEnd = at;
    if (bytes[at] !== SP) throw this.lineError(at, 'method_invalid');
    at += 1;
    while (TARGET[bytes[at] ?? 0] === 1) at += 1;
    const targetEnd = at;
    if (bytes[at] !== SP || targetEnd === methodEnd + 1) throw this.lineError(at, 'target_invalid');
    const minorVersion = readVersion(bytes, at + 1);
    const end = at + 1 + VERSION_BYTES;
    if (minorVersion < 0) throw this.versionError(text, at + 1, minorVersion);
    if (!isLineEnd(bytes, end)) throw this.lineError(end, 'version_malformed');
    if (end - start > this.limits.requestLineBytes) throw new Http1Error('request_line_too_long');
    if (methodEnd - start > this.limits.methodBytes) throw new Http1Error('method_too_long');
    this.method = text.startsWith('GET ') ? 'GET' : text.slice(0, methodEnd - start);
    this.target = text.slice(methodEnd + 1 - start, targetEnd - start);
    this.minorVersion = minorVersion === 0 ? 0 : 1;
    return end + 2;
  }

  override checkPartialStartLine(): void {
    const seenBytes = this.received.searched - this.received.position;
    if (seenBytes >= this.limits.requestLineBytes + 2) throw new Http1Error('request_line_too_long');
  }

  protected override finishHead(): number {
    const { method, target, minorVersion, fields } = this;
    this.checkHost();
    const isOrigin = target.startsWith('/') && method !== 'CONNECT';
    const resolved = isOrigin ? undefined : resolveTarget(method, target);
    const framing = this.framing();
    const options = fields.connection === '' ? 0 : connectionOptions(fields.connection);
    // The target's authority wins over Host (RFC 9112 §3.2.2).
    const authority = resolved === undefined || resolved.authority === '' ? fields.host : resolved.authority;
    this.current = {
      method,
      target,
      path: resolved === undefined ? target : resolved.path,
      authority: authority ?? '',
      scheme: resolved === undefined ? '' : resolved.scheme,
      httpVersion: minorVersion === 0 ? '1.0' : '1.1',
      headers: authority === fields.host ? fields.headers : withHost(fields.headers, authority ?? ''),
      memo: fields,
      framing,
      contentLength: framing === FRAMING_LENGTH ? fields.contentLength : 0,
      // What follows a CONNECT, accepted or not, was meant for the tunnel.
      keepAlive: isPersistent(minorVersion, options) && method !== 'CONNECT',
      upgrade:
        (options & OPTION_UPGRADE) !== 0 && minorVersion === 1 && fields.upgrade !== ''
          ? fields.upgrade.toLowerCase()
          : '',
      expectContinue: fields.expect !== '' && minorVersion === 1 && expectsContinue(fields.expect),
    };
    this.expectContent(framing, fields.contentLength);
    return HEAD;
  }

  protected override finishMessage(): number {
    this.emptyLineSeen = false;
    return this.current.keepAlive ? BETWEEN : CLOSED;
  }

  protected override forget(): void {
    super.forget();
    this.current = NO_HEAD;
    this.target = '';
  }

  protected override acceptTrailers(trailers: readonly string[]): readonly string[] {
    if (hasForbiddenTrailer(trailers)) throw new Http1Error('trailer_forbidden');
    return trailers;
  }

  protected override owesMessage(): boolean {
    return false;
  }

  protected override asOwnError(error: Http1Error): Http1Error {
    return error;
  }

  private checkHost(): void {
    const { fields } = this;
    if (fields.isHostChecked) return;
    if (fields.hostRepeated) throw new Http1Error('host_repeated');
    if (fields.host === undefined) {
      // RFC 9112 §3.2, also where the target itself names the authority.
      if (this.minorVersion === 1) throw new Http1Error('host_missing');
      return;
    }
    if (!isAuthority(fields.host)) throw new Http1Error('host_invalid');
    fields.isHostChecked = true;
  }

  private framing(): 0 | 1 | 2 {
    const { contentLength, transferEncoding } = this.fields;
    if (transferEncoding === undefined && contentLength < 0) return FRAMING_NONE;
    if (this.method === 'CONNECT' && (transferEncoding !== undefined || contentLength > 0)) {
      throw new Http1Error('connect_content');
    }
    if (transferEncoding === undefined) return FRAMING_LENGTH;
    if (contentLength >= 0) throw new Http1Error('length_and_chunked');
    if (this.minorVersion === 0) throw new Http1Error('transfer_encoding_version');
    checkTransferEncoding(transferEncoding);
    return FRAMING_CHUNKED;
  }

  private lineError(at: number, code: Http1ErrorCode): Http1Error {
    const { bytes, position } = this.received;
    const isCut = code !== 'version_malformed' && isLineEnd(bytes, at);
    const named = isCut ? 'request_line_malformed' : code;
    return startLineError(bytes, position, at, this.limits.requestLineBytes, named);
  }

  private versionError(text: string, at: number, found: number): Http1Error {
    const isWhole = found === OTHER_VERSION && isLineEnd(this.received.bytes, at + VERSION_BYTES);
    if (found === NO_VERSION || !isWhole) return this.lineError(at, 'version_malformed');
    return this.lineError(
      at,
      text.startsWith('PRI * HTTP/2.0\r\n') ? 'http2_preface' : 'version_unsupported',
    );
  }
}

/** The fields with this Host, in place of one that nobody is to read. */
function withHost(headers: readonly string[], host: string): string[] {
  const changed = [...headers];
  const at = changed.findIndex((name, index) => index % 2 === 0 && name === 'host');
  if (at === -1) changed.push('host', host);
  else changed[at + 1] = host;
  return changed;
}
