/** How our own load clients talk with the runner: a JSON plan as argument, marks and one JSON report as output lines. */
import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { percentile } from '../statistics.js';
import { runGenerator, type Window } from './generator.js';

const BEGIN_MARK = '#begin';
const END_MARK = '#end ';

export interface ClientPlan {
  readonly port: number;
  readonly rootPath: string;
  readonly warmUpMs: number;
  readonly measureMs: number;
  /** Connections in parallel, or in all where they are kept. */
  readonly connections: number;
  /** Handshakes only: offer the ticket of the connection before. */
  readonly resume: boolean;
}

export interface ClientReport {
  readonly done: number;
  /** Handshakes that the peer resumed. */
  readonly resumed: number;
  readonly p50Micros: number | null;
  readonly p99Micros: number | null;
}

function failShortly(error: unknown): void {
  process.stderr.write(`error: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}

/** Client side: the plan it was started with. From here on a failure is one line and exit code 1. */
export function readPlan(): ClientPlan {
  process.on('uncaughtException', failShortly);
  process.on('unhandledRejection', failShortly);
  const plan: ClientPlan = JSON.parse(process.argv[2] ?? '{}');
  return plan;
}

/** Client side: TLS options that verify the peer against the bench's authority. */
export function tlsOptions(plan: ClientPlan): {
  host: string;
  port: number;
  servername: string;
  ca: Buffer;
  ALPNProtocols: string[];
} {
  const ca = readFileSync(plan.rootPath);
  return { host: '127.0.0.1', port: plan.port, servername: 'localhost', ca, ALPNProtocols: ['http/1.1'] };
}

/** Client side: the measured window begins now. */
export function sayBegin(): void {
  process.stdout.write(`${BEGIN_MARK}\n`);
}

/** Client side: the window is over. */
export function sayEnd(report: ClientReport): void {
  process.stdout.write(`${END_MARK}${JSON.stringify(report)}\n`);
}

/** Client side: what is done within the measured window, and how long each took. */
export class Tally {
  private readonly latencies: number[] = [];
  private resumed = 0;
  private isMeasuring = false;

  /** Something is done that began then, on performance.now()'s clock. */
  count(began: number, isResumed = false): void {
    if (!this.isMeasuring) return;
    this.latencies.push((performance.now() - began) * 1000);
    if (isResumed) this.resumed += 1;
  }

  /** Warms up, measures, and says what was done; resolves when the window is over. */
  async measure({ warmUpMs, measureMs }: ClientPlan): Promise<void> {
    await pause(warmUpMs);
    this.isMeasuring = true;
    sayBegin();
    await pause(measureMs);
    this.isMeasuring = false;
    const sorted = Float64Array.from(this.latencies).sort();
    sayEnd({
      done: sorted.length,
      resumed: this.resumed,
      p50Micros: percentile(sorted, 0.5),
      p99Micros: percentile(sorted, 0.99),
    });
  }
}

/** The programs beside this file. */
export type ClientProgram =
  | 'handshake-client'
  | 'closing-client'
  | 'websocket-client'
  | 'mixed-client'
  | 'idle-client';

/** Runner side: runs one of them. */
export async function runClient(
  program: ClientProgram,
  peerPid: number,
  plan: ClientPlan,
  limitMs: number,
): Promise<Window & ClientReport> {
  const path = fileURLToPath(new URL(`./${program}.js`, import.meta.url));
  const window = await runGenerator({
    command: process.execPath,
    arguments: [path, JSON.stringify(plan)],
    peerPid,
    beginMark: BEGIN_MARK,
    endMark: END_MARK,
    limitMs,
  });
  const line = window.lines.find((text) => text.startsWith(END_MARK)) ?? END_MARK;
  const report: ClientReport = JSON.parse(line.slice(END_MARK.length));
  return { ...window, ...report };
}
