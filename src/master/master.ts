/** The master process: starts the front, reloads it, and ends it. It owns config, keys and children and touches no traffic. */
import { randomBytes } from 'node:crypto';
import { runtimeFolder } from '../control/runtime-folder.js';
import { AccessReloader } from '../serving/access-reloader.js';
import { BanList } from '../serving/ban-list.js';
import { CertificateReloader, type ServingCertificates } from '../serving/certificate-reloader.js';
import type { InterventionStore } from '../serving/kept-interventions.js';
import { formatListenAddress } from '../shared/addresses/host-port.js';
import type { AccessMaterial, Debt } from '../shared/config/access.js';
import type { CertificateOrders } from '../shared/config/acme.js';
import { FrontError } from '../shared/errors.js';
import type { Handover } from '../shared/messages/handover.js';
import { markChildren } from '../system/child-environment.js';
import type { Predecessor } from '../system/predecessor.js';
import { takeServiceVariables } from '../system/service-variables.js';
import { askApp } from './asked-app.js';
import { boundLine, readyUrls, spawnedLines } from './boot-lines.js';
import { ControlDesk } from './control-desk.js';
import { DeployDesk } from './deploys/desk.js';
import { deployedFront } from './deploys/front.js';
import { type ReadUpstream, withDeployed } from './deploys/version.js';
import { Ending } from './ending.js';
import { FrontView } from './front-view.js';
import { Generation } from './generation.js';
import { Generations } from './generations.js';
import { InterventionDesk } from './interventions/desk.js';
import type { LanDesk } from './lan/desk.js';
import { Life, StateLeft } from './life.js';
import { bindListeners } from './listening/bind-listeners.js';
import { ListeningSockets } from './listening/listening-sockets.js';
import type { MasterLog } from './log.js';
import { LogRotation } from './log-rotation.js';
import { OrdersDesk } from './orders.js';
import { ProjectDesk } from './projects/desk.js';
import { handOverRates } from './rate-memory.js';
import { TicketKeys } from './routers/ticket-keys.js';
import type { ServedConfig } from './served-config.js';
import { ServiceManager } from './service-manager.js';
import { listenToSignals } from './signals.js';
import { greet, tellReady, waitForApps } from './start-words.js';
import { TouchWatch } from './touch-watch.js';
import { UpgradeDesk } from './upgrade/desk.js';
import { upgradedFront } from './upgrade/front.js';
import { appSurroundings } from './workers/app-surroundings.js';
import type { Workers } from './workers/workers.js';

export interface MasterParts {
  /** What the front starts with. */
  readonly first: ServedConfig;
  /** Reads the configuration again; rejects with a FrontError that says what is wrong. */
  readAgain(): Promise<ServedConfig>;
  readonly version: string;
  /** Decides where the control socket is. */
  readonly environment: Readonly<NodeJS.ProcessEnv>;
  readonly log: MasterLog;
  /** Ends when the process that started us has ended. */
  readonly endsWithParent: boolean;
  /** Called once it serves. */
  onServing(): void;
  /** Reads an upstream that is deployed. */
  readonly readUpstream: ReadUpstream;
  /** Keeps what operators have ordered over a restart. */
  readonly interventions: InterventionStore;
  /** Its app, which another front has served until now; null: it is started. */
  readonly running: Workers | null;
  /** Orders certificates once the front serves; null: nobody does. */
  readonly orders: CertificateOrders | null;
  /** The HTTPS port that it has moved to; null: as configured. */
  readonly movedTo: number | null;
  /** Nobody waits for this process (`--daemonize`). */
  readonly isBackground: boolean;
  /** The master whose place it takes; null: it starts by itself. */
  readonly predecessor: Predecessor | null;
}

/** A router that is alive takes a message within milliseconds; a busy machine may need longer. */
const TAKE_MS = 5_000;

