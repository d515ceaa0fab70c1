/** The router process: takes its start message, binds, drops privileges, says ready, drains when told. */
import type { Server } from 'node:net';
import type { ChallengeAnswers } from '../src/shared/acme.js';
import { FrontError } from '../src/shared/errors.js';
import type {
  BoundListener,
  MasterToRouter,
  RouterStart,
  RouterToMaster,
} from '../src/shared/router-messages.js';
import { systemCode } from '../src/shared/system-error.js';
import { leaveProcess } from '../src/system/descriptor-writer.js';
import { takeIdentity } from '../src/system/privileges.js';
import type { Engine, EngineServices } from './engine.js';
import { createCounters } from './exchange/counters.js';
import { LineWriter } from './exchange/log/line-writer.js';
import { Notices } from './exchange/log/notices.js';
import { Measures } from './exchange/measures.js';
import { compilePolicy, loopMarkerOf } from './exchange/policy.js';
import type { Policy } from './exchange/types.js';
import { bindListeners } from './listen/bind.js';
import { ConnectionLimiter } from './listen/connection-limiter.js';
import { warnOfDescriptors } from './listen/descriptor-limit.js';
import { acceptMisplaced, acceptSecure, createListener } from './listen/listener.js';
import { reachabilityLog } from './routing/reachability-log.js';
import { Upstreams } from './routing/upstreams.js';
import { openKeyLog } from './tls/key-log.js';
import { LeafRequests } from './tls/leaf-requests.js';
import { TlsFront } from './tls/tls-front.js';

/** A running router. */
interface Router {
  readonly servers: readonly Server[];
  /** By listener index; null for plain listeners. */
  readonly fronts: readonly (TlsFront | null)[];
  readonly engine: Engine;
  readonly services: EngineServices;
}

/** How long a slow reader may take to read the last lines. */
const LAST_WORDS_MS = 500;
const DRAIN_POLL_MS = 50;
/** Polls before connections without a request are cut: a request may be on its way. */
const GRACE_POLLS = 5;

function report(message: RouterToMaster): void {
  process.send?.(message);
}

async function createEngine(name: 'direct' | 'library', services: EngineServices): Promise<Engine> {
  if (name === 'library') return new (await import('./library/engine.js')).LibraryEngine(services);
  return new (await import('./direct/engine.js')).DirectEngine(services);
}

async function start(message: RouterStart): Promise<Router> {
  const { config, ports, tls } = message;
  process.title = `tlsfront http ${message.index}`;
  const httpsIndex = config.listeners.findIndex((listener) => listener.kind === 'https');
  const redirect = config.listeners.find((listener) => listener.kind === 'redirect');
  const httpsPort = redirect?.kind === 'redirect' ? redirect.httpsPort : null;
  const counters = createCounters();
  const log = new LineWriter(2, () => {
    counters.logLinesLost += 1;
  });
  const notices = new Notices(log);
  const measures = new Measures();
  const upstreams = new Upstreams(config, reachabilityLog(log, config.holdMs));
  const services: EngineServices = {
    policy: compilePolicy(config, httpsPort ?? ports[httpsIndex] ?? 443, loopMarkerOf(message.frontSecret)),
    counters,
    measures,
    log,
    notices,
    upstreams,
  };
  // One router speaks for all: they have the same limits.
  if (message.index === 1) warnOfDescriptors(config.limits, log);
  upstreams.update(message.upstreams);
  const engine = await createEngine(config.engine, services);
  const limiter = new ConnectionLimiter(config.limits.maxConnections, config.limits.maxConnectionsPerAddress);
  const onSecure = acceptSecure(services, engine);
  const onPlain = acceptMisplaced(services.policy, engine);
  // Opened before privileges are given up, like the ports.
  const onKeyLog = config.tls.keyLogFile === null ? null : openKeyLog(config.tls.keyLogFile);
  const fronts = config.listeners.map((listener, listenerIndex) => {
    const material = tls[listenerIndex] ?? null;
    if (listener.kind !== 'https') return null;
    if (material === null) throw new Error('a TLS listener without certificate');
    const { ticketKeys } = message;
    return new TlsFront({
      config,
      listener,
      listenerIndex,
      material,
      ticketKeys,
      leafRequests,
      onSecure,
      onPlain,
      onFailed: () => measures.handshakeFailed(),
      onKeyLog,
      onRefusedClient: (kind, text) => notices.warn(`client certificate ${kind}`, text),
    });
  });
  noteCertificates(services.policy, fronts);
  answerChallenges(fronts, services, message.challenges);
  const servers = config.listeners.map((listener, index) => {
    const { policy } = services;
    return createListener(
      { listener, tls: fronts[index] ?? null, policy, engine, counters, notices },
      limiter,
    );
  });
  const bound: readonly (BoundListener | null)[] = await bindListeners(servers, config.listeners, ports);
  if (message.identity !== null) takeIdentity(message.identity);
  report({ type: 'ready', bound });
  return { servers, fronts, engine, services };
}

