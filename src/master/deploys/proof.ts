/** Proves a new version well before it gets a request: it starts, and answers its health path so many times in a row. */
import { setTimeout as passTime } from 'node:timers/promises';
import type { DeployRequest } from '../../control/types.js';
import { formatUpstream } from '../../shared/addresses/upstream-text.js';
import type { HealthConfig } from '../../shared/config/apps.js';
import { FrontError } from '../../shared/errors.js';
import type { ProbeQuestion, UpstreamState } from '../../shared/messages/router-messages.js';
import type { Workers } from '../workers/workers.js';

/** Pause between two questions. */
const CHECK_EVERY_MS = 250;
/** An answer that takes longer is none. */
const ANSWER_MS = 5_000;
/** Where nobody has named a path: the app answers, and not with a failure of its own. */
const ANY_PATH = '/';
const ANY_ANSWER: HealthConfig['statuses'] = [{ first: 100, last: 499 }];

/** The version, as far as it is asked about. */
export interface Provable {
  readonly app: { readonly health: HealthConfig };
  readonly upstreams: readonly UpstreamState[];
  readonly workers: Pick<Workers, 'startAll' | 'lastEnd'> | null;
  findNames(): Promise<void>;
}

/** Who asks. */
export interface Asking {
  /** Resolves with the status of an answer, 0 where there is none, null where no router could ask. */
  readonly routers: { probe(question: ProbeQuestion): Promise<number | null> };
}

/**
 * Resolves when it is well.
 * @param say told of each question that was answered well
 * @throws FrontError that says what is wrong with it, at `timeoutMs` at the latest, or at once where it crashes
 */
export async function prove(
  version: Provable,
  asking: Asking,
  request: Pick<DeployRequest, 'path' | 'checks' | 'timeoutMs'>,
  say: (text: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const proof = new Proof(version, asking, request, say);
  const over = new AbortController();
  try {
    await Promise.race([proof.run(), proof.timeOut(over.signal), proof.brokenOff(signal)]);
  } finally {
    proof.isOver = true;
    over.abort();
  }
}

class Proof {
  isOver = false;
  /** What it did last, for the error. */
  private fault = 'it does not accept connections yet';
  private readonly path: string;
  private readonly statuses: HealthConfig['statuses'];
  private readonly endsAtMs: number;

  constructor(
    private readonly version: Provable,
    private readonly asking: Asking,
    private readonly request: Pick<DeployRequest, 'path' | 'checks' | 'timeoutMs'>,
    private readonly say: (text: string) => void,
  ) {
    const { health } = version.app;
    const path = request.path ?? health.path;
    this.path = path ?? ANY_PATH;
    this.statuses = path === null ? ANY_ANSWER : health.statuses;
    this.endsAtMs = performance.now() + request.timeoutMs;
  }

  async run(): Promise<void> {
    const { version, request } = this;
    await Promise.all([version.workers?.startAll(), version.findNames()]);
    // Until the first answer is in.
    this.fault = `it does not answer GET ${this.path}`;
    let passed = 0;
    while (!this.isOver) {
      this.refuseCrashed();
      const fault = await this.ask();
      this.refuseCrashed();
      if (fault === null) {
        passed += 1;
        this.say(`check ${passed} of ${request.checks} passed`);
        if (passed >= request.checks) return;
      } else {
        passed = 0;
        this.fault = fault;
      }
      await passTime(CHECK_EVERY_MS);
    }
  }

  async timeOut(over: AbortSignal): Promise<never> {
    const { timeoutMs, checks } = this.request;
    await passTime(timeoutMs, undefined, { signal: over }).catch(() => {});
    throw new FrontError(
      'worker_failed',
      `the new version is not well after ${timeoutMs / 1000} s: ${this.fault}`,
      {
        hint: `it must answer GET ${this.path} with ${describeStatuses(this.statuses)}, ${checks} times in a row; --health-path and --timeout change that`,
      },
    );
  }

  brokenOff(signal: AbortSignal): Promise<never> {
    return new Promise((_resolve, reject) => {
      const breakOff = (): void =>
        reject(new FrontError('internal', 'whoever asked for it has gone before it was decided'));
      if (signal.aborted) breakOff();
      else signal.addEventListener('abort', breakOff, { once: true });
    });
  }

  /** What is wrong with one of its addresses; null: all are well. */
  private async ask(): Promise<string | null> {
    const { version, asking, path } = this;
    const { upstreams } = version;
    if (upstreams.length === 0) return 'its name is not found';
    const timeoutMs = Math.max(1, Math.min(ANSWER_MS, this.endsAtMs - performance.now()));
    const faults = await Promise.all(
      upstreams.map(async (upstream) => {
        const status = await asking.routers.probe({ upstream, path, timeoutMs });
        if (status === null) return 'no router could ask it';
        if (status === 0) return `${formatUpstream(upstream)} does not answer GET ${path}`;
        const isWell = this.statuses.some(({ first, last }) => status >= first && status <= last);
        return isWell ? null : `${formatUpstream(upstream)} answers GET ${path} with ${status}`;
      }),
    );
    return faults.find((fault) => fault !== null) ?? null;
  }

  /** One of its processes has ended, which is tried again only while an app has its place. */
  private refuseCrashed(): void {
    const end = this.version.workers?.lastEnd ?? null;
    if (end === null) return;
    const said = end.lastLines.length === 0 ? '' : `; its last words: ${end.lastLines.slice(-3).join(' | ')}`;
    throw new FrontError('worker_failed', `the new version has ended: ${end.reason}${said}`, {
      hint: 'the lines of the log say more; tlsfront logs shows them',
    });
  }
}

function describeStatuses(statuses: HealthConfig['statuses']): string {
  return statuses.map(({ first, last }) => (first === last ? `${first}` : `${first} to ${last}`)).join(', ');
}