/** Runs the front until a signal ends it. Resolves with the exit code; rejects with a FrontError when it cannot start. */
export async function runMaster(parts: MasterParts): Promise<number> {
  const master = new Master(parts);
  const { ending } = master;
  listenToSignals(
    {
      end: (signal) => ending.obey(signal),
      reload: () => void master.reload('SIGHUP'),
      tellStatistics: () => void master.view.tellStatistics(),
      reopenLog: () => master.reopenLog(),
    },
    parts.endsWithParent,
  );
  try {
    await master.boot();
  } catch (error) {
    // A signal during the start ends it in the ordinary way; what then breaks off is no failure.
    if (master.life.isEnding) return master.end();
    await ending.abandon();
    throw error;
  }
  return master.end();
}

class Master {
  readonly life = new Life();
  readonly ending: Ending;
  private readonly generations: Generations;
  private readonly certificates: CertificateReloader;
  private readonly access: AccessReloader;
  private readonly bans: BanList;
  private readonly interventions: InterventionDesk;
  readonly projects: ProjectDesk;
  private readonly deploys: DeployDesk;
  private readonly orders: OrdersDesk;
  private readonly ticketKeys: TicketKeys;
  private readonly frontSecret = randomBytes(32).toString('base64');
  /** null: not bound yet. */
  private sockets: ListeningSockets | null = null;
  /** Those of the master whose place this one takes; null: there are none. */
  private inherited: ListeningSockets | null = null;
  /** What clients had taken of their rates when this master took the place of another. */
  private debts: readonly Debt[] = [];
  /** Who has asked for a reload during a start or a reload. */
  private readonly reloadsAsked: ((failure: Error | null) => void)[] = [];
  private readonly rotation: LogRotation;
  private readonly touches: TouchWatch;
  readonly view: FrontView;
  private readonly control: ControlDesk;
  private readonly manager: ServiceManager;
  private readonly upgrades: UpgradeDesk;

  /** The configuration that serves, or starts. */
  private served: ServedConfig;
  private lan: LanDesk | null = null;

  constructor(private readonly parts: MasterParts) {
    const { first, log, predecessor } = parts;
    this.served = first;
    this.manager = new ServiceManager(takeServiceVariables(), predecessor !== null);
    const mercyMs = (): number => this.served.config.mercyMs;
    this.generations = new Generations(mercyMs);
    this.rotation = new LogRotation(log, () => this.reopenLog());
    this.touches = new TouchWatch((file) => void this.reload(`word of ${file}, which was touched`));
    this.ticketKeys = new TicketKeys((ticketKeys) => {
      this.generations.change({ ticketKeys });
    });
    this.certificates = new CertificateReloader(
      () => this.served.loadCertificates(),
      log,
      () => this.life.state === 'serving',
      (tls) => this.generations.change({ tls }),
    );
    this.access = new AccessReloader(
      log,
      () => this.life.state === 'serving',
      (access) => this.generations.change({ access }),
    );
    this.bans = new BanList(log, (bans) => this.generations.changeAll({ bans }, TAKE_MS));
    this.projects = new ProjectDesk(
      {
        config: () => this.served.config,
        bound: () => this.sockets?.bound ?? [],
        give: (projects) => this.generations.change({ projects }),
      },
      log,
    );
    this.interventions = new InterventionDesk(
      {
        upstreams: () => {
          const all = this.generations.accepting[0]?.routedUpstreams ?? [];
          return all.filter(({ leaving }) => leaving === undefined);
        },
        config: () => this.served.config,
        give: (interventions) => this.generations.changeAll({ interventions }, TAKE_MS),
        measure: async (sample) => (await this.view.measure())[sample] ?? 0,
      },
      parts.interventions,
      log,
    );
    this.view = new FrontView({
      ...{ version: parts.version, life: this.life, log },
      ...{ generations: this.generations, certificates: this.certificates, bans: this.bans },
      interventions: this.interventions,
      config: () => this.served.config,
      bound: () => this.sockets?.bound ?? [],
      onDemand: () => this.orders.counts,
    });
    this.deploys = new DeployDesk(
      deployedFront({
        ...{ life: this.life, generations: this.generations, interventions: this.interventions },
        config: () => this.served.config,
        readUpstream: parts.readUpstream,
        decided: () => this.reloadAgain(),
      }),
      log,
    );
    this.orders = new OrdersDesk(
      parts.orders,
      () => this.generations.accepting.map(({ routers }) => routers),
      () => void this.certificates.refresh(),
      (path, timeoutMs) => askApp(this.generations.accepting[0], path, timeoutMs),
    );
    this.life.onChange((state) => {
      this.manager.tell(state, (reason) =>
        log.warning(`systemd is not told that the front is ${state}: ${reason}`),
      );
    });
    this.control = new ControlDesk(this.life, log, runtimeFolder(parts.environment), {
      view: this.view,
      reload: (who) => this.reload(who),
      upgrade: (who) => this.upgrades.run(who),
      stop: (who) => this.ending.obey(who),
      reopenLog: () => this.reopenLog(),
      bans: this.bans,
      projects: this.projects,
      interventions: this.interventions,
      deploys: this.deploys,
    });
    this.ending = new Ending(this.life, this.generations, this.orders, mercyMs, log, () => {
      this.view.close();
      this.lan?.close();
      this.touches.stop();
      this.rotation.stop();
      this.projects.close();
      this.sockets?.close();
      this.control.close();
      const ending = new FrontError('draining', 'the front is ending: nothing is reloaded');
      for (const resolve of this.reloadsAsked.splice(0)) resolve(ending);
    });
    const { generations, projects, bans, ticketKeys, deploys, ending, manager } = this;
    const upgraded = upgradedFront({
      ...{ generations, projects, bans, ticketKeys, deploys, ending, manager },
      environment: parts.environment,
      started: { isBackground: parts.isBackground, isOfScript: parts.endsWithParent },
      movedTo: parts.movedTo,
      config: () => this.served.config,
      sockets: () => this.sockets,
      servesPhones: () => this.lan !== null,
      takeReloads: () => this.reloadsAsked.splice(0),
      stay: (failure) => {
        this.view.reloaded(failure);
        this.serveOn();
      },
    });
    this.upgrades = new UpgradeDesk(upgraded, this.life, log);
  }

