/** The front as a deploy meets it: what serves now, and where what was deployed is kept. */
import type { Config } from '../../shared/config/config.js';
import { FrontError } from '../../shared/errors.js';
import type { Generations } from '../generations.js';
import type { InterventionDesk } from '../interventions/desk.js';
import type { Life } from '../life.js';
import type { DeployedFront } from './desk.js';
import type { ReadUpstream } from './version.js';

/** What of the master it takes. */
export interface DeployedFrontParts {
  readonly life: Life;
  readonly generations: Generations;
  readonly interventions: InterventionDesk;
  /** What serves, as the configuration says it. */
  config(): Config;
  readonly readUpstream: ReadUpstream;
  /** It is decided whether a new version serves: who has waited for that goes on. */
  decided(): void;
}

export function deployedFront(parts: DeployedFrontParts): DeployedFront {
  const { life, generations, interventions, readUpstream } = parts;
  return {
    serving: async () => {
      await whenServing(life);
      const { serving: generation } = generations;
      if (generation === null) throw new Error('a front that serves without a generation');
      return { generation, config: parts.config() };
    },
    during: (work) => life.during('serving', work),
    get isEnding() {
      return life.isEnding;
    },
    draining: () => generations.draining,
    get interventions() {
      return interventions.current;
    },
    record: async (app, deployment) => {
      await interventions.deployed(app, deployment);
      const upstreams = generations.serving?.routedUpstreams ?? [];
      await interventions.settle(upstreams.filter(({ leaving }) => leaving === undefined));
    },
    readUpstream,
    decided: () => parts.decided(),
  };
}

/** Resolves when a start or a reload is over. @throws FrontError draining */
function whenServing(life: Life): Promise<void> {
  return new Promise((resolve, reject) => {
    const leave = life.onChange(() => settle());
    const settle = (): void => {
      if (life.state === 'starting' || life.state === 'reloading') return;
      leave();
      if (life.isEnding) reject(new FrontError('draining', 'the front is ending: nothing is deployed'));
      else resolve();
    };
    settle();
  });
}
