/** The life of one worker: identity, port, app, readiness, end; every step is reported to the master. */
import { FrontError } from '../src/shared/errors.js';
import type { WorkerAddress, WorkerPlan, WorkerReport } from '../src/shared/messages/worker-messages.js';
import { systemCode } from '../src/shared/system-error.js';
import { programLasts } from '../src/system/compiled-code.js';
import { leaveProcess } from '../src/system/descriptor-writer.js';
import { takeIdentity } from '../src/system/privileges.js';
import { type AppProcess, spawnApp } from './app-process.js';
import { PortSearch } from './found-port.js';
import { chooseLaunch, type Launch } from './launch.js';
import { findFreePort, isTaken, waitUntilAccepting } from './readiness.js';

/** How long an app may take to end by itself once nobody needs it: its master is gone, or it was never ready. */
const UNWANTED_MERCY_MS = 2000;

export class Worker {
  private app: AppProcess | undefined;
  private ready = false;
  private started = false;
  /** Set by the first stop; the mercy then also counts for an app that is only being spawned. */
  private mercyMs: number | undefined;
  private readonly polling = new AbortController();

  /** Starts the app and reports until it ends; then ends this process. Never rejects. */
  async start(plan: WorkerPlan): Promise<void> {
    if (this.started) return;
    this.started = true;
    try {
      await this.leave(await this.run(plan));
    } catch (error) {
      await this.leave(describeFailure(error));
    }
  }

  /** Ends the app: SIGTERM now, SIGKILL after `mercyMs`. A later, shorter mercy replaces the earlier one. */
  stop(mercyMs: number): void {
    this.mercyMs = mercyMs;
    this.polling.abort();
    this.app?.end(mercyMs);
    if (!this.started) process.exit(0);
  }

  /** The log was rotated: the app's output goes to the new file, the app itself notices nothing. */
  reopenLog(file: string): void {
    try {
      this.app?.reopenLog(file);
    } catch {
      // A folder that is closed to the app's user: the output goes on into the old file, as a reload's does not.
    }
  }

  /** The master is gone: end the app and this process, whatever state they are in. */
  abandon(): void {
    this.stop(UNWANTED_MERCY_MS);
  }

  private async run(plan: WorkerPlan): Promise<WorkerReport> {
    process.title = `tlsfront worker ${plan.index}`;
    // The program that puts the app into its folder needs our rights, and gives them up itself.
    if (plan.chroot === null) takeIdentity(plan);
    enterFolder(plan.folder);
    const port = await choosePort(plan);
    const launch = await chooseLaunch(plan, port);
    if (this.mercyMs !== undefined) return this.exited({ code: 0, signal: null });
    const spawnedAt = performance.now();
    const app = await spawnApp(launch, plan);
    this.app = app;
    const address = { host: plan.host, port };
    const { kind, scheme = 'http' } = launch;
    await send({ type: 'spawned', pid: app.pid, port, kind, scheme, address });
    if (this.mercyMs !== undefined) app.end(this.mercyMs);
    void app.exited.then(() => this.polling.abort());
    const search = new PortSearch(app.pid);
    const place = await this.waitForApp(app, launch, plan, port, search);
    if (place !== undefined) {
      this.ready = true;
      programLasts();
      if (plan.chroot !== null) takeIdentity(plan);
      const tookMs = Math.round(performance.now() - spawnedAt);
      await send({ type: 'ready', tookMs, ...place });
    } else if (!this.polling.signal.aborted) {
      return this.endUnready(app, launch, plan, port, search.ports);
    }
    return this.exited(await app.exited);
  }

  /** The port that the app was told, or the one on which it was found; undefined where neither came in time. */
  private async waitForApp(
    app: AppProcess,
    launch: Launch,
    plan: WorkerPlan,
    port: number,
    search: PortSearch,
  ): Promise<Place | undefined> {
    const spawnedAt = performance.now();
    const { signal } = this.polling;
    const told = waitUntilAccepting(port, plan.readyTimeoutMs, signal, () => app.loaded).then((host) =>
      host === undefined ? undefined : { address: { host, port }, isFound: false },
    );
    if (launch.kind !== 'command' || plan.port !== null) return told;
    const looking = new AbortController();
    const found = search
      .run(AbortSignal.any([looking.signal, signal]))
      .then((address) => (address === undefined ? told : { address, isFound: true }));
    void told.then(() => looking.abort());
    const place = await Promise.race([told, found]);
    // A program of several servers: the one that reads PORT may be the last to come up.
    if (place?.isFound === true) {
      void told.then((own) => {
        const tookMs = Math.round(performance.now() - spawnedAt);
        if (own !== undefined) return send({ type: 'ready', tookMs, ...own });
      });
    }
    return place;
  }

  private async endUnready(
    app: AppProcess,
    launch: Launch,
    plan: WorkerPlan,
    port: number,
    others: readonly number[],
  ): Promise<WorkerReport> {
    app.end(UNWANTED_MERCY_MS);
    await app.exited;
    const listening =
      others.length === 0 ? '' : `; it listens on ${others.join(', ')}, where no HTTP was answered`;
    return {
      type: 'failed',
      message: `${launch.name}, not listening on port ${port} after ${plan.readyTimeoutMs / 1000} s${listening}`,
      hint: hintUnready(launch, plan),
    };
  }

  private exited(end: { code: number | null; signal: string | null }): WorkerReport {
    return { type: 'exited', ...end, ready: this.ready, lastLines: this.app?.lastLines() ?? [] };
  }

  private async leave(report: WorkerReport): Promise<void> {
    await send(report);
    leaveProcess(0, this.app?.writers ?? []);
  }
}

interface Place {
  readonly address: WorkerAddress;
  readonly isFound: boolean;
}

/** @throws FrontError worker_failed where the app's user cannot be there */
function enterFolder(folder: string | null): void {
  try {
    if (folder !== null) process.chdir(folder);
  } catch (error) {
    throw new FrontError('worker_failed', `its folder ${folder} cannot be entered: ${systemCode(error)}`, {
      hint: 'it must be there, and open to the user that the app runs as',
      cause: error,
    });
  }
}

/** @throws FrontError worker_failed when the port that the app insists on is another program's */
async function choosePort(plan: WorkerPlan): Promise<number> {
  if (plan.port === null) return findFreePort(plan.host);
  if (!(await isTaken(plan.port))) return plan.port;
  throw new FrontError('worker_failed', `port ${plan.port}, another program listens there already`, {
    hint: `end that program, or put HTTPS in front of it as it is: tlsfront --upstream ${plan.port}`,
  });
}

function hintUnready(launch: Launch, plan: WorkerPlan): string {
  if (launch.kind !== 'command')
    return 'look for what the file waits for when it is loaded, or raise --ready-timeout';
  if (plan.port !== null)
    return 'give --app-port the port that the app really listens on, or raise --ready-timeout';
  return 'the app must listen on the PORT of its environment; write {port} among its arguments if it takes the port there, or raise --ready-timeout';
}

function describeFailure(error: unknown): WorkerReport {
  const message = error instanceof Error ? error.message : String(error);
  const hint = error instanceof FrontError ? error.hint : undefined;
  return { type: 'failed', message, hint: hint ?? 'run the command by itself to see what it needs' };
}

/** Resolves when the report is on its way, or at once when nobody is left to read it. */
function send(report: WorkerReport): Promise<void> {
  return new Promise((resolve) => {
    if (process.send === undefined || !process.connected) resolve();
    else process.send(report, undefined, undefined, () => resolve());
  });
}
