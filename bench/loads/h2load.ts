/** Drives nghttp2's h2load and reads its summary and its log of single requests. */
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { findTool } from '../tool.js';
import { runGenerator, type Window } from './generator.js';

export interface H2loadPlan {
  readonly peerPid: number;
  readonly port: number;
  readonly folder: string;
  readonly protocol: 'h1' | 'h2';
  readonly path: string;
  readonly connections: number;
  /** Requests in flight on each connection. */
  readonly streams: number;
  readonly headers: readonly string[];
  readonly uploadPath?: string;
  /** A window of so many milliseconds after a warm-up, or a number of requests in all. */
  readonly extent:
    | { readonly warmUpMs: number; readonly measureMs: number }
    | { readonly requests: number; readonly limitMs: number };
  /** Fixed rate on each connection; connections then start one after another so that they do not fire together. */
  readonly requestsPerSecondEach?: number;
}

export interface H2loadReport extends Window {
  readonly requests: number;
  /** Latencies in microseconds, ascending. */
  readonly latencies: Float64Array;
}

/** Milliseconds between two connections of a paced load: no multiple of h2load's 10 ms pacing tick. */
const PACED_START_GAP_MS = 11;
const EXTRA_LIMIT_MS = 20_000;

function buildArguments(plan: H2loadPlan, logPath: string): string[] {
  const words: string[] = plan.protocol === 'h1' ? ['--h1'] : [];
  words.push('-c', String(plan.connections), '-m', String(plan.streams), `--log-file=${logPath}`);
  // Windows of 16 MiB, near what browsers offer: h2load's default of 1 GiB would switch flow control off.
  words.push('-w', '24', '-W', '24');
  for (const header of plan.headers) words.push('-H', header);
  if (plan.uploadPath !== undefined) words.push('-d', plan.uploadPath);
  if ('requests' in plan.extent) words.push('-n', String(plan.extent.requests));
  else words.push('-D', `${plan.extent.measureMs}ms`, `--warm-up-time=${plan.extent.warmUpMs}ms`);
  if (plan.requestsPerSecondEach !== undefined) {
    words.push(`--rps=${plan.requestsPerSecondEach}`);
    if ('requests' in plan.extent) words.push('-r', '1', `--rate-period=${PACED_START_GAP_MS}ms`);
  }
  words.push(`--connect-to=127.0.0.1:${plan.port}`, `https://localhost:${plan.port}${plan.path}`);
  return words;
}

/** The counts in the line `requests: N total, …, N succeeded, N failed, N errored, N timeout`. */
export function parseRequestLine(lines: readonly string[]): { done: number; bad: number } | null {
  for (const line of lines) {
    const match = /^requests: .* (\d+) done, (\d+) succeeded, (\d+) failed, (\d+) errored/.exec(line);
    if (match === null) continue;
    return { done: Number(match[2]), bad: Number(match[1]) - Number(match[2]) + Number(match[4]) };
  }
  return null;
}

/** Latencies of the requests that began after `skipMs` and before the last `skipMs`, ascending. */
export function parseLog(text: string, skipMs: number): Float64Array {
  const starts: number[] = [];
  const latencies: number[] = [];
  for (const line of text.split('\n')) {
    const [start, , latency] = line.split('\t');
    if (start === undefined || latency === undefined) continue;
    starts.push(Number(start));
    latencies.push(Number(latency));
  }
  let first = Number.POSITIVE_INFINITY;
  let last = 0;
  for (const start of starts) {
    if (start < first) first = start;
    if (start > last) last = start;
  }
  const from = first + skipMs * 1000;
  const to = last - skipMs * 1000;
  return Float64Array.from(
    latencies.filter((_latency, index) => {
      const start = starts[index] ?? 0;
      return skipMs === 0 || (start >= from && start <= to);
    }),
  ).sort();
}

/** Runs h2load once. Throws when a single request did not succeed. `skipMs` is cut off both ends of the latencies. */
export async function runH2load(plan: H2loadPlan, skipMs = 0): Promise<H2loadReport> {
  const command = findTool('h2load');
  if (command === null) throw new Error('h2load is not installed (Debian: nghttp2-client)');
  const logPath = join(plan.folder, 'h2load.log');
  const timed = 'measureMs' in plan.extent;
  const window = await runGenerator({
    command,
    arguments: buildArguments(plan, logPath),
    peerPid: plan.peerPid,
    beginMark: timed ? 'Main benchmark duration is started' : 'starting benchmark',
    endMark: timed ? 'Main benchmark duration is over' : 'finished in',
    limitMs:
      EXTRA_LIMIT_MS +
      ('measureMs' in plan.extent ? plan.extent.measureMs + plan.extent.warmUpMs : plan.extent.limitMs),
  });
  const counts = parseRequestLine(window.lines);
  const latencies = parseLog(readFileSync(logPath, 'latin1'), skipMs);
  rmSync(logPath, { force: true });
  if (counts === null || counts.done === 0) throw new Error('h2load had no answer');
  if (counts.bad > 0) throw new Error(`${counts.bad} of ${counts.done + counts.bad} requests failed`);
  return { ...window, requests: counts.done, latencies };
}
