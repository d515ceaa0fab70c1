/** The master process: start order, signals, reload. It owns config, keys and children and touches no traffic. */
import { createHash, randomBytes } from 'node:crypto';
import type { CertificateOrders } from '../contract/acme.js';
import type { Config } from '../contract/config.js';
import { FrontError } from '../contract/errors.js';
import type {
  BoundListener,
  CertificateMaterial,
  Identity,
  TlsMaterial,
  UpstreamState,
} from '../contract/messages.js';
import { formatUpstream } from '../contract/upstream-addresses.js';
import { formatRouted } from '../contract/upstream-routes.js';
import { boundLine, deniedLines, readyUrls } from './boot-lines.js';
import type { MasterLog } from './log.js';
import { MaterialWatch } from './material-watch.js';
import { OrdersDesk } from './orders.js';
import { findPortOwner } from './port-owner.js';
import { Routers } from './routers.js';
import { collectStatistics } from './statistics.js';
import { TicketKeys } from './ticket-keys.js';
import { Workers } from './workers.js';

/** What listeners serve with. */
export interface Materials {
  /** By listener index; null for plain listeners. */
  readonly tls: readonly (TlsMaterial | null)[];
  /** Files and folders that they came from. */
  readonly files: readonly string[];
  /** Lines for the person who starts the front, such as how to trust the development certificate. */
  readonly notes: readonly { readonly kind: 'line' | 'warning' | 'hint'; readonly text: string }[];
}

export interface MasterParts {
  readonly config: Config;
  readonly version: string;
  readonly identity: Identity | null;
  readonly log: MasterLog;
  /** Reads certificates and keys anew; rejects with a FrontError that says what is wrong. */
  loadMaterials(): Promise<Materials>;
  /** A development certificate for one more name; null where there is none. */
  issueLeaf(name: string): Promise<CertificateMaterial | null>;
  /** Orders certificates once the front serves; null: nobody does. */
  readonly orders: CertificateOrders | null;
}

interface Generation {
  readonly routers: Routers;
  readonly workers: Workers | null;
}

/** Certificates run out and are renewed beneath a front that never restarts. */
const REFRESH_MS = 12 * 3_600_000;
/** Time for the apps to end once the routers have drained. */
const WORKER_MERCY_MS = 10_000;
/** After this long a start says that it waits for the app. */
const APP_PATIENCE_MS = 1500;

/** Runs the front until a signal ends it. Resolves with the exit code; rejects with a FrontError when it cannot start. */
export async function runMaster(parts: MasterParts): Promise<number> {
  const master = new Master(parts);
  try {
    await master.boot();
  } catch (error) {
    // A signal during the start ends it in the ordinary way; what then breaks off is no failure.
    if (master.stopping) return master.ended;
    await master.abandon();
    throw error;
  }
  return master.ended;
}

class Master {
  readonly ended: Promise<number>;
  private finish: (code: number) => void = () => {};
  private readonly ticketKeys = new TicketKeys((ticketKeys) => this.sendAll({ type: 'tickets', ticketKeys }));
  private readonly frontSecret = randomBytes(32).toString('base64');
  private materials: Materials = { tls: [], files: [], notes: [] };
  private watch: MaterialWatch | null = null;
  private generation: Generation | null = null;
  private starting: Generation | null = null;
  /** A signal has asked for the end. */
  stopping = false;
  private forced = false;
  private reloading = false;
  private readonly retiring = new Set<Generation>();
  private readonly orders: OrdersDesk;

  constructor(private readonly parts: MasterParts) {
    this.orders = new OrdersDesk(
      parts.orders,
      () => this.accepting.map(({ routers }) => routers),
      () => void this.refresh(),
    );
    this.ended = new Promise((resolve) => {
      this.finish = resolve;
    });
  }

  async boot(): Promise<void> {
    const { config, log, version, identity } = this.parts;
    process.title = 'tlsfront master';
    log.line(
      `*** Starting tlsfront ${version} (Node ${process.versions.node}) on [${new Date().toString()}] ***`,
    );
    if (process.getuid?.() === 0 && identity === null) {
      log.warning('serving as root: --uid NAME gives the privileges up once the ports are bound');
    }
    this.listenToSignals();
    const materials = await this.parts.loadMaterials();
    const ports = config.listeners.map((listener) => listener.port);
    const generation = this.createGeneration(materials, ports);
    const app = generation.workers?.startAll();
    app?.catch(() => {});
    const bound = await this.startRouters(generation);
    this.printNotes(materials);
    for (const listener of bound) log.line(boundLine(listener));
    await this.waitForApp(app);
    for (const line of generation.workers?.socketLines ?? []) log.line(line);
    this.printBoot(generation, bound);
    this.commit(generation);
    this.watch = new MaterialWatch(
      () => this.materials.files,
      () => void this.refresh(),
    );
    setInterval(() => void this.refresh(true), REFRESH_MS).unref();
    this.orders.start();
  }

