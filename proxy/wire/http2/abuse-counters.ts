/** Counts, by period, what a peer can do cheaply and we pay for. */
import { type ConnectionFault, Http2ConnectionError } from './faults.js';
import type { Http2Limits } from './limits.js';

/** Overhead frames that one request or one DATA frame sent makes plausible: updates of two windows, a priority, one to spare. */
const OVERHEAD_PER_USE = 4;
/** Uses carried into the next period: updates for data of the last one come late. */
const CARRIED_USES = 1_000;

export class AbuseCounters {
  private periodStartMs = 0;
  private resets = 0;
  private pings = 0;
  private settings = 0;
  private emptyData = 0;
  private overhead = 0;
  private uses = 0;

  constructor(private readonly limits: Http2Limits) {}

  /** Starts a new period when the old one is over. */
  tick(nowMs: number): void {
    if (nowMs - this.periodStartMs < this.limits.periodMs) return;
    this.periodStartMs = nowMs;
    this.resets = 0;
    this.pings = 0;
    this.settings = 0;
    this.emptyData = 0;
    this.overhead = 0;
    this.uses = Math.min(this.uses, CARRIED_USES);
  }

  /** A request came, or a DATA frame went out. */
  countUse(): void {
    this.uses += 1;
  }

  /** The peer reset a stream, or made us reset one. @throws Http2ConnectionError over the limit, as all of these. */
  countReset(): void {
    this.resets += 1;
    if (this.resets > this.limits.maxResetsPerPeriod) calm('stream reset flood');
  }

  countPing(): void {
    this.pings += 1;
    if (this.pings > this.limits.maxPingsPerPeriod) calm('ping flood');
  }

  countSettings(): void {
    this.settings += 1;
    if (this.settings > this.limits.maxSettingsPerPeriod) calm('settings flood');
  }

  countEmptyData(): void {
    this.emptyData += 1;
    if (this.emptyData > this.limits.maxEmptyDataPerPeriod) calm('empty data flood');
  }

  countOverhead(): void {
    this.overhead += 1;
    if (this.overhead > this.limits.maxOverheadFramesPerPeriod + this.uses * OVERHEAD_PER_USE) {
      calm('overhead frame flood');
    }
  }
}

function calm(fault: ConnectionFault): never {
  throw new Http2ConnectionError(fault);
}
