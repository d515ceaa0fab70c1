/** Asks upstreams that get no requests yet whether they are well, for a deploy, over connections of its own. */
import type { Config } from '../../src/shared/config/config.js';
import type { ProbeQuestion } from '../../src/shared/messages/router-messages.js';
import { createUpstream } from '../routing/upstream.js';
import { dialersOf } from './dial.js';
import { askStatus } from './health-check.js';
import { Pool } from './pool.js';

/** One a router; it costs nothing until it is asked. */
export class Prober {
  private pool: Pool | null = null;

  constructor(private readonly config: Pick<Config, 'apps' | 'limits'>) {}

  /** @param done gets the status of the answer, 0 where there is none in time */
  ask({ upstream: state, path, timeoutMs }: ProbeQuestion, done: (status: number) => void): void {
    const { apps, limits } = this.config;
    const app = apps[state.app];
    if (app === undefined) {
      done(0);
      return;
    }
    this.pool ??= new Pool(limits, dialersOf(apps), () => {}, false);
    // Nothing is kept open after the answer.
    const upstream = createUpstream({ ...state, leaving: 'draining' }, app);
    askStatus(upstream, this.pool, path, timeoutMs, done);
  }
}