  /** Ends whatever a failed start has left. */
  async abandon(): Promise<void> {
    this.stopping = true;
    for (const generation of [this.starting, this.generation]) {
      generation?.routers.kill();
      await generation?.workers?.stop(0);
    }
  }

  private async startRouters(generation: Generation): Promise<BoundListener[]> {
    try {
      const bound = await generation.routers.startAll();
      const list = bound.filter((listener) => listener !== null);
      const denied = list.find((listener) => listener.deniedPort !== null);
      if (denied !== undefined && denied.deniedPort !== null) {
        const { warning, hint } = deniedLines(denied.deniedPort, denied.port);
        this.parts.log.warning(warning);
        this.parts.log.hint(hint);
      }
      return list;
    } catch (error) {
      throw nameOwner(error);
    }
  }

  /** Says what it waits for when that takes longer than a moment. */
  private async waitForApp(app: Promise<void> | undefined): Promise<void> {
    const { config, log } = this.parts;
    const seconds = (config.worker?.readyTimeoutMs ?? 0) / 1000;
    const timer = setTimeout(() => {
      log.line(
        `waiting for the app to accept connections, ${seconds} seconds at most; requests are held meanwhile`,
      );
    }, APP_PATIENCE_MS);
    try {
      await app;
    } finally {
      clearTimeout(timer);
    }
  }

  private printNotes(materials: Materials): void {
    const { log } = this.parts;
    for (const { kind, text } of materials.notes) {
      if (kind === 'warning') log.warning(text);
      else if (kind === 'hint') log.hint(text);
      else log.line(text);
    }
  }

  private printBoot(generation: Generation, bound: readonly BoundListener[]): void {
    const { config, log } = this.parts;
    log.line(`your mercy for graceful operations on workers is ${config.mercyMs / 1000} seconds`);
    log.line(`spawned tlsfront master process (pid: ${process.pid})`);
    for (const { pid, plan } of generation.workers?.all ?? []) {
      log.line(`spawned tlsfront worker ${plan.index} (pid: ${pid})`);
    }
    for (const { pid, index } of generation.routers.all)
      log.line(`spawned tlsfront http ${index} (pid: ${pid})`);
    const app = this.upstreamsOf(generation).map(formatRouted);
    log.ready(`tlsfront is ready: ${readyUrls(bound, config).join(' ')} -> ${app.join(', ')}`);
  }

  private createGeneration(materials: Materials, ports: readonly number[]): Generation {
    const { config, identity, log } = this.parts;
    const { tls } = materials;
    this.materials = materials;
    const workers: Workers | null =
      config.worker === null
        ? null
        : new Workers(
            config.worker,
            config.bufferRequests,
            identity,
            config.engine === 'direct' ? 'uwsgi' : 'http',
            log,
            () => generation.routers.updateUpstreams(this.upstreamsOf(generation)),
          );
    const upstreams = workers === null ? fixedUpstreams(config) : [];
    const routers = new Routers(
      config.routers,
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
      upstreams,
      log,
      (name) => this.parts.issueLeaf(name),
    );
    const generation: Generation = { routers, workers };
    this.starting = generation;
    return generation;
  }

  private upstreamsOf(generation: Generation): readonly UpstreamState[] {
    return generation.workers?.upstreams ?? fixedUpstreams(this.parts.config);
  }

  private commit(generation: Generation): void {
    this.generation = generation;
    this.starting = null;
  }

  private listenToSignals(): void {
    const stop = (signal: NodeJS.Signals): void => {
      if (this.stopping) this.stopNow(signal);
      else void this.stop(signal);
    };
    process.on('SIGTERM', stop);
    process.on('SIGINT', stop);
    process.on('SIGHUP', () => void this.reload());
    process.on('SIGUSR1', () => void this.tellStatistics());
  }

  /** uWSGI's signal for statistics. Without a listener Node would open its inspector. */
  private async tellStatistics(): Promise<void> {
    const { version, log } = this.parts;
    const statistics = await collectStatistics({
      version,
      serving: this.generation ?? this.starting,
      draining: [...this.retiring],
      tls: this.materials.tls,
    });
    log.answer(JSON.stringify(statistics));
  }

  /** Drains within the mercy, then ends the apps. */
  private async stop(signal: string): Promise<void> {
    const { config, log } = this.parts;
    this.stopping = true;
    log.line(
      `received ${signal}: draining, ${config.mercyMs / 1000} seconds of mercy; send it again to end now`,
    );
    const generations = this.generations;
    const drained = generations.map(({ routers }) => routers.drain(config.mercyMs, true));
    await Promise.all([...drained, this.orders.stop()]);
    await Promise.all(generations.map(({ workers }) => workers?.stop(WORKER_MERCY_MS)));
    log.line('goodbye to tlsfront');
    this.finish(this.forced ? 1 : 0);
  }