  /** The first generation; requests wait for the apps, so the ports are bound at once. @throws StateLeft when the end has begun */
  async boot(): Promise<void> {
    const { served } = this;
    const { config } = served;
    const { log } = this.parts;
    process.title = 'tlsfront master';
    markChildren(`${process.pid}-${randomBytes(6).toString('hex')}`);
    greet(this.parts.version, served.identity, log);
    const certificates = await this.life.during('starting', this.certificates.read());
    const access = await this.life.during('starting', this.access.read(config.access));
    await this.life.during('starting', this.bans.open(config.access.banFile));
    await this.life.during('starting', this.interventions.open());
    const { predecessor } = this.parts;
    if (predecessor !== null) this.takeOver(predecessor.handover);
    const sockets = await this.bind(served, 'starting');
    this.sockets = sockets;
    this.inherited?.closeBeside(sockets);
    const views = predecessor === null ? await this.life.during('starting', this.openViews()) : [];
    const generation = this.begin(served, certificates, access, sockets);
    if (predecessor !== null) this.projects.expect(predecessor.handover.projects);
    const apps = generation.startApps();
    if (predecessor === null) void this.control.open();
    // The old master serves meanwhile: no request need wait for the app.
    else await waitForApps(apps, generation.config, this.life, log);
    await this.life.during('starting', generation.startRouters());
    const { bound } = sockets;
    this.certificates.report(certificates);
    for (const listener of bound) log.detail(boundLine(listener));
    for (const line of views) log.line(line);
    await waitForApps(apps, generation.config, this.life, log);
    for (const line of generation.workers.flatMap(({ socketLines }) => socketLines)) log.detail(line);
    log.detail(`your mercy for graceful operations on workers is ${config.mercyMs / 1000} seconds`);
    const workers = generation.workers.flatMap(({ all }) => all);
    for (const line of spawnedLines(workers, generation.routers.all)) log.detail(line);
    await tellReady({ config, bound, tls: certificates.tls, generation }, this.life, this.parts);
    this.generations.commit();
    this.certificates.commit(certificates);
    this.access.commit(config.access, access);
    void this.interventions.settle(generation.routedUpstreams);
    this.orders.start();
    this.rotation.watch(config);
    this.touches.watch(config);
    this.life.enter('serving');
    this.parts.onServing();
    if (predecessor !== null) await this.takePlace(predecessor);
    await this.serveNetworks(certificates);
    this.reloadAgain();
  }

