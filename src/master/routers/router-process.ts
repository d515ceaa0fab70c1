/** One router process: spawned with the listening sockets and a channel, and believed nothing that was not checked. */
import type { ChildProcess } from 'node:child_process';
import { Duplex } from 'node:stream';
import type { Debt, Spending } from '../../shared/config/access.js';
import type { Counters } from '../../shared/counters.js';
import { FrontError } from '../../shared/errors.js';
import type { RecentRequests } from '../../shared/messages/recent-requests.js';
import type {
  AppLoad,
  InheritedSocket,
  LeafAnswer,
  MasterToRouter,
  ProbeQuestion,
  RouterStart,
  RouterToMaster,
} from '../../shared/messages/router-messages.js';
import type { Samples } from '../../shared/metrics.js';
import { encloseProcess, refusal } from '../../system/enclosure.js';
import { JsonChannel } from '../../system/json-channel.js';
import { ownRelease } from '../../system/release.js';
import type { ListeningSocket } from '../listening/listening-sockets.js';
import { readRouterReport } from './router-reports.js';
import { CHANNEL_DESCRIPTOR, type RouterPlace, spawnRouter } from './spawn-router.js';

/** What a router says is short; its measures are the longest. */
const MAX_REPORT_BYTES = 4 * 1024 ** 2;
/** Names whose leaves are being made for one router; LeafRequests keeps to fewer. */
const MAX_LEAVES_ASKED = 256;

/** A router that is alive says within milliseconds that the time of a probe is over. */
const PROBE_PATIENCE_MS = 1_000;

/** What a router tells its keeper. */
export interface RouterEvents {
  onExit(router: RouterProcess, reason: string): void;
  /** A client asks the router for a name that may have a certificate of its own. */
  onNeedLeaf(router: RouterProcess, name: string): void;
  /** It has let requests pass that the others count too. */
  onSpent(router: RouterProcess, spent: readonly Spending[]): void;
  onOverdue(address: string, request: string, tookMs: number): void;
  onLoad(router: RouterProcess, loads: readonly AppLoad[]): void;
}

/** A router that was spawned; `started` settles once. */
export class RouterProcess {
  readonly pid: number;
  readonly startedAtMs = performance.now();
  /** Resolves when it serves; rejects with the router's error, or when it ends before it is ready. */
  readonly started: Promise<void>;
  ready = false;
  /** Number among those that have had its place. */
  spawns = 1;
  private readonly child: ChildProcess;
  private readonly chroot: string | null;
  private readonly channel: JsonChannel;
  /** Version of the state that it has acknowledged. */
  private takenVersion = -1;
  /** Version of the state that it began with. */
  private firstVersion = 0;
  private leavesAsked = 0;
  /** Our program runs, and not only what starts it. */
  private isLoaded = false;
  private isEnclosing = false;
  /** Why we have ended it; null: we have not. */
  private verdict: string | null = null;
  private readonly waiting = new Set<{ readonly version: number; readonly resolve: () => void }>();
  private samples: Samples = {};
  private readonly measuring = new Set<() => void>();
  private readonly counting = new Set<(counters: Readonly<Counters> | null) => void>();
  private readonly owing = new Set<(debts: readonly Debt[] | null) => void>();
  private readonly probing = new Map<number, (status: number | null) => void>();
  private probes = 0;
  private readonly remembering = new Set<(recent: RecentRequests | null) => void>();
  private settleStart: { resolve(): void; reject(error: unknown): void } = { resolve() {}, reject() {} };

