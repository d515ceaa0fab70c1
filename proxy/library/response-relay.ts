/** An upstream's response on its way to the client, in step with both, and cut where it is not whole. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ServerHttp2Stream } from 'node:http2';
import type { ErrorCode } from '../../src/shared/errors.js';
import type { Exchange } from '../exchange/exchange.js';
import { asList } from '../exchange/headers/outgoing-fields.js';
import { buildDownstreamHeaders } from '../exchange/headers/response-headers.js';
import { explainRefusal, mayBeRefusal } from '../exchange/log/refusal-advice.js';
import { flatten, transferCodings } from './read-head.js';

/** A response of node:http, or of node:http2's compatibility API with its stream. */
export type LibraryResponse = ServerResponse & { readonly stream?: ServerHttp2Stream };

/** node:http keeps no more fields of a response: beyond it some are missing. */
const MAX_HEADER_COUNT = 1000;

/** Who hears how it went. */
export interface RelayEvents {
  /** The response was passed on whole; the client may still be taking it. */
  onRelayed(): void;
  /** The response broke off, or nobody took it. */
  onRelayFailure(code: ErrorCode): void;
}

/** What llhttp reads in one way and others in another: never passed on (RFC 9112 §4, §6.1). */
export function isFaultyResponse(response: IncomingMessage): boolean {
  const status = response.statusCode ?? 0;
  if (response.httpVersionMajor !== 1 || status < 200 || status > 599) return true;
  if (hasControl(response.statusMessage ?? '')) return true;
  if (response.rawHeaders.length >= 2 * MAX_HEADER_COUNT) return true;
  const codings = transferCodings(response.rawHeaders);
  return codings.length > 1 || (codings.length === 1 && codings[0] !== 'chunked');
}

function hasControl(text: string): boolean {
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if ((code < 0x20 && code !== 0x09) || code === 0x7f) return true;
  }
  return false;
}

/** Relays one response; `isFaultyResponse` must have been asked. */
export class ResponseRelay {
  private timer: NodeJS.Timeout | null = null;

  constructor(
    private readonly exchange: Exchange,
    private readonly upstreamResponse: IncomingMessage,
    private readonly response: LibraryResponse,
    private readonly holder: RelayEvents,
  ) {}

  /** Sends the head and lets the body follow. @throws what node's writeHead throws at a field it does not take */
  start(upstreamAuthority: string, strippedPrefix = ''): void {
    const { exchange, response, upstreamResponse } = this;
    const fields = buildDownstreamHeaders(
      flatten(upstreamResponse.rawHeaders),
      exchange.head,
      exchange.facts,
      exchange.policy,
      null,
      upstreamAuthority,
      strippedPrefix,
      exchange.requestId,
    );
    const headers = asList(fields);
    const length = upstreamResponse.headers['content-length'];
    if (length !== undefined) headers.push('content-length', length);
    const status = upstreamResponse.statusCode ?? 0;
    writeHead(response, status, headers);
    exchange.answered(status, headers);
    if (mayBeRefusal(status, Number(length ?? -1))) {
      const { log } = exchange.services;
      upstreamResponse.once('data', (chunk: Buffer) => explainRefusal(chunk, exchange.head, log));
    }
    this.awaitUpstream();
    upstreamResponse.on('data', (chunk: Buffer) => this.pass(chunk));
    response.on('drain', () => {
      this.awaitUpstream();
      upstreamResponse.resume();
    });
    upstreamResponse.on('end', () => (upstreamResponse.complete ? this.end() : this.fail('upstream_cut')));
    upstreamResponse.on('aborted', () => this.fail('upstream_cut'));
    upstreamResponse.on('error', () => this.fail('upstream_cut'));
  }

  /** No more time is measured. */
  stop(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
  }

  private pass(chunk: Buffer): void {
    this.exchange.sent(chunk);
    if (this.response.write(chunk)) {
      this.timer?.refresh();
      return;
    }
    this.upstreamResponse.pause();
    this.awaitClient();
  }

  private end(): void {
    this.response.end();
    this.awaitClient();
    this.holder.onRelayed();
  }

  private fail(code: ErrorCode): void {
    this.stop();
    this.upstreamResponse.destroy();
    this.holder.onRelayFailure(code);
  }

  private awaitUpstream(): void {
    this.stop();
    const { upstreamIdleTimeoutMs } = this.exchange.services.policy.config.limits;
    this.timer = setTimeout(() => this.fail('upstream_cut'), upstreamIdleTimeoutMs);
  }

  private awaitClient(): void {
    this.stop();
    const { clientWriteTimeoutMs } = this.exchange.services.policy.config.limits;
    this.timer = setTimeout(() => {
      // A pipelined response without a socket waits for the one before it, not for the client.
      if (this.response.stream === undefined && this.response.socket === null) this.timer?.refresh();
      else this.fail('downstream_gone');
    }, clientWriteTimeoutMs);
  }
}

/** Writes a flat list as the response's head in either API. */
export function writeHead(response: LibraryResponse, status: number, headers: readonly string[]): void {
  // Without a prototype: a field may be called `constructor`.
  const byName: Record<string, string | string[]> = Object.create(null);
  for (let index = 0; index < headers.length; index += 2) {
    const name = headers[index] ?? '';
    const value = headers[index + 1] ?? '';
    const known = byName[name];
    if (known === undefined) byName[name] = value;
    else byName[name] = Array.isArray(known) ? [...known, value] : [known, value];
  }
  response.writeHead(status, byName);
}
