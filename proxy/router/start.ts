/** Makes a router of its start message: parts, fronts, listeners, and the identity it goes on with. */
import { accessSync, constants } from 'node:fs';
import { tmpdir } from 'node:os';
import type { Spending } from '../../src/shared/config/access.js';
import type { RouterStart } from '../../src/shared/messages/router-messages.js';
import { holdOwnMemory } from '../../src/system/own-memory.js';
import { takeIdentity } from '../../src/system/privileges.js';
import type { Engine, EngineServices } from '../engine.js';
import { RateShare } from '../exchange/access/rate-share.js';
import { Barrier } from '../exchange/barrier.js';
import { createCounters } from '../exchange/counters.js';
import { AccessLog } from '../exchange/log/access-lines.js';
import { reportLimit } from '../exchange/log/limit-reports.js';
import { LineWriter } from '../exchange/log/line-writer.js';
import { Notices } from '../exchange/log/notices.js';
import { Measures } from '../exchange/measures.js';
import { Counting } from '../exchange/observe/counting.js';
import { compileObservers } from '../exchange/observe/observer.js';
import { Recording } from '../exchange/observe/recording.js';
import { RequestMemory } from '../exchange/observe/request-memory.js';
import { WorkerCare } from '../exchange/observe/worker-care.js';
import { compilePolicy, compileSites, loopMarkerOf } from '../exchange/policy.js';
import { BannedClients } from '../listen/bans.js';
import { listenOn } from '../listen/bind.js';
import { ConnectionLimiter } from '../listen/connection-limiter.js';
import { warnOfDescriptors } from '../listen/descriptor-limit.js';
import { acceptMisplaced, acceptSecure, createListener } from '../listen/listener.js';
import { reachabilityLog } from '../routing/reachability-log.js';
import { Sites } from '../routing/sites.js';
import { Upstreams } from '../routing/upstreams.js';
import { openKeyLog } from '../tls/key-log.js';
import { LeafRequests } from '../tls/leaf-requests.js';
import { TlsFront } from '../tls/tls-front.js';
import { loadAhead } from '../upstream/http2/sessions.js';
import { Prober } from '../upstream/prober.js';
import type { Report } from './master-channel.js';
import { Router } from './router.js';

/**
 * Resolves when it serves.
 * @param enclosed resolves once `loaded_all` is answered
 * @throws FrontError or an error of the system where it cannot
 */
export async function startRouter(
  message: RouterStart,
  report: Report,
  enclosed: Promise<void>,
): Promise<Router> {
  const { config, sockets, state } = message;
  process.title = `tlsfront http ${message.index}`;
  const bans = new BannedClients();
  const memory = new RequestMemory(config.logRedact);
  const services = createServices(message, report, bans, memory);
  const { policy, counters, measures, notices } = services;
  // One router speaks for all: they have the same limits.
  if (message.index === 1) warnOfDescriptors(config.limits, services.log);
  policy.access?.update(state.access);
  policy.access?.takeDebts(state.debts);
  await policy.access?.prepare(state.access);
  const engine = await createEngine(config.engine, services);
  const leafRequests = new LeafRequests((name) => report({ type: 'need_leaf', name }));
  const fronts = createFronts(message, services, engine, leafRequests);
  const parts = { fronts, engine, services, memory, bans, leafRequests };
  const limiter = new ConnectionLimiter(config.limits.maxConnections, config.limits.maxConnectionsPerAddress);
  const servers = config.listeners.map((listener, index) => {
    return createListener(
      { listener, index, tls: fronts[index] ?? null, policy, bans, engine, counters, measures, notices },
      limiter,
    );
  });
  const prober = new Prober(config);
  const router = new Router({ ...parts, servers, barrier: new Barrier(), prober }, report, state);
  for (const [index, server] of servers.entries()) {
    const socket = sockets[index] ?? null;
    if (socket !== null) await listenOn(server, socket);
  }
  if (message.identity !== null) takeIdentity(message.identity);
  if (config.chroot !== null) {
    loadAhead();
    holdOwnMemory();
    report({ type: 'loaded_all' });
    await enclosed;
    if (message.index === 1) warnOfTemporaryFolder(services.log);
  }
  report({ type: 'ready' });
  return router;
}

/** Bodies that are too large for memory lie in files. */
function warnOfTemporaryFolder(log: EngineServices['log']): void {
  const folder = tmpdir();
  try {
    accessSync(folder, constants.W_OK | constants.X_OK);
  } catch {
    log.say(
      'warning',
      `--chroot has no folder ${folder} that the user of --uid may write: large bodies that have to be held are refused`,
      `make ${folder} in it, mode 1777`,
    );
  }
}

