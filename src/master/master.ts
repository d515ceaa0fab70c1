/** The master process: starts the front, reloads it, and ends it. It owns config, keys and children and touches no traffic. */
import { randomBytes } from 'node:crypto';
import { CertificateReloader, type ServingCertificates } from '../serving/certificate-reloader.js';
import type { CertificateOrders } from '../shared/acme.js';
import type { Config } from '../shared/config.js';
import type { CertificateMaterial, Identity } from '../shared/router-messages.js';
import { appSurroundings } from './app-surroundings.js';
import { boundLine, readyLine, spawnedLines } from './boot-lines.js';
import { Ending } from './ending.js';
import { Generation } from './generation.js';
import { Generations } from './generations.js';
import { Life, StateLeft } from './life.js';
import type { MasterLog } from './log.js';
import { OrdersDesk } from './orders.js';
import { listenToSignals } from './signals.js';
import { collectStatistics } from './statistics.js';
import { TicketKeys } from './ticket-keys.js';

export interface MasterParts {
  readonly config: Config;
  readonly version: string;
  readonly identity: Identity | null;
  readonly log: MasterLog;
  /** Hides in the cookie of `--sticky` which app it names. */
  readonly stickySecret: string;
  /** Reads certificates and keys anew; rejects with a FrontError that says what is wrong. */
  loadCertificates(): Promise<ServingCertificates>;
  /** A development certificate for one more name; null where there is none. */
  issueLeaf(name: string): Promise<CertificateMaterial | null>;
  /** Orders certificates once the front serves; null: nobody does. */
  readonly orders: CertificateOrders | null;
}

/** After this long a start says that it waits for the app. */
const APP_PATIENCE_MS = 1500;

/** Runs the front until a signal ends it. Resolves with the exit code; rejects with a FrontError when it cannot start. */
export async function runMaster(parts: MasterParts): Promise<number> {
  const master = new Master(parts);
  const { ending } = master;
  listenToSignals({
    end: (signal) => ending.obey(signal),
    reload: () => void master.reload('SIGHUP'),
    tellStatistics: () => void master.tellStatistics(),
    reopenLog: () => master.reopenLog(),
  });
  try {
    await master.boot();
  } catch (error) {
    // A signal during the start ends it in the ordinary way; what then breaks off is no failure.
    if (master.life.isEnding) return ending.exitCode;
    await ending.abandon();
    throw error;
  }
  return ending.exitCode;
}

class Master {
  readonly life = new Life();
  readonly ending: Ending;
  private readonly generations: Generations;
  private readonly certificates: CertificateReloader;
  private readonly orders: OrdersDesk;
  private readonly ticketKeys: TicketKeys;
  private readonly frontSecret = randomBytes(32).toString('base64');
  /** A reload was asked for while a start or a reload was going on, which may have read the old files. */
  private mustReload = false;

  constructor(private readonly parts: MasterParts) {
    const { config, log } = parts;
    this.generations = new Generations(config.mercyMs);
    this.ticketKeys = new TicketKeys((ticketKeys) => {
      this.generations.broadcast({ type: 'tickets', ticketKeys });
    });
    this.certificates = new CertificateReloader(
      () => parts.loadCertificates(),
      log,
      () => this.life.state === 'serving',
      (tls) => this.generations.broadcast({ type: 'tls', tls }),
    );
    this.orders = new OrdersDesk(
      parts.orders,
      () => this.generations.accepting.map(({ routers }) => routers),
      () => void this.certificates.refresh(),
    );
    this.ending = new Ending(this.life, this.generations, this.orders, config.mercyMs, log, () => {});
  }

  /** The first generation; requests wait for the apps, so the ports are bound at once. @throws StateLeft when the end has begun */
  async boot(): Promise<void> {
    const { config, log } = this.parts;
    process.title = 'tlsfront master';
    this.greet();
    const certificates = await this.life.during('starting', this.certificates.read());
    const ports = config.listeners.map((listener) => listener.port);
    const generation = this.begin(certificates, ports);
    const apps = generation.startApps();
    const bound = await this.life.during('starting', generation.startRouters());
    this.certificates.report(certificates);
    for (const listener of bound) log.line(boundLine(listener));
    await this.waitForApps(apps);
    for (const line of generation.workers?.socketLines ?? []) log.line(line);
    log.line(`your mercy for graceful operations on workers is ${config.mercyMs / 1000} seconds`);
    for (const line of spawnedLines(generation.workers?.all ?? [], generation.routers.all)) log.line(line);
    log.ready(readyLine(bound, config, generation.upstreams));
    this.generations.commit();
    this.certificates.commit(certificates);
    this.orders.start();
    this.life.enter('serving');
    if (this.mustReload) await this.reload('SIGHUP');
  }