  /** @param buildStart makes its start message, with the sockets as it inherits them */
  constructor(
    readonly index: number,
    sockets: readonly (ListeningSocket | null)[],
    private readonly buildStart: (inherited: readonly (InheritedSocket | null)[]) => RouterStart,
    place: RouterPlace,
    private readonly events: RouterEvents,
  ) {
    const descriptors = sockets.flatMap((socket) => socket?.descriptor ?? []);
    let next = CHANNEL_DESCRIPTOR + 1;
    const inherited = sockets.map((socket) => {
      return socket === null ? null : { bound: socket.bound, descriptor: next++ };
    });
    this.chroot = place.chroot;
    this.child = spawnRouter(place, descriptors);
    this.pid = this.child.pid ?? 0;
    this.started = new Promise((resolve, reject) => {
      this.settleStart = { resolve, reject };
    });
    // The keeper may ask later or never; a rejection nobody asked for is not an error of its own.
    this.started.catch(() => {});
    this.channel = new JsonChannel(streamOf(this.child), MAX_REPORT_BYTES, {
      onMessage: (message) => this.receive(message, inherited),
      onBroken: (reason) => this.condemn(reason),
      onClosed: () => {},
    });
    this.child.on('error', (error) => this.settleStart.reject(this.explain(error, error.message)));
    this.child.on('exit', (code, signal) => {
      const reason = this.verdict ?? describeEnd(code, signal);
      const early = `the http process ${index} ended before it was ready: ${reason}`;
      this.settleStart.reject(this.explain(new FrontError('internal', early), reason));
      this.settle(Number.POSITIVE_INFINITY);
      for (const settle of this.counting) settle(null);
      for (const settle of this.remembering) settle(null);
      for (const settle of this.owing) settle(null);
      for (const settle of this.probing.values()) settle(null);
      this.settleMeasures();
      events.onExit(this, reason);
    });
  }

  send(message: MasterToRouter): void {
    this.channel.send(message);
  }

  /** Resolves when it serves by this version of its state or a later one, or has ended. */
  taken(version: number): Promise<void> {
    if (version <= this.takenVersion) return Promise.resolve();
    return new Promise((resolve) => this.waiting.add({ version, resolve }));
  }

  /** Its counters; null when it does not answer in time, or has ended. */
  count(patienceMs: number): Promise<Readonly<Counters> | null> {
    return this.ask({ type: 'count' }, this.counting, patienceMs);
  }

  /** Single requests that it remembers, and remembers more of from now on; null as with `count`. */
  remember(patienceMs: number): Promise<RecentRequests | null> {
    return this.ask({ type: 'remember' }, this.remembering, patienceMs);
  }

  /** What clients have taken of their rates; null as with `count`. */
  owe(patienceMs: number): Promise<readonly Debt[] | null> {
    return this.ask({ type: 'owe' }, this.owing, patienceMs);
  }

  /** Asks an upstream; resolves with the status of its answer, 0 where there is none in time, null where the router does not say or has ended. */
  probe(question: ProbeQuestion): Promise<number | null> {
    const id = this.probes++;
    return new Promise((resolve) => {
      const timer = setTimeout(() => settle(null), question.timeoutMs + PROBE_PATIENCE_MS);
      const settle = (status: number | null): void => {
        clearTimeout(timer);
        this.probing.delete(id);
        resolve(status);
      };
      this.probing.set(id, settle);
      this.send({ type: 'probe', id, question });
    });
  }

