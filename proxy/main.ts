/** The router process: takes its start message, binds, drops privileges, says ready, drains when told. */
import type { Server } from 'node:net';
import type { Spending } from '../src/shared/config/access.js';
import type { ChallengeAnswers } from '../src/shared/config/acme.js';
import { FrontError } from '../src/shared/errors.js';
import type { Interventions } from '../src/shared/messages/interventions.js';
import type { MasterToRouter, RouterStart, RouterState } from '../src/shared/messages/router-messages.js';
import { systemCode } from '../src/shared/system-error.js';
import { leaveProcess } from '../src/system/descriptor-writer.js';
import { takeIdentity } from '../src/system/privileges.js';
import { ownRelease } from '../src/system/release.js';
import type { Engine, EngineServices } from './engine.js';
import { RateShare } from './exchange/access/rate-share.js';
import { Barrier } from './exchange/barrier.js';
import { createCounters } from './exchange/counters.js';
import { AccessLog } from './exchange/log/access-lines.js';
import { reportLimit } from './exchange/log/limit-reports.js';
import { LineWriter } from './exchange/log/line-writer.js';
import { Notices } from './exchange/log/notices.js';
import { Measures } from './exchange/measures.js';
import { Counting } from './exchange/observe/counting.js';
import { compileObservers } from './exchange/observe/observer.js';
import { Recording } from './exchange/observe/recording.js';
import { RequestMemory } from './exchange/observe/request-memory.js';
import { WorkerCare } from './exchange/observe/worker-care.js';
import { compilePolicy, compileSites, loopMarkerOf } from './exchange/policy.js';
import type { Policy } from './exchange/types.js';
import { BannedClients } from './listen/bans.js';
import { listenOn } from './listen/bind.js';
import { ConnectionLimiter } from './listen/connection-limiter.js';
import { warnOfDescriptors } from './listen/descriptor-limit.js';
import { acceptMisplaced, acceptSecure, createListener } from './listen/listener.js';
import { openMasterChannel } from './master-channel.js';
import { reachabilityLog } from './routing/reachability-log.js';
import { Sites } from './routing/sites.js';
import { Upstreams } from './routing/upstreams.js';
import { openKeyLog } from './tls/key-log.js';
import { LeafRequests } from './tls/leaf-requests.js';
import { TlsFront } from './tls/tls-front.js';
import { Prober } from './upstream/prober.js';

/** A running router. */
interface Router {
  readonly servers: readonly Server[];
  /** By listener index; null for plain listeners. */
  readonly fronts: readonly (TlsFront | null)[];
  readonly engine: Engine;
  readonly services: EngineServices;
  readonly memory: RequestMemory;
  readonly bans: BannedClients;
  readonly barrier: Barrier;
  readonly prober: Prober;
}

/** How long a slow reader may take to read the last lines. */
const LAST_WORDS_MS = 500;
const DRAIN_POLL_MS = 50;
/** Polls before connections without a request are cut: a request may be on its way. */
const GRACE_POLLS = 5;

async function createEngine(name: 'direct' | 'library', services: EngineServices): Promise<Engine> {
  if (name === 'library') return new (await import('./library/engine.js')).LibraryEngine(services);
  return new (await import('./direct/engine.js')).DirectEngine(services);
}