function noteCertificates(policy: Policy, fronts: readonly (TlsFront | null)[]): void {
  policy.certificates = fronts.flatMap((front) => front?.certificates ?? []);
  policy.isClosed = (authority) => fronts.some((front) => front?.isClosed(authority) ?? false);
}

/** Asked for, and once more at the end: what has been counted is not to be lost with the process. */
function reportMeasures({ services }: Router): void {
  const { counters, measures, upstreams } = services;
  report({ type: 'measured', samples: measures.read(counters, upstreams.all, upstreams.heldCount) });
}

function answerChallenges(
  fronts: Router['fronts'],
  { policy }: EngineServices,
  challenges: ChallengeAnswers,
): void {
  for (const front of fronts) front?.answerChallenges(challenges);
  policy.challenges = new Map(
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
    log.write(
      `warning: this router cannot open the log ${file}: ${reason}; it goes on in the old one\nhint: let the user of --uid write to its folder, or rotate with SIGHUP or copytruncate\n`,
    );
  }
}

function fail(error: unknown): void {
  const known = error instanceof FrontError ? error : null;
  const cause = known?.cause;
  const inUse = cause !== null && typeof cause === 'object' && 'inUse' in cause ? cause.inUse : null;
  report({
    type: 'failed',
    code: known?.code ?? 'internal',
    message: error instanceof Error ? error.message : String(error),
    hint: known?.hint ?? null,
    inUse: isAddress(inUse) ? inUse : null,
  });
  process.disconnect?.();
  process.exitCode = 1;
}

function isAddress(value: unknown): value is { host: string; port: number } {
  return typeof value === 'object' && value !== null && 'host' in value && 'port' in value;
}

let router: Router | null = null;
const leafRequests = new LeafRequests((name) => report({ type: 'need_leaf', name }));
/** What the master said while the router was starting. */
const pending: MasterToRouter[] = [];

function begin(started: Router): void {
  router = started;
  for (const message of pending) obey(started, message);
}

function obey(running: Router, message: MasterToRouter): void {
  const { fronts, services } = running;
  if (message.type === 'upstreams') services.upstreams.update(message.upstreams);
  else if (message.type === 'tickets') for (const front of fronts) front?.rotate(message.ticketKeys);
  else if (message.type === 'challenges') {
    answerChallenges(fronts, services, message.challenges);
    report({ type: 'challenges_taken', version: message.challenges.version });
  } else if (message.type === 'count') report({ type: 'counted', counters: services.counters });
  else if (message.type === 'measure') reportMeasures(running);
  else if (message.type === 'leaf') leafRequests.settle(message.name, message.certificate);
  else if (message.type === 'tls') {
    for (const [index, material] of message.tls.entries()) {
      if (material !== null) fronts[index]?.update(material);
    }
    noteCertificates(services.policy, fronts);
  } else if (message.type === 'reopen_log') reopenLog(services.log, message.file);
  else if (message.type === 'drain') drain(running, message.endTunnels);
}

process.on('message', (message: MasterToRouter) => {
  if (message.type === 'start') void start(message).then(begin, fail);
  else if (router !== null) obey(router, message);
  else if (message.type === 'drain') process.exit(0);
  else pending.push(message);
});
// A terminal sends these to the whole group; the master decides what they mean.
process.on('SIGINT', () => {});
process.on('SIGHUP', () => {});
// Node would open its inspector, and with it this process, to every user of the machine.
process.on('SIGUSR1', () => {});
process.on('SIGQUIT', () => {});
process.on('SIGUSR2', () => {});
process.on('SIGTERM', () => (router === null ? process.exit(0) : drain(router, true)));
process.on('disconnect', () => leaveProcess(0, router === null ? [] : [router.services.log]));
report({ type: 'loaded' });
