/** Scenarios of many small requests: the figure is the peer's CPU time for one of them. */
import { join } from 'node:path';
import type { Feature, Sample, Scenario, ScenarioContext, Setting } from '../contract.js';
import { type H2loadPlan, type H2loadReport, runH2load } from '../loads/h2load.js';
import { percentile } from '../statistics.js';
import {
  FILE_1M,
  PAGE_4K,
  PAGE_64K,
  POST_FILE,
  POST_PATH,
  SMALL_BODY,
  SMALL_PATH,
} from '../upstreams/content.js';
import { acceptingGzip, BROWSER_HEADERS, withCookie } from './headers.js';

interface Shape {
  readonly name: string;
  readonly title: string;
  readonly protocol: 'h1' | 'h2';
  readonly connections: number;
  readonly streams: number;
  readonly quick?: boolean;
  /** The body of a POST, by its file below the run's folder. */
  readonly uploadFile?: string;
  /** What is asked for; the small answer when absent. */
  readonly asked?: { readonly path: string; readonly bytes: number };
  /** A browser's when absent. */
  readonly headers?: readonly string[];
  readonly setting?: Setting;
  readonly processes?: number;
}

/** A sample whose figure is CPU microseconds per request. */
export function sampleOfRequests(report: H2loadReport): Sample {
  return {
    figure: report.peerCpuMicros / report.requests,
    throughputPerSecond: (report.requests * 1000) / report.elapsedMs,
    p50Micros: percentile(report.latencies, 0.5),
    p99Micros: percentile(report.latencies, 0.99),
    rssBytes: report.rssBytes,
    peerCores: report.peerCores,
    generatorCores: report.generatorCores,
  };
}

const SMALL = { path: SMALL_PATH, bytes: SMALL_BODY.length };

function askedOf(shape: Shape): { readonly path: string; readonly bytes: number } {
  return shape.asked ?? SMALL;
}

const TRIAL_REQUESTS = 500;
const COUNTED_LIMIT_MS = 30_000;

type Extent = H2loadPlan['extent'];

function load(shape: Shape, context: ScenarioContext, extent: Extent): Promise<H2loadReport> {
  const { running, folder } = context;
  return runH2load({
    peerPid: running.pid,
    port: running.port,
    folder,
    protocol: shape.protocol,
    path: shape.uploadFile === undefined ? askedOf(shape).path : POST_PATH,
    connections: shape.connections,
    streams: shape.streams,
    headers: shape.headers ?? BROWSER_HEADERS,
    ...(shape.uploadFile === undefined ? {} : { uploadPath: join(folder, shape.uploadFile) }),
    extent,
  });
}

/** h2load's timed mode never ends with a peer that closes its connections: there a number of requests is measured. */
async function chooseExtent(shape: Shape, context: ScenarioContext): Promise<Extent> {
  const { running, warmUpMs, measureMs } = context;
  if (running.peer.features.has('keep-alive')) return { warmUpMs, measureMs };
  const trial = await load(shape, context, { requests: TRIAL_REQUESTS, limitMs: COUNTED_LIMIT_MS });
  const requests = Math.max(TRIAL_REQUESTS, Math.round((TRIAL_REQUESTS * measureMs) / trial.elapsedMs));
  return { requests, limitMs: COUNTED_LIMIT_MS };
}

async function runShape(shape: Shape, context: ScenarioContext): Promise<Sample> {
  return sampleOfRequests(await load(shape, context, await chooseExtent(shape, context)));
}

function needsOf(shape: Shape): Feature[] {
  const needs: Feature[] = [shape.protocol];
  if (shape.uploadFile !== undefined) needs.push('post');
  if (shape.processes !== undefined) needs.push('processes');
  return needs;
}

function requestScenario(shape: Shape): Scenario {
  return {
    name: shape.name,
    title: shape.title,
    unit: 'µs CPU/request',
    throughputUnit: 'requests/s',
    needs: needsOf(shape),
    processes: shape.processes ?? 1,
    setting: shape.setting ?? 'plain',
    quick: shape.quick === true,
    upstream: 'content',
    check: { protocol: shape.protocol, path: askedOf(shape).path, bodyBytes: askedOf(shape).bytes },
    run: (context) => runShape(shape, context),
  };
}

/** The same over both protocols: `NAME` and `NAME-h2`. */
function onBoth(name: string, title: string, rest: Partial<Shape>): Shape[] {
  return [
    {
      name,
      title: `${title}, HTTP/1.1, 64 connections`,
      protocol: 'h1',
      connections: 64,
      streams: 1,
      ...rest,
    },
    {
      ...{ name: `${name}-h2`, title: `${title}, HTTP/2, 16 connections × 10 streams` },
      ...{ protocol: 'h2' as const, connections: 16, streams: 10 },
      ...rest,
    },
  ];
}

const SHAPES: readonly Shape[] = [
  {
    name: 'h1',
    title: 'HTTP/1.1 GET, 64 connections',
    protocol: 'h1',
    connections: 64,
    streams: 1,
    quick: true,
  },
  {
    ...{ name: 'h2', title: 'HTTP/2 GET, 16 connections × 10 streams', quick: true },
    ...{ protocol: 'h2', connections: 16, streams: 10 },
  },
  {
    ...{ name: 'h2-one', title: 'HTTP/2 GET, 1 connection × 100 streams' },
    ...{ protocol: 'h2', connections: 1, streams: 100 },
  },
  {
    ...{ name: 'post', title: 'HTTP/1.1 POST of 10 KB, 64 connections', uploadFile: POST_FILE },
    ...{ protocol: 'h1', connections: 64, streams: 1 },
  },
  {
    ...{ name: 'post-h2', title: 'HTTP/2 POST of 10 KB, 16 connections × 10 streams', uploadFile: POST_FILE },
    ...{ protocol: 'h2', connections: 16, streams: 10 },
  },
  {
    ...{ name: 'two-routers', title: 'HTTP/1.1 GET with two processes', processes: 2 },
    ...{ protocol: 'h1', connections: 64, streams: 1 },
  },
  {
    ...{ name: 'two-routers-h2', title: 'HTTP/2 GET with two processes', processes: 2 },
    ...{ protocol: 'h2', connections: 16, streams: 10 },
  },
  ...onBoth('page-4k', 'GET of 4 KB', { asked: PAGE_4K }),
  ...onBoth('page-64k', 'GET of 64 KB', { asked: PAGE_64K }),
  ...onBoth('cookies', 'GET with 2 KB of cookies', { headers: withCookie(2048) }),
  ...onBoth('access-log', 'GET with an access log', { setting: 'access log' }),
  ...onBoth('compression', 'GET of 64 KB of text, gzip', {
    ...{ setting: 'compression', asked: PAGE_64K, headers: acceptingGzip() },
  }),
  ...onBoth('rate-limit', 'GET with a rate limit that nobody meets', { setting: 'rate limit' }),
  ...onBoth('static-4k', 'static file of 4 KB', { setting: 'static files', asked: PAGE_4K }),
  ...onBoth('static-1m', 'static file of 1 MB', { setting: 'static files', asked: FILE_1M }),
];

export const requestScenarios: readonly Scenario[] = SHAPES.map(requestScenario);