  /** Those that take connections, or will. */
  private get accepting(): Generation[] {
    return [this.generation, this.starting].filter((generation) => generation !== null);
  }

  /** All that have processes: the one that serves, one that starts, those that drain since a reload. */
  private get generations(): Generation[] {
    const all = [this.generation, this.starting, ...this.retiring];
    return all.filter((generation) => generation !== null);
  }

  /** Lets an old generation finish; its tunnels may last as long as the mercy. */
  private async retire(old: Generation): Promise<void> {
    this.retiring.add(old);
    await old.routers.drain(this.parts.config.mercyMs, false);
    await old.workers?.stop(WORKER_MERCY_MS);
    this.retiring.delete(old);
  }

  private stopNow(signal: string): void {
    this.forced = true;
    this.parts.log.warning(`received ${signal} again: ending now`);
    for (const { routers, workers } of this.generations) {
      routers.kill();
      void workers?.stop(0);
    }
  }

  private sendAll(message: Parameters<Routers['broadcast']>[0]): void {
    this.generation?.routers.broadcast(message);
    this.starting?.routers.broadcast(message);
  }

  /** New certificate files: the routers serve new handshakes with them and keep every connection. */
  private async refresh(isReminder = false): Promise<void> {
    const { log } = this.parts;
    if (this.stopping || this.reloading || this.generation === null) return;
    try {
      const materials = await this.parts.loadMaterials();
      const isNew = JSON.stringify(materials.tls) !== JSON.stringify(this.materials.tls);
      const told = new Set(this.materials.notes.map(({ text }) => text));
      this.materials = materials;
      if (isNew) {
        this.sendAll({ type: 'tls', tls: materials.tls });
        log.line('the certificates have changed: new connections get them');
        this.printNotes({ ...materials, notes: materials.notes.filter(({ text }) => !told.has(text)) });
      } else if (isReminder) {
        for (const { kind, text } of materials.notes) if (kind === 'warning') log.warning(text);
      }
    } catch (error) {
      if (await this.watch?.isOutdated()) return;
      const { message, hint } = asFrontError(error);
      log.error(`the certificates have changed and cannot be used: ${message}; the old ones go on serving`);
      if (hint !== undefined) log.hint(hint);
    }
  }

  /** SIGHUP: a whole new generation that serves before the old one drains; or the old one stays and we say why. */
  private async reload(): Promise<void> {
    const { log } = this.parts;
    if (this.stopping || this.reloading || this.generation === null) return;
    this.reloading = true;
    const old = this.generation;
    log.line('received SIGHUP: starting a new generation');
    try {
      log.reopen();
      const materials = await this.parts.loadMaterials();
      const generation = this.createGeneration(materials, old.routers.boundPorts);
      const app = generation.workers?.startAll();
      app?.catch(() => {});
      await app;
      await this.startRouters(generation);
      this.printNotes(materials);
      this.commit(generation);
      this.watch?.restart();
      log.line('the new generation serves; the old one drains');
      void this.retire(old);
    } catch (error) {
      const { message, hint } = asFrontError(error);
      log.error(`reload: ${message}; the old generation goes on serving`);
      if (hint !== undefined) log.hint(hint);
      this.starting?.routers.kill();
      void this.starting?.workers?.stop(0);
      this.starting = null;
    }
    this.reloading = false;
  }
}

function fixedUpstreams(config: Config): UpstreamState[] {
  return config.upstreams.map((upstream, index) => {
    const needsLength = config.bufferRequests || upstream.scheme === 'uwsgi';
    // A digest: clients need not know where the apps are.
    const key = createHash('sha256').update(formatUpstream(upstream)).digest('hex').slice(0, 16);
    return { ...upstream, id: -1 - index, key, needsLength, ready: true };
  });
}

function asFrontError(error: unknown): FrontError {
  if (error instanceof FrontError) return error;
  return new FrontError('internal', error instanceof Error ? error.message : String(error), { cause: error });
}

/** Adds the name of the process that holds the port. */
function nameOwner(error: unknown): unknown {
  if (!(error instanceof FrontError) || error.code !== 'listen_failed') return error;
  const { cause } = error;
  const inUse = typeof cause === 'object' && cause !== null && 'inUse' in cause ? cause.inUse : null;
  if (typeof inUse !== 'object' || inUse === null || !('port' in inUse)) return error;
  const owner = findPortOwner(Number(inUse.port));
  if (owner === null) return error;
  return new FrontError('listen_failed', error.message.replace('another process', owner), {
    ...(error.hint === undefined ? {} : { hint: error.hint }),
    cause,
  });
}
