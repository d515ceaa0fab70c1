/** Scenarios of large bodies: the figure is the peer's CPU seconds for a gigabyte. */
import { join } from 'node:path';
import type { Sample, Scenario, ScenarioContext } from '../contract.js';
import { type H2loadReport, runH2load } from '../loads/h2load.js';
import { percentile } from '../statistics.js';
import {
  FILE_1M,
  LARGE_BYTES,
  LARGE_FILE,
  LARGE_PATH,
  POST_PATH,
  SMALL_BODY,
  SMALL_PATH,
} from '../upstreams/content.js';
import { BROWSER_HEADERS } from './headers.js';

const CONNECTIONS = 4;
const WARM_UP_REQUESTS = 8;
const LIMIT_MS = 60_000;

/** What goes up or down. */
interface Body {
  readonly bytes: number;
  readonly path: string;
  /** Below the run's folder. */
  readonly file: string;
}

const LARGE: Body = { bytes: LARGE_BYTES, path: LARGE_PATH, file: LARGE_FILE };
const MEGABYTE: Body = { ...FILE_1M, file: `content${FILE_1M.path}` };

interface Shape {
  readonly name: string;
  readonly title: string;
  readonly protocol: 'h1' | 'h2';
  readonly upload: boolean;
  /** 10 MB when absent. */
  readonly body?: Body;
}

function transfer(shape: Shape, context: ScenarioContext, requests: number): Promise<H2loadReport> {
  const { running, folder } = context;
  const { path, file } = shape.body ?? LARGE;
  return runH2load({
    peerPid: running.pid,
    port: running.port,
    folder,
    protocol: shape.protocol,
    path: shape.upload ? POST_PATH : path,
    connections: CONNECTIONS,
    streams: 1,
    headers: BROWSER_HEADERS,
    ...(shape.upload ? { uploadPath: join(folder, file) } : {}),
    extent: { requests, limitMs: LIMIT_MS },
  });
}

/** Moves a known number of whole bodies, about as many as fit the window: bodies in flight at its edges would not count. */
async function runShape(shape: Shape, context: ScenarioContext): Promise<Sample> {
  const trial = await transfer(shape, context, WARM_UP_REQUESTS);
  const wanted =
    Math.round((WARM_UP_REQUESTS * context.measureMs) / trial.elapsedMs / CONNECTIONS) * CONNECTIONS;
  const report = await transfer(shape, context, Math.max(WARM_UP_REQUESTS, wanted));
  const gigabytes = (report.requests * (shape.body ?? LARGE).bytes) / 1e9;
  return {
    figure: report.peerCpuMicros / 1e6 / gigabytes,
    throughputPerSecond: (gigabytes * 1e6) / report.elapsedMs,
    p50Micros: percentile(report.latencies, 0.5),
    p99Micros: percentile(report.latencies, 0.99),
    rssBytes: report.rssBytes,
    peerCores: report.peerCores,
    generatorCores: report.generatorCores,
  };
}

function bodyScenario(shape: Shape): Scenario {
  const check = shape.upload
    ? { path: SMALL_PATH, bodyBytes: SMALL_BODY.length }
    : { path: LARGE_PATH, bodyBytes: LARGE_BYTES };
  return {
    name: shape.name,
    title: shape.title,
    unit: 'CPU s/GB',
    throughputUnit: 'MB/s',
    needs: [shape.protocol, 'bodies'],
    processes: 1,
    quick: false,
    upstream: 'content',
    check: { protocol: shape.protocol, ...check },
    run: (context) => runShape(shape, context),
  };
}

export const bodyScenarios: readonly Scenario[] = [
  bodyScenario({
    name: 'download',
    title: '10 MB down, HTTP/1.1, 4 connections',
    protocol: 'h1',
    upload: false,
  }),
  bodyScenario({
    name: 'download-h2',
    title: '10 MB down, HTTP/2, 4 connections',
    protocol: 'h2',
    upload: false,
  }),
  bodyScenario({ name: 'upload', title: '10 MB up, HTTP/1.1, 4 connections', protocol: 'h1', upload: true }),
  bodyScenario({ name: 'upload-h2', title: '10 MB up, HTTP/2, 4 connections', protocol: 'h2', upload: true }),
  bodyScenario({
    name: 'upload-1m',
    title: '1 MB up, HTTP/1.1, 4 connections',
    protocol: 'h1',
    upload: true,
    body: MEGABYTE,
  }),
  bodyScenario({
    name: 'upload-1m-h2',
    title: '1 MB up, HTTP/2, 4 connections',
    protocol: 'h2',
    upload: true,
    body: MEGABYTE,
  }),
];