  /** Goes on with what the master before this one knows. */
  private takeOver({ sockets, bans, ticketKeys, debts }: Handover): void {
    this.inherited = ListeningSockets.inherit(sockets);
    this.bans.adopt(bans);
    if (ticketKeys !== null) this.ticketKeys.adopt(ticketKeys);
    this.debts = debts;
  }

  /** The old master closes what one process alone can have, and this one opens it. */
  private async takePlace(predecessor: Predecessor): Promise<void> {
    const { log } = this.parts;
    await predecessor.serves();
    try {
      for (const line of await this.openViews()) log.line(line);
    } catch (error) {
      log.failure(error, (reason) => reason);
    }
    await this.control.open();
    predecessor.settled();
  }

  /** The listeners of `--metrics` and `--stats`. Returns the lines that name them. */
  private async openViews(): Promise<readonly string[]> {
    const metrics = await this.view.openMetrics();
    const stats = await this.view.openStats();
    return [
      ...metrics.map(({ host, port }) => `tlsfront metrics bound on ${formatListenAddress(host, port)}`),
      ...stats.map((address) => `*** Stats server enabled on ${address} ***`),
    ];
  }

  /**
   * A whole new generation that serves before the old one drains; or the old one stays and we say why. One that is asked for during a start
   * or a reload, which may have read the old files, follows it; so does one that is asked for while a deploy is not decided.
   * @param who asks for it. Resolves with null when the new generation serves, else with what was wrong
   */
  async reload(who: string): Promise<Error | null> {
    switch (this.life.state) {
      case 'serving':
        if (!this.deploys.isChecking) return this.replaceGeneration(who);
        return new Promise((resolve) => this.reloadsAsked.push(resolve));
      case 'starting':
      case 'reloading':
        return new Promise((resolve) => this.reloadsAsked.push(resolve));
      case 'draining':
      case 'ended':
        return new FrontError('draining', 'the front is ending: nothing is reloaded');
      default:
        return this.life.state satisfies never;
    }
  }

  private async replaceGeneration(who: string): Promise<Error | null> {
    const { log } = this.parts;
    const { sockets } = this;
    if (sockets === null) return null;
    this.life.enter('reloading');
    const asked = this.reloadsAsked.splice(0);
    log.line(`received ${who}: starting a new generation`);
    this.reopenLog();
    let failure: Error | null = null;
    let bound: ListeningSockets | null = null;
    try {
      const next = await this.life.during('reloading', this.parts.readAgain());
      const certificates = await this.life.during('reloading', next.loadCertificates());
      const access = await this.life.during('reloading', this.access.read(next.config.access));
      await this.life.during('reloading', this.bans.open(next.config.access.banFile));
      bound = await this.bind(next, 'reloading');
      const generation = this.begin(next, certificates, access, bound);
      await this.life.during('reloading', generation.startApps());
      const before = this.generations.serving;
      await this.life.during('reloading', handOverRates(before, generation));
      await this.life.during('reloading', generation.startRouters());
      // What came while they started.
      await this.life.during('reloading', handOverRates(before, generation));
      this.certificates.report(certificates, 'reload: ');
      log.notes(next.notes);
      this.served = next;
      log.style = next.lines;
      this.rotation.watch(next.config);
      this.touches.watch(next.config);
      this.sockets = bound;
      this.generations.commit();
      this.certificates.commit(certificates);
      this.access.commit(next.config.access, access);
      void this.interventions.settle(generation.routedUpstreams);
      log.line('the new generation serves; the old one drains');
      await this.serveNetworks(certificates);
    } catch (error) {
      failure = error instanceof Error ? error : new Error(String(error));
    }
    for (const resolve of asked) resolve(failure);
    if (failure !== null) bound?.closeBeside(sockets);
    else sockets.closeBeside(bound);
    if (failure instanceof StateLeft) return failure;
    if (failure !== null) {
      log.failure(failure, (reason) => `reload: ${reason}; the old generation goes on serving`);
      this.generations.rollBack();
    }
    this.view.reloaded(failure);
    this.serveOn();
    return failure;
  }

