/** A project that another front serves: keeps its app, tells the front where it is, and looks for another when that one ends. */
import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { runtimeFolder } from '../../control/runtime-folder.js';
import type { JoinRequest } from '../../control/types.js';
import { describeApp } from '../../shared/addresses/upstream-text.js';
import type { AppConfig, WorkerConfig } from '../../shared/config/apps.js';
import { markChildren } from '../../system/child-environment.js';
import { takenPort } from '../listening/taken-port.js';
import type { MasterLog } from '../log.js';
import type { ServedConfig } from '../served-config.js';
import { appSurroundings } from '../workers/app-surroundings.js';
import { Workers } from '../workers/workers.js';
import { findHost, type Host, portOf } from './find-host.js';
import { type Turn, takeTurn } from './turn.js';

export interface GuestParts {
  readonly served: ServedConfig;
  readonly environment: Readonly<NodeJS.ProcessEnv>;
  readonly log: MasterLog;
  readonly host: Host;
  /** Its app, where it runs already; null: it is started. */
  readonly running: Workers | null;
  /** Called once it is served. */
  onServing(url: string): void;
}

/**
 * Why a project is served no more: it has ended, with its exit code; or the front has, nobody else has its port, and it is this project's
 * turn to serve, with its app as it runs.
 */
export type GuestEnd =
  | { readonly exitCode: number }
  | { readonly turn: Turn; readonly running: Workers | null };

const WORKER_MERCY_MS = 10_000;
const SEARCH_MS = 100;
const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGQUIT', 'SIGHUP'] as const;

/** Serves the project by another front until either ends. @throws FrontError where it is refused, or its app does not start */
export async function runGuest(parts: GuestParts): Promise<GuestEnd> {
  const [app] = parts.served.config.apps;
  const { project } = parts.served.config;
  if (app === undefined || project === null) throw new Error('a project without an app');
  const guest = new GuestProject(parts, app, project.name);
  const onSignal = (signal: NodeJS.Signals): void => guest.end(`received ${signal}`);
  for (const signal of SIGNALS) process.on(signal, onSignal);
  let end: GuestEnd | null = null;
  try {
    end = await guest.run();
    return end;
  } finally {
    if (end === null || 'exitCode' in end) await guest.stopApp();
    for (const signal of SIGNALS) process.off(signal, onSignal);
  }
}

class GuestProject {
  private workers: Workers | null = null;
  /** Closes the connection to the front; null: there is none. */
  private leave: (() => void) | null = null;
  private url = '';
  private settle: (end: GuestEnd) => void = () => {};
  private readonly ended: Promise<GuestEnd>;
  private isEnding = false;
  /** Changes go to the front one after another. */
  private telling: Promise<void> = Promise.resolve();

  constructor(
    private readonly parts: GuestParts,
    private readonly app: AppConfig,
    private readonly name: string,
  ) {
    this.ended = new Promise((resolve) => {
      this.settle = resolve;
    });
  }

  async run(): Promise<GuestEnd> {
    const { parts, app, name } = this;
    const { log, host } = parts;
    process.title = 'tlsfront project';
    markChildren(`${process.pid}-${randomBytes(6).toString('hex')}`);
    await this.join(host);
    log.line(`${name} joins the front of pid ${host.pid}`);
    if (app.worker !== null && !this.isEnding) {
      this.workers =
        parts.running?.passTo(() => this.tellAddresses()) ?? (await this.makeWorkers(app.worker));
      if (parts.running !== null) this.tellAddresses();
      await Promise.race([this.workers.startAll(), this.ended]);
      await this.telling;
    }
    if (!this.isEnding) {
      log.ready(`tlsfront is ready: ${this.url} -> ${describeApp(app)}`);
      parts.onServing(this.url);
    }
    const end = await this.ended;
    this.leave?.();
    return end;
  }

  private async makeWorkers(worker: WorkerConfig): Promise<Workers> {
    const { served, log } = this.parts;
    const { authorityFile } = await served.loadCertificates();
    const surroundings = appSurroundings(served.config, authorityFile, this.url);
    const place = { appIndex: 0, firstWorker: 1 };
    const tell = (): void => this.tellAddresses();
    return new Workers(this.app, worker, place, null, 'http', surroundings, served.lines, log, tell);
  }

  /** Begins the end. @param why for the log */
  end(why: string): void {
    if (this.isEnding) return;
    this.isEnding = true;
    this.parts.log.line(`${why}: ending`);
    this.settle({ exitCode: 0 });
  }

  async stopApp(): Promise<void> {
    this.isEnding = true;
    this.leave?.();
    await this.workers?.stop(WORKER_MERCY_MS);
    this.workers = null;
  }

  private get addresses(): JoinRequest['addresses'] {
    const { workers, app } = this;
    if (app.worker === null) return app.upstreams.map(({ host, port }) => ({ host, port }));
    return (workers?.upstreams ?? []).flatMap(({ ready, host, port }) => (ready ? [{ host, port }] : []));
  }

  /** @throws FrontError where the front does not take it */
  private async join(host: Host): Promise<void> {
    const { app, name } = this;
    const query = new URLSearchParams({ name, pid: String(process.pid), app: describeApp(app) });
    query.set('hold', String(app.holdMs));
    for (const { host: address, port } of this.addresses) query.append('address', `${address} ${port}`);
    const before = this.leave;
    const link = await host.client.join(`/v1/join?${query}`, {
      onStop: () => this.end(`asked by tlsfront stop ${name}`),
      onClosed: () => {
        if (this.leave === link.leave && !this.isEnding) void this.search();
      },
    });
    this.url = link.url;
    this.leave = link.leave;
    this.host = host;
    before?.();
  }

  private host: Host | null = null;

  private tellAddresses(): void {
    const { host } = this;
    if (host === null || this.isEnding) return;
    this.telling = this.telling.then(() => this.join(host)).catch(() => {});
  }

  /** The front has ended: the next is the one that takes its port, or this project itself. */
  private async search(): Promise<void> {
    const { log, served, environment } = this.parts;
    this.host = null;
    log.warning('the front that served this project has ended: looking for another');
    while (!this.isEnding) {
      const next = await findHost(served.config, environment);
      if (next !== null) {
        const joined = await this.join(next).then(
          () => true,
          () => false,
        );
        if (joined) {
          log.line(`${this.name} joins the front of pid ${next.pid}: ${this.url}`);
          return;
        }
      } else if (await this.takesOver()) return;
      await pause(SEARCH_MS);
    }
  }

  /** Whether it is this project's turn to serve. */
  private async takesOver(): Promise<boolean> {
    const { served, environment } = this.parts;
    const turn = await takeTurn(runtimeFolder(environment), portOf(served.config));
    if (turn === null) return false;
    // Another may have begun to serve and be found by now; or the port cannot be had at all, which the start will tell.
    const isFree =
      (await findHost(served.config, environment)) === null && (await takenPort(served.config)) === null;
    if (!isFree || this.isEnding) {
      turn.release();
      return false;
    }
    this.settle({ turn, running: this.workers });
    return true;
  }
}
