/** Watches for an app that listens on another port than it was given, and decides which of its ports is the app. */
import { setTimeout as pause } from 'node:timers/promises';
import { type PortAnswer, probeHttp } from './http-probe.js';
import { findListeningPorts, type ListeningPort } from './listening-ports.js';

/** So long must an app's ports have stayed the same: a server of several ports opens them one after the other. */
const SETTLE_MS = 600;
/** A development server compiles before its first answer. */
const PROBE_PATIENCE_MS = 4000;

const FIRST_LOOK_MS = 200;
const MAX_PAUSE_MS = 1000;

/** An address at which the app answers. */
export interface FoundPort {
  readonly host: string;
  readonly port: number;
}

/** Looks again and again; a port is only found once nothing has changed for a moment. */
export class PortSearch {
  private known = '';
  private sinceMs = 0;
  private readonly answers = new Map<number, { readonly host: string; readonly answer: PortAnswer }>();
  private listening: readonly ListeningPort[] = [];

  /** @param leader pid of the app */
  constructor(private readonly leader: number) {}

  /** Every port the app was seen on, for the message where none is the app. */
  get ports(): readonly number[] {
    return this.listening.map(({ port }) => port);
  }

  /** Looks until the app is found; undefined once `signal` has aborted. */
  async run(signal: AbortSignal): Promise<FoundPort | undefined> {
    for (let pauseMs = FIRST_LOOK_MS; ; pauseMs = Math.min(pauseMs * 1.3, MAX_PAUSE_MS)) {
      await pause(pauseMs, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) return undefined;
      const found = await this.look();
      if (found !== null) return found;
    }
  }

  /** The app's port, or null as long as there is none that is worth taking. */
  async look(): Promise<FoundPort | null> {
    this.listening = await findListeningPorts(this.leader);
    const picture = this.ports.join(' ');
    const nowMs = performance.now();
    if (picture !== this.known) {
      this.known = picture;
      this.sinceMs = nowMs;
      this.answers.clear();
    }
    if (this.listening.length === 0 || nowMs - this.sinceMs < SETTLE_MS) return null;
    await Promise.all(this.listening.map((each) => this.ask(each)));
    return chooseFound(this.answers);
  }

  private async ask({ port, hosts }: ListeningPort): Promise<void> {
    const before = this.answers.get(port)?.answer;
    if (before !== undefined && before !== 'refused') return;
    for (const host of hosts) {
      const answer = await probeHttp(host, port, PROBE_PATIENCE_MS);
      this.answers.set(port, { host, answer });
      if (answer !== 'refused') return;
    }
  }
}

/** A page before any other answer, an answer before silence; of equal ones the lowest port, since helpers count upwards. */
export function chooseFound(
  answers: ReadonlyMap<number, { readonly host: string; readonly answer: PortAnswer }>,
): FoundPort | null {
  for (const wanted of ['page', 'other-http', 'silent'] as const) {
    const fitting = [...answers].filter(([, { answer }]) => answer === wanted).map(([port]) => port);
    if (fitting.length === 0) continue;
    const port = Math.min(...fitting);
    return { host: answers.get(port)?.host ?? '127.0.0.1', port };
  }
  return null;
}
