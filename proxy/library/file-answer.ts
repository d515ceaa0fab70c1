/** A file as the answer of the library engine: what its lease brings goes to the client, as fast as that takes it. */
import type { ErrorCode } from '../../src/shared/errors.js';
import type { Exchange } from '../exchange/exchange.js';
import { asList } from '../exchange/headers/outgoing-fields.js';
import { buildDownstreamHeaders } from '../exchange/headers/response-headers.js';
import type { EndingLimit } from '../exchange/log/limit-reports.js';
import type { Lease, LeaseHandler, UpstreamResponse } from '../upstream/transport.js';
import { RelayClock } from './relay-clock.js';
import { type LibraryResponse, type RelayEvents, writeHead } from './response-relay.js';

/** Who hears how it went; `onRelayFailure` also where there is no such file. */
export interface FileEvents extends RelayEvents {
  /** The head goes out. */
  onFileHead(): void;
}

export class FileAnswer implements LeaseHandler {
  readonly client = '';
  readonly needsHttp1 = false;
  private readonly clock: RelayClock;
  private lease: Lease | null = null;

  constructor(
    private readonly exchange: Exchange,
    private readonly response: LibraryResponse,
    private readonly owner: FileEvents,
    /** host:port of the app that Location may name, and what it does not see of paths. */
    private readonly authority: string,
    private readonly strippedPrefix: string,
  ) {
    this.clock = new RelayClock(exchange.services.policy.config.limits, response, (code, limit) =>
      this.fail(code, limit),
    );
  }

  /** Takes what the lease brings from now on. */
  follow(lease: Lease): void {
    this.lease = lease;
    this.response.on('drain', () => {
      this.clock.stop();
      lease.resume();
    });
  }

  /** Nothing more goes out. */
  stop(): void {
    this.clock.stop();
    this.lease?.abort();
  }

  onResponse({ status, headers, contentLength }: UpstreamResponse): void {
    const { exchange, response } = this;
    const { head, facts, policy, requestId } = exchange;
    const { authority, strippedPrefix } = this;
    const fields = asList(
      buildDownstreamHeaders(headers, head, facts, policy, null, authority, strippedPrefix, requestId),
    );
    if (contentLength !== -1) fields.push('content-length', String(contentLength));
    writeHead(response, status, fields);
    exchange.answered(status, fields);
    this.owner.onFileHead();
  }

  /** The bytes are the lease's again after the call. */
  onBody(view: Buffer): void {
    this.exchange.sent(view);
    if (this.response.write(Buffer.from(view))) return;
    this.lease?.pause();
    this.clock.awaitClient();
  }

  onEnd(): void {
    this.response.end();
    this.clock.awaitClient();
    this.owner.onRelayed();
  }

  onFailure(code: ErrorCode): void {
    this.clock.stop();
    this.owner.onRelayFailure(code, null);
  }

  // A folder lends at once, says nothing before its answer, and takes no body.
  onLease(): void {}
  onNoLease(): void {}
  onInformational(): void {}
  onTunnel(): void {}
  onWritable(): void {}
  onFlush(): void {}

  private fail(code: ErrorCode, limit: EndingLimit): void {
    this.stop();
    this.owner.onRelayFailure(code, limit);
  }
}
