/** The master's side of the control socket: opens it while the routers start, and turns its calls into the master's own verbs. */
import { describeFailure } from '../control/failure.js';
import type { BanView, ControlVerbs } from '../control/types.js';
import type { Ban, BanList } from '../serving/ban-list.js';
import type { DeployDesk } from './deploys/desk.js';
import type { FrontView } from './front-view.js';
import type { InterventionDesk } from './interventions/desk.js';
import type { Life } from './life.js';
import type { MasterLog } from './log.js';
import { formFor, METRICS_TYPES } from './metrics/metrics-text.js';
import type { ProjectDesk } from './projects/desk.js';

/** What the master does. */
export interface MasterVerbs {
  readonly view: Pick<FrontView, 'status' | 'apps' | 'metricsText' | 'requests'>;
  /** Resolves with null when the new generation serves. */
  reload(who: string): Promise<Error | null>;
  /** Resolves with the process id of the new master. @throws FrontError that says why this one stays */
  upgrade(who: string): Promise<number>;
  stop(who: string): void;
  /** Returns what went wrong; null: nothing. */
  reopenLog(): Error | null;
  readonly bans: BanList;
  readonly projects: ProjectDesk;
  readonly interventions: InterventionDesk;
  readonly deploys: DeployDesk;
}

/** Idle until it is opened. */
export class ControlDesk {
  private server: { close(): void } | null = null;

  constructor(
    private readonly life: Life,
    private readonly log: MasterLog,
    private readonly folder: string,
    private readonly master: MasterVerbs,
  ) {}

  /** Its modules are loaded beside the start, which they must not delay. A front without it serves all the same. */
  async open(): Promise<void> {
    const failed = (error: unknown): void => {
      this.log.failure(
        error,
        (reason) => `${reason}: tlsfront status, reload and stop need it; serving without`,
      );
    };
    try {
      const { ControlServer } = await import('../control/server.js');
      if (this.life.isEnding) return;
      this.server = new ControlServer(this.folder, this.verbs(), failed);
    } catch (error) {
      failed(error);
    }
  }

  /** Nobody finds the front any more. */
  close(): void {
    this.server?.close();
    this.server = null;
  }

  private verbs(): ControlVerbs {
    const { life, log, master } = this;
    return {
      get state() {
        return life.state;
      },
      get lines() {
        return log.lines;
      },
      status: () => master.view.status(),
      apps: () => master.view.apps(),
      metrics: async (accept) => {
        const form = formFor(accept);
        return { type: METRICS_TYPES[form], text: await master.view.metricsText(form) };
      },
      requests: () => master.view.requests(),
      onState: (listener) => life.onChange(listener),
      reload: async () => {
        const failure = await master.reload('reload');
        return failure === null ? null : describeFailure(failure);
      },
      upgrade: () => master.upgrade('reload --upgrade'),
      bans: () => master.bans.all.map(describeBan),
      ban: async (address, lastsMs) => {
        const ban = describeBan(await master.bans.ban(address, lastsMs));
        log.line(
          `${ban.address} is banned ${ban.until === null ? 'until it is taken back' : `until ${ban.until}`}`,
        );
        return ban;
      },
      unban: async (address) => {
        const block = await master.bans.unban(address);
        if (block !== null) log.line(`${block} is banned no longer`);
        return block;
      },
      interventions: () => master.interventions.current,
      drain: (upstream, timeoutMs, onDrained) => master.interventions.drain(upstream, timeoutMs, onDrained),
      beginMaintenance: (message, allowed) => master.interventions.begin(message, allowed),
      endMaintenance: () => master.interventions.end(),
      pause: (maxMs) => master.interventions.pause(maxMs),
      resume: () => master.interventions.resume(),
      undrain: (upstream) => master.interventions.undrain(upstream),
      deploy: (request, say, signal) => master.deploys.deploy(request, say, signal),
      projects: () => master.projects.list,
      join: (request, link) => master.projects.join(request, link),
      stopProject: (name) => master.projects.stop(name),
      stop: () => master.stop('stop'),
      reopenLog: () => {
        const failure = master.reopenLog();
        return failure === null ? null : describeFailure(failure);
      },
      follow: (listener) => log.follow(listener),
    };
  }
}

function describeBan({ block, untilMs }: Ban): BanView {
  return { address: block, until: untilMs === null ? null : new Date(untilMs).toISOString() };
}