function createServices(
  message: RouterStart,
  report: Report,
  bans: BannedClients,
  memory: RequestMemory,
): EngineServices {
  const { config } = message;
  const counters = createCounters();
  const log = new LineWriter(2, () => {
    counters.logLinesLost += 1;
  }).use(message.lines, `http ${message.index}`);
  const measures = new Measures();
  const upstreams = new Upstreams(config.apps, reachabilityLog(log));
  const counting = new Counting(counters, measures);
  const recording = new Recording(new AccessLog(config, message.lines, log));
  const care = careFor(config, report);
  const watching = config.accessLog ? [counting, memory, recording] : [counting, memory];
  const loopMarker = loopMarkerOf(message.frontSecret);
  const rates = shareRates(message, report);
  const policy = compilePolicy(config, redirectPort(message), loopMarker, rates, bans);
  const hasSites = config.sites.length > 0;
  return {
    policy,
    sites: hasSites ? new Sites(config.sites, config.listeners.length, compileSites(policy), policy) : null,
    counters,
    measures,
    log,
    observers: compileObservers(care === null ? watching : [...watching, care]),
    notices: new Notices(log),
    upstreams,
  };
}

/** Where redirects to HTTPS lead. */
function redirectPort({ config, sockets }: RouterStart): number {
  const redirect = config.listeners.find((listener) => listener.kind === 'redirect');
  const httpsPort = redirect?.kind === 'redirect' ? redirect.httpsPort : null;
  const httpsIndex = config.listeners.findIndex((listener) => listener.kind === 'https');
  return httpsPort ?? sockets[httpsIndex]?.bound.port ?? 443;
}

async function createEngine(name: 'direct' | 'library', services: EngineServices): Promise<Engine> {
  if (name === 'library') return new (await import('../library/engine.js')).LibraryEngine(services);
  return new (await import('../direct/engine.js')).DirectEngine(services);
}

/** By listener index; null for plain listeners. */
function createFronts(
  { config, state }: RouterStart,
  services: EngineServices,
  engine: Engine,
  leafRequests: LeafRequests,
): readonly (TlsFront | null)[] {
  const { measures, notices, policy } = services;
  const onSecure = acceptSecure(services, engine);
  const onPlain = acceptMisplaced(policy, engine);
  // Opened before privileges are given up, like the ports.
  const onKeyLog = config.tls.keyLogFile === null ? null : openKeyLog(config.tls.keyLogFile);
  const { ticketKeys } = state;
  return config.listeners.map((listener, listenerIndex) => {
    const material = state.tls[listenerIndex] ?? null;
    if (listener.kind !== 'https') return null;
    if (material === null) throw new Error('a TLS listener without certificate');
    return new TlsFront({
      config,
      listener,
      listenerIndex,
      material,
      ticketKeys,
      leafRequests,
      onSecure,
      onPlain,
      onFailed: (client, isLate) => {
        measures.handshakeFailed();
        if (isLate) reportLimit(services, 'handshakeTimeoutMs', client?.remote.address ?? 'a client');
      },
      onKeyLog,
      onRefusedClient: (kind, text) => {
        measures.clientRefused(kind);
        notices.warn(`client certificate ${kind}`, text);
      },
      onNameAsked: (refusal) => {
        measures.nameAsked(refusal?.kind ?? 'served');
        if (refusal !== null) notices.warn(`new name ${refusal.kind}`, refusal.text);
      },
    });
  });
}

/** Routers that count requests count together, and go on where those before them ended. */
function shareRates({ config, frontSecret }: RouterStart, report: Report): RateShare | null {
  if (config.access.rateLimits.length === 0) return null;
  const onSpent = (spent: readonly Spending[]): void => report({ type: 'spent', spent });
  return new RateShare(frontSecret, config.routers === 1 ? null : onSpent);
}

/** null: no option asks for it. */
function careFor({ apps, stats }: RouterStart['config'], report: Report): WorkerCare | null {
  const workers = apps.flatMap(({ worker }) => worker ?? []);
  const isAsked = workers.some(
    ({ harakiriMs, maxRequests, maxRssBytes }) => harakiriMs + maxRequests + maxRssBytes > 0,
  );
  if (!isAsked && (stats.length === 0 || workers.length === 0)) return null;
  // The master knows which app has which.
  const limits = workers.map(({ harakiriMs }) => harakiriMs).filter((limit) => limit > 0);
  const harakiriMs = limits.length === 0 ? 0 : Math.min(...limits);
  return new WorkerCare(harakiriMs, {
    onOverdue: (address, request, tookMs) => report({ type: 'overdue', address, request, tookMs }),
    onLoad: (loads) => report({ type: 'load', loads }),
  }).start();
}