  private ask<Answer>(
    question: MasterToRouter,
    waiting: Set<(answer: Answer | null) => void>,
    patienceMs: number,
  ): Promise<Answer | null> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => settle(null), patienceMs);
      const settle = (answer: Answer | null): void => {
        clearTimeout(timer);
        waiting.delete(settle);
        resolve(answer);
      };
      waiting.add(settle);
      this.send(question);
    });
  }

  /** What it measured last; what it says at its end is among that. */
  get lastSamples(): Samples {
    return this.samples;
  }

  /** Resolves with what it measures now; with what it said last when it does not answer in time, or has ended. */
  measure(patienceMs: number): Promise<Samples> {
    return new Promise((resolve) => {
      const settle = (): void => {
        clearTimeout(timer);
        this.measuring.delete(settle);
        resolve(this.samples);
      };
      const timer = setTimeout(settle, patienceMs);
      this.measuring.add(settle);
      if (this.child.exitCode === null && this.child.signalCode === null) this.send({ type: 'measure' });
      else settle();
    });
  }

  private settleMeasures(): void {
    for (const settle of this.measuring) settle();
  }

  /** The answer to what `onNeedLeaf` has told. */
  giveLeaf(name: string, answer: LeafAnswer): void {
    this.leavesAsked -= 1;
    this.send({ type: 'leaf', name, answer });
  }

  kill(): void {
    this.child.kill('SIGKILL');
  }

  private receive(message: unknown, inherited: readonly (InheritedSocket | null)[]): void {
    const report = this.verdict === null ? readRouterReport(message) : null;
    if (report === null) this.condemn('it sent a message that no router sends');
    else this.obey(report, inherited);
  }

  private obey(report: RouterToMaster, inherited: readonly (InheritedSocket | null)[]): void {
    switch (report.type) {
      case 'loaded':
        this.isLoaded = true;
        this.start(report.release, inherited);
        return;
      case 'loaded_all':
        void this.enclose();
        return;
      case 'ready':
        this.ready = true;
        this.settleStart.resolve();
        this.settle(this.firstVersion);
        return;
      case 'failed':
        this.settleStart.reject(
          new FrontError(report.code, report.message, report.hint === null ? {} : { hint: report.hint }),
        );
        return;
      case 'state_taken':
        this.settle(report.version);
        return;
      case 'counted':
        for (const settle of this.counting) settle(report.counters);
        return;
      case 'overdue':
        this.events.onOverdue(report.address, report.request, report.tookMs);
        return;
      case 'load':
        this.events.onLoad(this, report.loads);
        return;
      case 'remembered':
        for (const settle of this.remembering) settle(report.recent);
        return;
      case 'owed':
        for (const settle of this.owing) settle(report.debts);
        return;
      case 'probed':
        this.probing.get(report.id)?.(report.status);
        return;
      case 'measured':
        this.samples = report.samples;
        this.settleMeasures();
        return;
      case 'spent':
        this.events.onSpent(this, report.spent);
        return;
      case 'need_leaf':
        this.leavesAsked += 1;
        if (this.leavesAsked > MAX_LEAVES_ASKED) this.condemn('it asks for more names than a router does');
        else this.events.onNeedLeaf(this, report.name);
        return;
      default:
        report satisfies never;
    }
  }

  /** Our files may have been replaced beneath us: two releases do not understand each other. */
  private start(release: string, inherited: readonly (InheritedSocket | null)[]): void {
    const own = ownRelease();
    if (release !== own) {
      const text = `the program on disk is tlsfront ${release}, this process is ${own}`;
      const hint =
        'tlsfront reload --upgrade starts the new one in its place; or stop this one and start it again';
      this.settleStart.reject(new FrontError('internal', text, { hint }));
      this.condemn(text);
      return;
    }
    const start = this.buildStart(inherited);
    this.firstVersion = start.version;
    this.send(start);
  }

  /** Before our program runs, what fails is what was to start it in a place of its own. */
  private explain(error: Error, reason: string): Error {
    return this.chroot === null || this.isLoaded ? error : refusal(this.chroot, `unshare: ${reason}`);
  }

  private async enclose(): Promise<void> {
    // It asks once, and only where it was told to.
    if (this.chroot === null || this.ready || this.isEnclosing) {
      this.condemn('it asks to be put into a folder that nobody has named');
      return;
    }
    this.isEnclosing = true;
    try {
      await encloseProcess(this.pid, this.chroot);
      this.send({ type: 'enclosed' });
    } catch (error) {
      this.settleStart.reject(error);
      this.condemn('it could not be put into its folder');
    }
  }

  /** Ends it, and says why where its end is told. */
  private condemn(reason: string): void {
    this.verdict ??= reason;
    this.kill();
  }

  private settle(version: number): void {
    this.takenVersion = Math.max(this.takenVersion, version);
    for (const waiter of this.waiting) {
      if (waiter.version > this.takenVersion) continue;
      this.waiting.delete(waiter);
      waiter.resolve();
    }
  }
}

/** Both directions of the channel; nothing of a child that could not be spawned. */
function streamOf(child: ChildProcess): Duplex {
  const stream = child.stdio[CHANNEL_DESCRIPTOR];
  return stream instanceof Duplex
    ? stream
    : new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() });
}

/** `exit code 1`, or `signal SIGKILL`. */
export function describeEnd(code: number | null, signal: string | null): string {
  return signal ? `signal ${signal}` : `exit code ${code ?? 0}`;
}