async function start(message: RouterStart): Promise<Router> {
  const { config, sockets, state } = message;
  process.title = `tlsfront http ${message.index}`;
  const httpsIndex = config.listeners.findIndex((listener) => listener.kind === 'https');
  const redirect = config.listeners.find((listener) => listener.kind === 'redirect');
  const httpsPort = redirect?.kind === 'redirect' ? redirect.httpsPort : null;
  const counters = createCounters();
  const log = new LineWriter(2, () => {
    counters.logLinesLost += 1;
  }).use(message.lines, `http ${message.index}`);
  const notices = new Notices(log);
  const measures = new Measures();
  const upstreams = new Upstreams(config.apps, reachabilityLog(log));
  const counting = new Counting(counters, measures);
  const memory = new RequestMemory(config.logRedact);
  const recording = new Recording(new AccessLog(config, message.lines, log));
  const care = careFor(config);
  const watching = config.accessLog ? [counting, memory, recording] : [counting, memory];
  const bans = new BannedClients();
  bans.update(state.bans);
  const port = httpsPort ?? sockets[httpsIndex]?.bound.port ?? 443;
  const policy = compilePolicy(config, port, loopMarkerOf(message.frontSecret), shareRates(message), bans);
  const barrier = new Barrier();
  const hasSites = config.sites.length > 0;
  const services: EngineServices = {
    policy,
    sites: hasSites ? new Sites(config.sites, config.listeners.length, compileSites(policy), policy) : null,
    counters,
    measures,
    log,
    observers: compileObservers(care === null ? watching : [...watching, care]),
    notices,
    upstreams,
  };
  // One router speaks for all: they have the same limits.
  if (message.index === 1) warnOfDescriptors(config.limits, log);
  policy.live.appEnds = state.appEnds;
  policy.live.projects = state.projects;
  upstreams.welcome(state.projects);
  upstreams.update(state.upstreams);
  intervene(policy, upstreams, barrier, state.interventions);
  services.policy.access?.update(state.access);
  services.policy.access?.takeDebts(state.debts);
  await services.policy.access?.prepare(state.access);
  const engine = await createEngine(config.engine, services);
  const limiter = new ConnectionLimiter(config.limits.maxConnections, config.limits.maxConnectionsPerAddress);
  const onSecure = acceptSecure(services, engine);
  const onPlain = acceptMisplaced(services.policy, engine);
  // Opened before privileges are given up, like the ports.
  const onKeyLog = config.tls.keyLogFile === null ? null : openKeyLog(config.tls.keyLogFile);
  const fronts = config.listeners.map((listener, listenerIndex) => {
    const material = state.tls[listenerIndex] ?? null;
    if (listener.kind !== 'https') return null;
    if (material === null) throw new Error('a TLS listener without certificate');
    const { ticketKeys } = state;
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
  noteCertificates(services.policy, fronts);
  answerChallenges(fronts, services, state.challenges);
  const servers = config.listeners.map((listener, index) => {
    return createListener(
      { listener, index, tls: fronts[index] ?? null, policy, bans, engine, counters, measures, notices },
      limiter,
    );
  });
  for (const [index, server] of servers.entries()) {
    const socket = sockets[index] ?? null;
    if (socket !== null) await listenOn(server, socket);
  }
  if (message.identity !== null) takeIdentity(message.identity);
  link?.report({ type: 'ready' });
  return { servers, fronts, engine, services, memory, bans, barrier, prober: new Prober(config) };
}

/** Routers that count requests count together, and go on where those before them ended. */
function shareRates({ config, frontSecret }: RouterStart): RateShare | null {
  if (config.access.rateLimits.length === 0) return null;
  const report = (spent: readonly Spending[]): void => link?.report({ type: 'spent', spent });
  return new RateShare(frontSecret, config.routers === 1 ? null : report);
}

/** null: no option asks for it. */
function careFor({ apps, stats }: RouterStart['config']): WorkerCare | null {
  const workers = apps.flatMap(({ worker }) => worker ?? []);
  const isAsked = workers.some(
    ({ harakiriMs, maxRequests, maxRssBytes }) => harakiriMs + maxRequests + maxRssBytes > 0,
  );
  if (!isAsked && (stats.length === 0 || workers.length === 0)) return null;
  // The master knows which app has which.
  const limits = workers.map(({ harakiriMs }) => harakiriMs).filter((limit) => limit > 0);
  const harakiriMs = limits.length === 0 ? 0 : Math.min(...limits);
  return new WorkerCare(harakiriMs, {
    onOverdue: (address, request, tookMs) => link?.report({ type: 'overdue', address, request, tookMs }),
    onLoad: (loads) => link?.report({ type: 'load', loads }),
  }).start();
}

function noteCertificates(policy: Policy, fronts: readonly (TlsFront | null)[]): void {
  policy.live.certificates = fronts.flatMap((front) => front?.certificates ?? []);
  policy.live.isClosed = (authority) => fronts.some((front) => front?.isClosed(authority) ?? false);
}

/** Asked for, and once more at the end: what has been counted is not to be lost with the process. */
function reportMeasures({ services, barrier }: Router): void {
  const { counters, measures, upstreams } = services;
  link?.report({
    type: 'measured',
    samples: measures.read(counters, upstreams.all, upstreams.heldCount, barrier.paused.count),
  });
}

function answerChallenges(
  fronts: Router['fronts'],
  { policy }: EngineServices,
  challenges: ChallengeAnswers,
): void {
  for (const front of fronts) front?.answerChallenges(challenges);
  policy.live.challenges = new Map(
    challenges.http.map(({ token, keyAuthorization }) => [token, keyAuthorization]),
  );
}

/** Stops accepting, lets exchanges finish, and ends the process when none is left. The master holds the clock. */
function drain(router: Router, endTunnels: boolean): void {
  for (const server of router.servers) if (server.listening) server.close();
  router.engine.drain();
  const { counters, log } = router.services;
  let polls = 0;
  const poll = setInterval(() => {
    router.engine.drain();
    polls += 1;
    if (
      endTunnels &&
      polls > GRACE_POLLS &&
      counters.requestsOpen === counters.tunnelsOpen + counters.eventStreamsOpen
    )
      router.engine.close();
    if (counters.connectionsOpen > 0) return;
    clearInterval(poll);
    reportMeasures(router);
    void log.written(LAST_WORDS_MS).then(() => leaveProcess(0, [log]));
  }, DRAIN_POLL_MS);
}

function reopenLog(log: LineWriter, file: string): void {
  try {
    log.reopen(file);
  } catch (error) {
    const reason = systemCode(error) ?? String(error);
    log.say(
      'warning',
      `this router cannot open the log ${file}: ${reason}; it goes on in the old one`,
      'let the user of --uid write to its folder, or rotate with SIGHUP or copytruncate',
    );
  }
}

/** What the master takes: text without control characters, and not too long. */
function oneLine(text: string): string {
  return text.replaceAll(/\p{Cc}+/gu, ' ').slice(0, 1000);
}

function fail(error: unknown): void {
  const known = error instanceof FrontError ? error : null;
  link?.report({
    type: 'failed',
    code: known?.code ?? 'internal',
    message: oneLine(error instanceof Error ? error.message : String(error)),
    hint: known?.hint ?? null,
  });
  link?.end(() => process.exit(1));
}

let router: Router | null = null;
const leafRequests = new LeafRequests((name) => link?.report({ type: 'need_leaf', name }));
/** What the master said while the router was starting; null: it has not been told to start. */
let pending: MasterToRouter[] | null = null;

function begin(started: Router): void {
  router = started;
  for (const message of pending ?? []) obey(started, message);
}

/** Requests that come from now on meet what an operator has ordered. */
function intervene(
  { live }: Policy,
  upstreams: Upstreams,
  barrier: Barrier,
  interventions: Interventions,
): void {
  upstreams.drain(interventions.drained);
  live.barrier = barrier.update(interventions) ? barrier : null;
}

/** New connections and requests are served by what has changed once this returns. */
function change({ fronts, services, bans, engine, barrier }: Router, changes: Partial<RouterState>): void {
  const { upstreams, ticketKeys, challenges, tls, access, interventions } = changes;
  if (changes.bans !== undefined) bans.update(changes.bans);
  if (access !== undefined) services.policy.access?.update(access);
  if (changes.appEnds !== undefined) services.policy.live.appEnds = changes.appEnds;
  if (changes.debts !== undefined) services.policy.access?.takeDebts(changes.debts);
  if (changes.projects !== undefined) {
    services.policy.live.projects = changes.projects;
    services.upstreams.welcome(changes.projects);
  }
  if (upstreams !== undefined) {
    services.upstreams.update(upstreams);
    if (upstreams.some(({ leaving }) => leaving !== undefined)) engine.leaveDrained();
  }
  if (interventions !== undefined) {
    intervene(services.policy, services.upstreams, barrier, interventions);
    engine.leaveDrained();
  }
  if (ticketKeys !== undefined) for (const front of fronts) front?.rotate(ticketKeys);
  if (challenges !== undefined) answerChallenges(fronts, services, challenges);
  if (tls === undefined) return;
  for (const [index, material] of tls.entries()) {
    if (material !== null) fronts[index]?.update(material);
  }
  noteCertificates(services.policy, fronts);
}

function obey(running: Router, message: MasterToRouter): void {
  const { services } = running;
  switch (message.type) {
    case 'start':
      return;
    case 'state':
      change(running, message.changes);
      link?.report({ type: 'state_taken', version: message.version });
      return;
    case 'count':
      link?.report({ type: 'counted', counters: services.counters });
      return;
    case 'measure':
      reportMeasures(running);
      return;
    case 'remember':
      link?.report({ type: 'remembered', recent: running.memory.read() });
      return;
    case 'leaf':
      leafRequests.settle(message.name, message.answer);
      return;
    case 'forget_leaf':
      for (const front of running.fronts) front?.forgetName(message.name);
      return;
    case 'reopen_log':
      reopenLog(services.log, message.file);
      return;
    case 'owe':
      link?.report({ type: 'owed', debts: services.policy.access?.debts ?? [] });
      return;
    case 'spent':
      services.policy.access?.chargeRequests(message.spent);
      return;
    case 'probe':
      running.prober.ask(message.question, (status) =>
        link?.report({ type: 'probed', id: message.id, status }),
      );
      return;
    case 'drain':
      drain(running, message.endTunnels);
      return;
    default:
      message satisfies never;
  }
}

const link = openMasterChannel({
  onMessage: (message) => {
    if (router !== null) obey(router, message);
    else if (message.type === 'drain') process.exit(0);
    else if (message.type === 'start') {
      pending = [];
      void start(message).then(begin, fail);
    } else pending?.push(message);
  },
  onGone: () => leaveProcess(0, router === null ? [] : [router.services.log]),
});
if (link === null) {
  process.stderr.write('error: proxy/main.js is started by the tlsfront master\nhint: run tlsfront\n');
  process.exitCode = 2;
} else {
  // A terminal sends these to the whole group; the master decides what they mean. With SIGUSR1 Node would open its
  // inspector, and with it this process, to every user of the machine.
  for (const signal of ['SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2'] as const)
    process.on(signal, () => {});
  process.on('SIGTERM', () => (router === null ? process.exit(0) : drain(router, true)));
  link.report({ type: 'loaded', release: ownRelease() });
}
