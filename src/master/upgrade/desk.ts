/** `tlsfront reload --upgrade`: starts the program as it is on disk now beside this master, and gives it the place once it serves. */
import { FrontError } from '../../shared/errors.js';
import type { HandedSocket, Handover } from '../../shared/messages/handover.js';
import { type Life, StateLeft } from '../life.js';
import type { MasterLog } from '../log.js';
import { findObstacle, type Standing } from './obstacles.js';
import { Successor } from './successor.js';

/** What the master does for the desk. */
export interface UpgradedFront {
  standing(): Standing;
  sockets(): readonly HandedSocket[];
  /** Everything else that is handed over. */
  rest(): Promise<Omit<Handover, 'sockets'>>;
  /** What a service manager is to hear from the new master. */
  environment(): Readonly<Record<string, string>>;
  /** Longest wait for the new master's app. */
  readyTimeoutMs(): number;
  /** Begins to drain, and has closed what only one process can have when it returns. */
  yieldTo(pid: number): void;
  /** The new master does not serve: this one goes on. */
  stay(failure: Error): void;
}

/** For what a start does beside waiting for its app. */
const START_MS = 120_000;

export class UpgradeDesk {
  constructor(
    private readonly front: UpgradedFront,
    private readonly life: Life,
    private readonly log: MasterLog,
  ) {}

  /**
   * Resolves with the process id of the new master once it serves and this one drains.
   * @throws FrontError that says why this one stays
   */
  async run(who: string): Promise<number> {
    const { life, log, front } = this;
    if (life.state !== 'serving')
      throw new FrontError('internal', `the front is ${life.state}: no other master takes its place`, {
        hint: 'ask again when it serves: tlsfront status',
      });
    const obstacle = findObstacle(front.standing());
    if (obstacle !== null) throw obstacle;
    life.enter('reloading');
    log.line(`received ${who}: starting a new master`);
    const successor = new Successor({
      sockets: front.sockets(),
      rest: () => front.rest(),
      environment: front.environment(),
      patienceMs: START_MS + front.readyTimeoutMs(),
    });
    try {
      await life.during('reloading', successor.serving);
    } catch (error) {
      successor.end();
      if (error instanceof StateLeft)
        throw new FrontError('draining', 'the front is ending: it stays the last');
      log.failure(error, (reason) => `upgrade: ${reason}; this master goes on serving`);
      front.stay(error instanceof Error ? error : new Error(String(error)));
      throw error;
    }
    front.yieldTo(successor.pid);
    await successor.release();
    successor.leave();
    return successor.pid;
  }
}
