/** The front as an upgrade meets it: what is handed over, and what follows where the new master serves or does not. */
import type { BanList } from '../../serving/ban-list.js';
import type { Config } from '../../shared/config/config.js';
import type { DeployDesk } from '../deploys/desk.js';
import type { Ending } from '../ending.js';
import type { Generations } from '../generations.js';
import type { ListeningSockets } from '../listening/listening-sockets.js';
import type { ProjectDesk } from '../projects/desk.js';
import { askDebts } from '../rate-memory.js';
import type { TicketKeys } from '../routers/ticket-keys.js';
import type { ServiceManager } from '../service-manager.js';
import type { UpgradedFront } from './desk.js';
import { type Standing, theseSurroundings } from './obstacles.js';
import { thisStarter } from './starter.js';

/** What of the master it takes. */
export interface UpgradedFrontParts {
  readonly environment: Readonly<NodeJS.ProcessEnv>;
  readonly started: Pick<Standing, 'isBackground' | 'isOfScript'>;
  readonly movedTo: number | null;
  readonly manager: ServiceManager;
  readonly generations: Generations;
  readonly projects: ProjectDesk;
  readonly bans: BanList;
  readonly ticketKeys: TicketKeys;
  readonly deploys: DeployDesk;
  readonly ending: Ending;
  config(): Config;
  sockets(): ListeningSockets | null;
  servesPhones(): boolean;
  /** Takes those who have asked for a reload meanwhile: they are told that it is done, or why not. */
  takeReloads(): readonly ((failure: Error | null) => void)[];
  stay(failure: Error): void;
}

/** Asked for while the process starts: its parent may go. */
export function upgradedFront(parts: UpgradedFrontParts): UpgradedFront {
  const { environment, manager, generations, projects, bans, ticketKeys, deploys } = parts;
  const starter = thisStarter();
  return {
    standing: () => ({
      ...theseSurroundings(environment),
      ...parts.started,
      starter,
      isNotified: manager.isNotified,
      servesPhones: parts.servesPhones(),
      isDeploying: deploys.isChecking,
    }),
    sockets: () => parts.sockets()?.handed ?? [],
    rest: async () => ({
      movedTo: parts.movedTo,
      projects: projects.requests,
      bans: bans.all,
      ticketKeys: ticketKeys.keys,
      debts: await askDebts(generations.serving?.routers.all ?? []),
    }),
    environment: () => manager.handedVariables,
    readyTimeoutMs: () => Math.max(...parts.config().apps.map(({ worker }) => worker?.readyTimeoutMs ?? 0)),
    yieldTo: (pid) => {
      manager.leave();
      const asked = parts.takeReloads();
      // Files may have changed since the new one has read them.
      if (asked.length > 0) process.kill(pid, 'SIGHUP');
      for (const resolve of asked) resolve(null);
      void parts.ending.yieldTo(pid);
    },
    stay: (failure) => parts.stay(failure),
  };
}
