/** Scenarios about connections: handshakes, WebSocket messages, one request on each, traffic of all kinds, memory of idle ones. */
import type { Sample, Scenario, ScenarioContext } from '../contract.js';
import { type ClientPlan, type ClientProgram, type ClientReport, runClient } from '../loads/client-link.js';
import type { Window } from '../loads/generator.js';
import { SMALL_BODY, SMALL_PATH } from '../upstreams/content.js';

const HANDSHAKE_LANES = 4;
const WEBSOCKETS = 32;
/** Of each kind. */
const MIXED_CONNECTIONS = 8;
const IDLE_CONNECTIONS = 10_000;
const IDLE_SETTLE_MS = 3_000;
const LIMIT_MS = 30_000;
const IDLE_LIMIT_MS = 120_000;
/** Fewer resumptions than this of all connections: the peer does not resume. */
const RESUMED_SHARE = 0.95;

function planOf(context: ScenarioContext, connections: number, resume = false): ClientPlan {
  const { warmUpMs, measureMs } = context;
  const { port } = context.running;
  return { port, rootPath: context.certificate.rootPath, warmUpMs, measureMs, connections, resume };
}

function sampleOf(window: Window & ClientReport, figure: number, perSecond: number | null): Sample {
  return {
    figure,
    throughputPerSecond: perSecond,
    p50Micros: window.p50Micros,
    p99Micros: window.p99Micros,
    rssBytes: window.rssBytes,
    peerCores: window.peerCores,
    generatorCores: window.generatorCores,
  };
}

function sampleOfCpu(window: Window & ClientReport): Sample {
  if (window.done === 0) throw new Error('nothing was done in the window');
  return sampleOf(window, window.peerCpuMicros / window.done, (window.done * 1000) / window.elapsedMs);
}

async function runHandshakes(context: ScenarioContext, resume: boolean): Promise<Sample> {
  const plan = planOf(context, HANDSHAKE_LANES, resume);
  const limitMs = LIMIT_MS + plan.measureMs;
  const window = await runClient('handshake-client', context.running.pid, plan, limitMs);
  const share = window.resumed / window.done;
  if (resume && share < RESUMED_SHARE)
    throw new Error(`it resumed ${Math.round(share * 100)} % of the sessions`);
  if (!resume && window.resumed > 0) throw new Error('a handshake that was to be full was resumed');
  return sampleOfCpu(window);
}

/** A program that counts what it did, over so many connections. */
function counting(program: ClientProgram, connections: number): Scenario['run'] {
  return async (context) => {
    const plan = planOf(context, connections);
    const limitMs = LIMIT_MS + plan.measureMs;
    return sampleOfCpu(await runClient(program, context.running.pid, plan, limitMs));
  };
}

async function runIdle(context: ScenarioContext): Promise<Sample> {
  const plan = { ...planOf(context, IDLE_CONNECTIONS), warmUpMs: IDLE_SETTLE_MS, measureMs: IDLE_SETTLE_MS };
  const window = await runClient('idle-client', context.running.pid, plan, IDLE_LIMIT_MS);
  if (window.done < IDLE_CONNECTIONS)
    throw new Error(`it kept ${window.done} of ${IDLE_CONNECTIONS} connections`);
  const figure = (window.rssBytes - window.rssBeforeBytes) / 1000 / IDLE_CONNECTIONS;
  return { ...sampleOf(window, figure, null), peerCores: null, generatorCores: null };
}

const shared = {
  processes: 1,
  quick: false,
  upstream: 'content',
  check: { protocol: 'h1', path: SMALL_PATH, bodyBytes: SMALL_BODY.length },
} as const;

export const connectionScenarios: readonly Scenario[] = [
  {
    ...shared,
    ...{ name: 'handshake', title: 'Full TLS 1.3 handshake, 4 at a time', quick: true },
    ...{ unit: 'µs CPU/handshake', throughputUnit: 'handshakes/s', needs: ['h1'] },
    run: (context) => runHandshakes(context, false),
  },
  {
    ...shared,
    ...{ name: 'handshake-rsa', title: 'Full TLS 1.3 handshake with an RSA-2048 leaf, 4 at a time' },
    ...{ unit: 'µs CPU/handshake', throughputUnit: 'handshakes/s', needs: ['h1'], leafKey: 'RSA-2048' },
    run: (context) => runHandshakes(context, false),
  },
  {
    ...shared,
    ...{ name: 'resumption', title: 'Resumed TLS 1.3 handshake, 4 at a time', quick: true },
    ...{ unit: 'µs CPU/handshake', throughputUnit: 'handshakes/s', needs: ['h1'] },
    run: (context) => runHandshakes(context, true),
  },
  {
    ...shared,
    ...{ name: 'websocket', title: 'WebSocket echo of 64 bytes, 32 connections', upstream: 'echo' },
    ...{ unit: 'µs CPU/message', throughputUnit: 'messages/s', needs: ['h1', 'websocket'] },
    run: counting('websocket-client', WEBSOCKETS),
  },
  {
    ...shared,
    ...{ name: 'close', title: 'HTTP/1.1 GET with Connection: close, sessions resumed, 4 at a time' },
    ...{ unit: 'µs CPU/request', throughputUnit: 'requests/s', needs: ['h1'] },
    run: counting('closing-client', HANDSHAKE_LANES),
  },
  {
    ...shared,
    ...{ name: 'mixed', title: 'HTTP/1.1, HTTP/2, WebSockets and slow readers at once, 1000 a second' },
    ...{ unit: 'µs CPU/answer', throughputUnit: 'answers/s', upstream: 'echo' },
    needs: ['h1', 'h2', 'websocket', 'bodies', 'keep-alive'],
    run: counting('mixed-client', MIXED_CONNECTIONS),
  },
  {
    ...shared,
    ...{ name: 'idle', title: '10,000 idle keep-alive connections', rounds: 1, rehearse: false },
    ...{ unit: 'KB RSS/connection', throughputUnit: '', needs: ['keep-alive', 'idle'] },
    run: runIdle,
  },
];