  /** A whole new generation that serves before the old one drains; or the old one stays and we say why. @param who asks for it */
  async reload(who: string): Promise<void> {
    switch (this.life.state) {
      case 'serving':
        await this.replaceGeneration(who);
        return;
      case 'starting':
      case 'reloading':
        this.mustReload = true;
        return;
      case 'draining':
      case 'ended':
        return;
      default:
        this.life.state satisfies never;
    }
  }

  private async replaceGeneration(who: string): Promise<void> {
    const { log } = this.parts;
    const old = this.generations.serving;
    if (old === null) return;
    this.life.enter('reloading');
    this.mustReload = false;
    log.line(`received ${who}: starting a new generation`);
    this.reopenLog();
    try {
      const certificates = await this.life.during('reloading', this.certificates.read());
      const generation = this.begin(certificates, old.routers.boundPorts);
      await this.life.during('reloading', generation.startApps());
      await this.life.during('reloading', generation.startRouters());
      this.certificates.report(certificates, 'reload: ');
      this.generations.commit();
      this.certificates.commit(certificates);
      log.line('the new generation serves; the old one drains');
    } catch (error) {
      if (error instanceof StateLeft) return;
      log.failure(error, (reason) => `reload: ${reason}; the old generation goes on serving`);
      this.generations.rollBack();
    }
    this.life.enter('serving');
    this.certificates.settle();
    if (this.mustReload) await this.reload(who);
  }

  /** For log rotation: every process of ours goes on in the new file; the apps notice nothing. */
  reopenLog(): void {
    const { log } = this.parts;
    try {
      const file = log.reopen();
      if (file === null) return;
      for (const generation of this.generations.all) generation.reopenLog(file);
    } catch (error) {
      log.failure(error, (reason) => `${reason}; the old one is written on`);
    }
  }

  /** One line of JSON in the log. */
  async tellStatistics(): Promise<void> {
    const { version, log } = this.parts;
    const statistics = await collectStatistics({
      version,
      serving: this.generations.accepting[0] ?? null,
      draining: this.generations.draining,
      tls: this.certificates.tls,
      problems: this.certificates.problems,
    });
    log.answer(JSON.stringify(statistics));
  }

  private greet(): void {
    const { log, version, identity } = this.parts;
    log.line(
      `*** Starting tlsfront ${version} (Node ${process.versions.node}) on [${new Date().toString()}] ***`,
    );
    if (process.getuid?.() === 0 && identity === null) {
      log.warning('serving as root: --uid NAME gives the privileges up once the ports are bound');
    }
  }

  private begin({ tls, authorityFile }: ServingCertificates, ports: readonly number[]): Generation {
    const { config, identity, log } = this.parts;
    const generation = new Generation(
      {
        type: 'start',
        config,
        tls,
        ticketKeys: this.ticketKeys.keys,
        challenges: this.orders.answers,
        frontSecret: this.frontSecret,
        identity,
      },
      ports,
      log,
      this.parts.stickySecret,
      (name) => this.parts.issueLeaf(name),
      appSurroundings(config, authorityFile),
    );
    this.generations.begin(generation);
    return generation;
  }

  /** Says what it waits for when that takes longer than a moment. */
  private async waitForApps(apps: Promise<void>): Promise<void> {
    const { config, log } = this.parts;
    const seconds = (config.worker?.readyTimeoutMs ?? 0) / 1000;
    const timer = setTimeout(() => {
      log.line(
        `waiting for the app to accept connections, ${seconds} seconds at most; requests are held meanwhile`,
      );
    }, APP_PATIENCE_MS);
    try {
      await this.life.during('starting', apps);
    } finally {
      clearTimeout(timer);
    }
  }
}
