/** An upstream's response on its way to the client, in step with both, and cut where it is not whole. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ServerHttp2Stream } from 'node:http2';
import type { ErrorCode } from '../../src/shared/errors.js';
import type { Exchange } from '../exchange/exchange.js';
import { asList } from '../exchange/headers/outgoing-fields.js';
import { buildDownstreamHeaders } from '../exchange/headers/response-headers.js';
import type { EndingLimit } from '../exchange/log/limit-reports.js';
import { explainRefusal, mayBeRefusal } from '../exchange/log/refusal-advice.js';
import { flatten, transferCodings } from './read-head.js';
import { RelayClock } from './relay-clock.js';

/** A response of node:http, or of node:http2's compatibility API with its stream. */
export type LibraryResponse = ServerResponse & { readonly stream?: ServerHttp2Stream };

/** node:http keeps no more fields of a response: beyond it some are missing. */
const MAX_HEADER_COUNT = 1000;

/** Who hears how it went. */
export interface RelayEvents {
  /** The response was passed on whole; the client may still be taking it. */
  onRelayed(): void;
  /** The response broke off, or nobody took it. */
  onRelayFailure(code: ErrorCode, limit: EndingLimit | null): void;
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
  private readonly clock: RelayClock;

  constructor(
    private readonly exchange: Exchange,
    private readonly upstreamResponse: IncomingMessage,
    private readonly response: LibraryResponse,
    private readonly holder: RelayEvents,
  ) {
    this.clock = new RelayClock(exchange.services.policy.config.limits, response, (code, limit) =>
      this.fail(code, limit),
    );
  }

  /**
   * Sends the head and lets the body follow.
   * @param source the fields of the upstream
   * @throws what node's writeHead throws at a field it does not take
   */
  start(
    upstreamAuthority: string,
    strippedPrefix = '',
    source: readonly string[] = flatten(this.upstreamResponse.rawHeaders),
  ): void {
    const { exchange, response, upstreamResponse, clock } = this;
    const fields = buildDownstreamHeaders(
      source,
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
    clock.awaitUpstream();
    upstreamResponse.on('data', (chunk: Buffer) => this.pass(chunk));
    response.on('drain', () => {
      clock.awaitUpstream();
      upstreamResponse.resume();
    });
    upstreamResponse.on('end', () => (upstreamResponse.complete ? this.end() : this.fail('upstream_cut')));
    upstreamResponse.on('aborted', () => this.fail('upstream_cut'));
    upstreamResponse.on('error', () => this.fail('upstream_cut'));
  }

  /** No more time is measured. */
  stop(): void {
    this.clock.stop();
  }

  private pass(chunk: Buffer): void {
    this.exchange.sent(chunk);
    if (this.response.write(chunk)) {
      this.clock.refresh();
      return;
    }
    this.upstreamResponse.pause();
    this.clock.awaitClient();
  }

  private end(): void {
    this.response.end();
    this.clock.awaitClient();
    this.holder.onRelayed();
  }

  private fail(code: ErrorCode, limit: EndingLimit | null = null): void {
    this.stop();
    this.upstreamResponse.destroy();
    this.holder.onRelayFailure(code, limit);
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
