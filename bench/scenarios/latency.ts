/** Scenarios at a fixed rate below saturation: the figure is a latency. */
import type { Sample, Scenario, ScenarioContext } from '../contract.js';
import { type H2loadReport, runH2load } from '../loads/h2load.js';
import { percentile } from '../statistics.js';
import { SMALL_BODY, SMALL_PATH } from '../upstreams/content.js';
import { BROWSER_HEADERS } from './headers.js';

const CONNECTIONS = 64;
const SINGLE_RATE = 500;
/** Cut off both ends of a paced run: connections start one after another in the first 0.7 s and end so. */
const EDGE_MS = 800;

const CALIBRATION_MS = 800;

function load(
  context: ScenarioContext,
  connections: number,
  extent: Parameters<typeof runH2load>[0]['extent'],
  rateEach?: number,
): Promise<H2loadReport> {
  return runH2load(
    {
      peerPid: context.running.pid,
      port: context.running.port,
      folder: context.folder,
      protocol: 'h1',
      path: SMALL_PATH,
      connections,
      streams: 1,
      headers: BROWSER_HEADERS,
      extent,
      ...(rateEach === undefined ? {} : { requestsPerSecondEach: rateEach }),
    },
    rateEach !== undefined && connections > 1 ? EDGE_MS : 0,
  );
}

function sampleOf(report: H2loadReport, share: number, note: string): Sample {
  const figure = percentile(report.latencies, share);
  if (figure === null) throw new Error('no request fell into the window');
  return {
    figure,
    throughputPerSecond: (report.requests * 1000) / report.elapsedMs,
    p50Micros: percentile(report.latencies, 0.5),
    p99Micros: percentile(report.latencies, 0.99),
    rssBytes: report.rssBytes,
    peerCores: report.peerCores,
    generatorCores: report.generatorCores,
    note,
  };
}

async function runSingle(context: ScenarioContext): Promise<Sample> {
  const { warmUpMs, measureMs } = context;
  const report = await load(context, 1, { warmUpMs, measureMs }, SINGLE_RATE);
  return sampleOf(report, 0.5, `${SINGLE_RATE} requests/s`);
}

/** Half of what this peer reached a moment ago at full speed, so that every peer is as far from its own limit. */
async function runHalf(context: ScenarioContext): Promise<Sample> {
  const full = await load(context, CONNECTIONS, { warmUpMs: context.warmUpMs, measureMs: CALIBRATION_MS });
  const rateEach = Math.max(1, Math.round((full.requests * 500) / full.elapsedMs / CONNECTIONS));
  const durationMs = context.measureMs + 2 * EDGE_MS;
  const requests = Math.round((rateEach * CONNECTIONS * durationMs) / 1000);
  const report = await load(context, CONNECTIONS, { requests, limitMs: 3 * durationMs }, rateEach);
  return sampleOf(report, 0.99, `${rateEach * CONNECTIONS} requests/s`);
}

const shared = {
  throughputUnit: 'requests/s',
  needs: ['h1', 'keep-alive'],
  processes: 1,
  quick: false,
  upstream: 'content',
  check: { protocol: 'h1', path: SMALL_PATH, bodyBytes: SMALL_BODY.length },
} as const;

export const latencyScenarios: readonly Scenario[] = [
  {
    ...shared,
    name: 'latency',
    title: `HTTP/1.1 GET, 1 connection, ${SINGLE_RATE} requests/s`,
    unit: 'µs p50',
    run: runSingle,
  },
  {
    ...shared,
    name: 'half-load',
    title: 'HTTP/1.1 GET at half of its own maximum, 64 connections',
    unit: 'µs p99',
    run: runHalf,
  },
];
