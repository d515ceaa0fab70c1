/** Asks an upstream for the health path over its own transport and judges the status. */
import type { HealthConfig } from '../../src/shared/config/apps.js';
import type { ConnectionFacts, RequestHead } from '../exchange/types.js';
import type { Upstream } from '../routing/upstream.js';
import type { Probe } from '../routing/upstreams.js';
import { NO_LINES } from '../wire/syntax/field-lines.js';
import type { Pool } from './pool.js';
import type { Lease, LeaseHandler, UpstreamResponse } from './transport.js';

/** The front itself asks, over TLS as far as the app is concerned, so that it does not answer with a redirect to https. */
const FACTS: ConnectionFacts = {
  remoteAddress: '127.0.0.1',
  remotePort: 0,
  localAddress: '127.0.0.1',
  localPort: 443,
  tlsVersion: 'TLSv1.3',
  cipher: '',
  tlsGroup: '',
  serverName: '',
  trusted: false,
  certificate: null,
  listener: 0,
  clientFields: [],
};

/** A probe by requests. An answer later than the shorter of `timeoutMs` and the interval counts as none. */
export function probeByRequest(pool: Pool, health: HealthConfig, path: string, timeoutMs: number): Probe {
  const { statuses, intervalMs } = health;
  const isWell = (status: number): boolean =>
    statuses.some(({ first, last }) => status >= first && status <= last);
  return (upstream, done) =>
    new HealthCheck(upstream, pool, path, (status) => done(isWell(status))).start(
      Math.min(timeoutMs, intervalMs),
    );
}

/** Asks once; `done` gets the status of the answer, 0 where there is none in time. */
export function askStatus(
  upstream: Upstream,
  pool: Pool,
  path: string,
  timeoutMs: number,
  done: (status: number) => void,
): void {
  new HealthCheck(upstream, pool, path, done).start(timeoutMs);
}

/** One question. */
class HealthCheck implements LeaseHandler {
  readonly needsHttp1 = false;
  readonly client = 'health check';
  private lease: Lease | null = null;
  private timer: NodeJS.Timeout | null = null;
  private over = false;

  constructor(
    private readonly upstream: Upstream,
    private readonly pool: Pool,
    private readonly path: string,
    private readonly done: (status: number) => void,
  ) {}

  start(timeoutMs: number): void {
    this.timer = setTimeout(() => this.giveUp(), timeoutMs);
    this.timer.unref();
    // A fresh connection: an idle one would not tell that nobody accepts any more.
    const lease = this.pool.tryTake(this.upstream, this, true);
    if (lease !== null) this.onLease(lease);
    else if (this.pool.wait(this.upstream, this, true) !== null) this.onNoLease();
  }

  onLease(lease: Lease): void {
    this.lease = lease;
    if (this.over) {
      lease.abort();
      return;
    }
    const { authority } = this.upstream;
    const headers = ['host', authority, 'x-forwarded-proto', 'https', 'user-agent', 'tlsfront health check'];
    const head: RequestHead = {
      method: 'GET',
      path: this.path,
      authority,
      headers,
      memo: null,
      httpVersion: '1.1',
    };
    lease.sendHead({ head, facts: FACTS }, this.path, { repeated: NO_LINES, own: headers }, 'none');
    lease.flush();
  }

  onNoLease(): void {
    this.stopTimer();
    this.settle(0);
  }

  onInformational(): void {}

  onResponse(response: UpstreamResponse): void {
    this.settle(response.status);
  }

  onBody(): void {}

  onEnd(): void {
    this.lease = null;
    this.stopTimer();
  }

  onTunnel(): void {
    this.giveUp();
  }

  onFlush(): void {}

  onWritable(): void {}

  onFailure(): void {
    this.lease = null;
    this.stopTimer();
    this.settle(0);
  }

  private stopTimer(): void {
    if (this.timer !== null) clearTimeout(this.timer);
  }

  private giveUp(): void {
    if (this.lease !== null) this.lease.abort();
    else this.pool.forget(this.upstream, this);
    this.lease = null;
    this.settle(0);
  }

  /** The status is known; a body that does not end is cut by the timer. */
  private settle(status: number): void {
    if (this.over) return;
    this.over = true;
    this.done(status);
  }
}
