/** Whether a client takes its responses too slowly, over a connection as a whole: its requests may share a slow line. */
import type { Socket } from 'node:net';
import type { Limits } from '../../src/shared/config/limits.js';
import { LeastRate } from './least-rate.js';
import { takenBytes } from './taken-bytes.js';

export class ClientPace {
  /** null: the client has never let anything wait. */
  private rate: LeastRate | null = null;

  constructor(private readonly socket: Socket) {}

  /**
   * Call it a few times a second.
   * @param owesRead response bytes wait for the client, of other requests than event streams, tunnels and gRPC calls
   */
  isTooSlow(nowMs: number, owesRead: boolean, limits: Limits): boolean {
    if (this.rate === null && !owesRead) return false;
    const bytes = takenBytes(this.socket);
    if (bytes === null) return false;
    if (this.rate === null) {
      this.rate = new LeastRate(limits.minClientRateBytes, limits.clientRateGraceMs, nowMs, bytes);
      return false;
    }
    return this.rate.isBelow(nowMs, bytes, owesRead);
  }
}
