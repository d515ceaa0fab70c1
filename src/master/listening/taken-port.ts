/** Whether a front could listen where it wants to, before it starts anything. */
import type { Config } from '../../shared/config/config.js';
import { FrontError } from '../../shared/errors.js';
import { ListeningSockets } from './listening-sockets.js';

/** The port that another process has; null: none is, or it cannot be had for another reason, which the start will tell. */
export async function takenPort({ listeners }: Config): Promise<number | null> {
  try {
    (await ListeningSockets.bind(listeners)).close();
    return null;
  } catch (error) {
    const cause = error instanceof FrontError ? error.cause : null;
    const isTaken = typeof cause === 'object' && cause !== null && 'inUse' in cause;
    const place = isTaken ? cause.inUse : null;
    return typeof place === 'object' && place !== null && 'port' in place ? Number(place.port) : null;
  }
}
