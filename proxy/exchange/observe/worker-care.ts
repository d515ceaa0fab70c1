/** The observer that looks after the apps we start: how much each has served, and which request takes longer than `--harakiri` allows. */
import type { AppLoad } from '../../../src/shared/messages/router-messages.js';
import { fieldValue } from '../../wire/syntax/field-list.js';
import type { Exchange } from '../exchange.js';
import { type Direction, ExchangeObserver } from './observer.js';

const LOOK_EVERY_MS = 500;
const MAX_PATH = 200;
const CONTROL = /\p{Cc}/gu;

/** A request on its way. */
interface Running {
  /** host:port of its app; empty: it has not gone to one. */
  address: string;
  /** When the app had all of it. */
  sinceMs: number;
  /** Body bytes that the client still owes; the app waits for them, not we for the app. */
  owedBytes: number;
  /** The app has begun to answer. */
  isSettled: boolean;
}

interface Load {
  served: number;
  inFlight: number;
  tookMs: number;
  isNew: boolean;
}

/** What it reports. */
export interface CareReports {
  onOverdue(address: string, request: string, tookMs: number): void;
  onLoad(loads: readonly AppLoad[]): void;
}

/** One for each router; only where an option asks for it. */
export class WorkerCare extends ExchangeObserver {
  private readonly running = new Map<Exchange, Running>();
  private readonly loads = new Map<string, Load>();

  /** @param harakiriMs shortest limit of the apps, from the whole request to the beginning of its response; 0: any */
  constructor(
    private readonly harakiriMs: number,
    private readonly reports: CareReports,
    private readonly clock: () => number = () => performance.now(),
  ) {
    super();
  }

  /** Looks from now on, twice a second. */
  start(): this {
    setInterval(() => this.look(), LOOK_EVERY_MS).unref();
    return this;
  }

  override onRequestHead(exchange: Exchange): void {
    this.running.set(exchange, { address: '', sinceMs: 0, owedBytes: owedBy(exchange), isSettled: false });
  }

  override onBody(exchange: Exchange, direction: Direction, piece: Buffer | string): void {
    if (direction === 'out') return;
    const running = this.running.get(exchange);
    if (running === undefined) return;
    running.owedBytes -= piece.length;
    running.sinceMs = this.clock();
  }

  override onDispatched(exchange: Exchange): void {
    const running = this.running.get(exchange);
    if (running === undefined) return;
    this.leave(running);
    running.address = exchange.upstream;
    running.sinceMs = this.clock();
    const load = this.loads.get(running.address) ?? { served: 0, inFlight: 0, tookMs: 0, isNew: true };
    load.served += 1;
    load.inFlight += 1;
    load.isNew = true;
    this.loads.set(running.address, load);
  }

  override onResponseHead(exchange: Exchange): void {
    const running = this.running.get(exchange);
    if (running === undefined || running.isSettled) return;
    running.isSettled = true;
    const load = this.loads.get(running.address);
    if (load !== undefined) load.tookMs += this.clock() - running.sinceMs;
  }

  override onEnd(exchange: Exchange): void {
    const running = this.running.get(exchange);
    if (running === undefined) return;
    this.leave(running);
    this.running.delete(exchange);
  }

  /** Reports what has changed, and each request that takes too long, again and again: whose limit it is, the master knows. */
  look(): void {
    const loads: AppLoad[] = [];
    for (const [address, load] of this.loads) {
      if (!load.isNew) continue;
      load.isNew = false;
      const { served, inFlight, tookMs } = load;
      loads.push({ address, served, inFlight, tookMs: Math.round(tookMs) });
      load.tookMs = 0;
      // A worker that was replaced never comes back under its port.
      if (load.inFlight === 0) this.loads.delete(address);
      else load.served = 0;
    }
    if (loads.length > 0) this.reports.onLoad(loads);
    if (this.harakiriMs === 0) return;
    const nowMs = this.clock();
    for (const [{ head }, running] of this.running) {
      const tookMs = nowMs - running.sinceMs;
      if (running.isSettled || running.address === '' || running.owedBytes > 0 || tookMs < this.harakiriMs)
        continue;
      const request = `${head.method} ${head.path.split('?', 1)[0]?.slice(0, MAX_PATH)}`.replace(
        CONTROL,
        '?',
      );
      this.reports.onOverdue(running.address, request, Math.round(tookMs));
    }
  }

  private leave({ address }: Running): void {
    const load = this.loads.get(address);
    if (load === undefined) return;
    load.inFlight -= 1;
    load.isNew = true;
  }
}

/** A body of unknown length is left to the timeouts: nobody tells here when it is whole. */
function owedBy({ head }: Exchange): number {
  const length = fieldValue(head.headers, 'content-length');
  if (length !== '') return Number(length);
  if (fieldValue(head.headers, 'transfer-encoding') !== '') return Number.POSITIVE_INFINITY;
  const hasBody = head.httpVersion === '2.0' && head.method !== 'GET' && head.method !== 'HEAD';
  return hasBody ? Number.POSITIVE_INFINITY : 0;
}
