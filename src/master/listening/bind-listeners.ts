/** Binds what a configuration listens on, or says who has it. */
import type { ListenerConfig } from '../../shared/config/listeners.js';
import { deniedLines } from '../boot-lines.js';
import type { Life } from '../life.js';
import type { MasterLog } from '../log.js';
import { ListeningSockets } from './listening-sockets.js';
import { nameOwner } from './port-owner.js';

/** What there is to listen on. */
export interface ListeningPlan {
  readonly listeners: readonly ListenerConfig[];
  /** What is bound already, and is kept; null: nothing. */
  readonly before: ListeningSockets | null;
  /** Sockets that a service manager has opened for them, in their order; empty: none. */
  readonly descriptors: readonly number[];
}

/** @throws FrontError listen_failed, which names who has the address; StateLeft when the end has begun */
export async function bindListeners(
  { listeners, before, descriptors }: ListeningPlan,
  state: 'starting' | 'reloading',
  life: Life,
  log: MasterLog,
): Promise<ListeningSockets> {
  const opened =
    descriptors.length > 0
      ? Promise.resolve(ListeningSockets.adopt(listeners, descriptors))
      : ListeningSockets.bind(listeners, before);
  const binding = opened.catch((error: unknown) => {
    throw nameOwner(error);
  });
  // Bound while the end begins: nobody else would close them.
  void binding.then((late) => life.isEnding && late.closeBeside(before)).catch(() => {});
  const sockets = await life.during(state, binding);
  const denied = sockets.bound.find(({ deniedPort }) => deniedPort !== null);
  if (denied !== undefined && denied.deniedPort !== null && state === 'starting') {
    const { warning, hint } = deniedLines(denied.deniedPort, denied.port);
    log.warning(warning);
    log.hint(hint);
  }
  return sockets;
}