  /** A reload is over. */
  private serveOn(): void {
    this.life.enter('serving');
    this.certificates.settle();
    this.access.settle();
    this.reloadAgain();
  }

  private reloadAgain(): void {
    if (this.reloadsAsked.length > 0 && this.life.state === 'serving')
      void this.replaceGeneration('another request');
  }

  /** For log rotation: every process of ours goes on in the new file; the apps notice nothing. Returns what went wrong; null: nothing. */
  reopenLog(): Error | null {
    const { log } = this.parts;
    try {
      const file = log.reopen();
      if (file === null) return null;
      for (const generation of this.generations.all) generation.reopenLog(file);
      return null;
    } catch (error) {
      log.failure(error, (reason) => `${reason}; the old one is written on`);
      return error instanceof Error ? error : new Error(String(error));
    }
  }

  /** Resolves with the exit code once it has ended and everybody knows. */
  async end(): Promise<number> {
    const exitCode = await this.ending.exitCode;
    await this.manager.told();
    return exitCode;
  }

  /** Most fronts serve this machine alone, and load nothing of it. */
  private async serveNetworks({ authorityFile }: ServingCertificates): Promise<void> {
    const { log } = this.parts;
    const { config, identity } = this.served;
    const bound = this.sockets?.bound ?? [];
    if (config.lan !== null && this.lan === null) {
      const { LanDesk } = await import('./lan/desk.js');
      if (this.life.isEnding) return;
      this.lan = new LanDesk(log, () => void this.reload('word of another network'));
    }
    try {
      this.lan?.update(config.lan === null ? null : { config, bound, authorityFile, identity });
    } catch (error) {
      log.failure(error, (reason) => `nothing is served for phones: ${reason}`);
    }
  }

  /** @throws FrontError listen_failed, which names who has the address; StateLeft when the end has begun */
  private bind({ config }: ServedConfig, state: 'starting' | 'reloading'): Promise<ListeningSockets> {
    const descriptors = state === 'starting' ? this.manager.descriptors : [];
    const before = this.sockets ?? this.inherited;
    return bindListeners(
      { listeners: config.listeners, before, descriptors },
      state,
      this.life,
      this.parts.log,
    );
  }

  private begin(
    served: ServedConfig,
    { tls, authorityFile }: ServingCertificates,
    access: AccessMaterial,
    sockets: ListeningSockets,
  ): Generation {
    const { identity, stickySecret } = served;
    const { log, readUpstream } = this.parts;
    const { current: interventions } = this.interventions;
    const config = withDeployed(served.config, interventions.deployed, readUpstream, (deployment, error) =>
      log.failure(error, (reason) => `${deployment.app} is served as the configuration says: ${reason}`),
    );
    const generation = new Generation(
      { type: 'start', config, frontSecret: this.frontSecret, identity, lines: served.lines },
      {
        tls,
        ticketKeys: this.ticketKeys.keys,
        challenges: this.orders.answers,
        access,
        debts: this.life.state === 'starting' ? this.debts : [],
        bans: this.bans.blocks,
        projects: this.projects.current,
        interventions,
      },
      sockets,
      log,
      stickySecret,
      (name) => served.issueLeaf(name),
      appSurroundings(config, authorityFile, readyUrls(sockets.bound, config, tls)[0] ?? null),
      this.life.state === 'starting' ? this.parts.running : null,
    );
    this.generations.begin(generation);
    return generation;
  }
}
