/** One worker: a shim process that starts the app, tells when it is ready, and leaves no orphan behind. */
import { type ChildProcess, fork } from 'node:child_process';
import type {
  WorkerKind,
  WorkerOrder,
  WorkerPlan,
  WorkerReport,
} from '../../shared/messages/worker-messages.js';
import { signalGroup } from '../../shared/process-group.js';
import { programFile } from '../../system/package-files.js';

/** A keeper that has not ended so long after its app must have done so is stuck itself. */
const KEEPER_MERCY_MS = 3_000;

/** What a worker tells its keeper; `onEnd` is called once. */
export interface WorkerEvents {
  onSpawned(worker: WorkerProcess): void;
  /** @param ignoredPort the port that the app was told, where it listens on another one; null: on this one */
  onReady(worker: WorkerProcess, ignoredPort: number | null): void;
  onEnd(worker: WorkerProcess, end: WorkerEnd): void;
}

/** Why a worker ended. */
export interface WorkerEnd {
  readonly reason: string;
  readonly hint: string | null;
  /** The last lines the app printed. */
  readonly lastLines: readonly string[];
}

/** A worker that was started. */
export class WorkerProcess {
  /** The app's own process id; 0 until it is spawned. */
  pid = 0;
  host = '127.0.0.1';
  port = 0;
  scheme: 'http' | 'uwsgi' = 'http';
  /** What serves the app; null: nothing does yet. */
  kind: WorkerKind | null = null;
  /** False for an app that cannot read a body of unknown length. */
  readsChunked = true;
  ready = false;
  /** It was asked to end. */
  wasStopped = false;
  readonly startedAtMs = performance.now();
  private readonly shim: ChildProcess;
  private end: WorkerEnd | null = null;
  private deadline: NodeJS.Timeout | undefined;

  /** @param id number of the upstream that this worker is */
  constructor(
    readonly id: number,
    readonly plan: WorkerPlan,
    output: number | 'inherit',
    private readonly events: WorkerEvents,
  ) {
    // Detached: a Ctrl-C of the terminal is the master's to hand on, after the routers have drained.
    this.shim = fork(programFile('keeper'), [], {
      stdio: [plan.hasTerminal ? 'inherit' : 'ignore', output, output, 'ipc'],
      detached: true,
    });
    this.shim.on('message', (message: WorkerReport) => this.receive(message));
    this.shim.on('error', (error) => this.finish({ reason: error.message, hint: null, lastLines: [] }));
    this.shim.on('exit', (code, signal) => {
      clearTimeout(this.deadline);
      this.killLeftOvers();
      this.finish(
        this.end ?? { reason: `its keeper ended with ${signal ?? code}`, hint: null, lastLines: [] },
      );
    });
    this.send({ type: 'start', plan });
  }

  /** Ends the app: SIGTERM to its process group, SIGKILL after `mercyMs`. */
  stop(mercyMs: number): void {
    this.wasStopped = true;
    this.send({ type: 'stop', mercyMs });
    clearTimeout(this.deadline);
    this.deadline = setTimeout(() => this.kill(), mercyMs + KEEPER_MERCY_MS);
  }

  /** Ends the keeper and its app on the spot. */
  kill(): void {
    this.killLeftOvers();
    this.shim.kill('SIGKILL');
  }

  /** The log was rotated. */
  reopenLog(file: string): void {
    this.send({ type: 'reopen_log', file });
  }

  private receive(message: WorkerReport): void {
    if (message.type === 'spawned') {
      this.pid = message.pid;
      this.port = message.port;
      this.scheme = message.scheme;
      this.kind = message.kind;
      // wsgiref knows no chunked coding, and Bottle behind uWSGI answers 400 to it.
      this.readsChunked = message.kind === 'command';
      this.events.onSpawned(this);
    } else if (message.type === 'ready') {
      const told = this.port;
      this.host = message.address.host;
      this.port = message.address.port;
      this.ready = true;
      this.events.onReady(this, message.isFound ? told : null);
    } else if (message.type === 'failed') {
      this.end = { reason: message.message, hint: message.hint, lastLines: [] };
    } else if (this.end === null) {
      const reason = message.signal === null ? `exit code ${message.code ?? 0}` : `signal ${message.signal}`;
      this.end = { reason, hint: null, lastLines: message.lastLines };
    }
  }

  private finish(end: WorkerEnd): void {
    this.ready = false;
    this.events.onEnd(this, end);
    this.finish = () => {};
  }

  private send(message: WorkerOrder): void {
    if (this.shim.connected) this.shim.send(message);
  }

  /** When the shim itself was killed, its app's process group is still there. */
  private killLeftOvers(): void {
    if (this.pid !== 0) signalGroup(this.pid, 'SIGKILL');
  }
}
