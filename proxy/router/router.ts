/** A running router: what the master says changes it, and it drains when told. */
import type { Server } from 'node:net';
import type { ChallengeAnswers } from '../../src/shared/config/acme.js';
import type { Interventions } from '../../src/shared/messages/interventions.js';
import type { MasterToRouter, RouterState } from '../../src/shared/messages/router-messages.js';
import { systemCode } from '../../src/shared/system-error.js';
import { leaveProcess } from '../../src/system/descriptor-writer.js';
import type { Engine, EngineServices } from '../engine.js';
import type { Barrier } from '../exchange/barrier.js';
import type { RequestMemory } from '../exchange/observe/request-memory.js';
import type { BannedClients } from '../listen/bans.js';
import type { LeafRequests } from '../tls/leaf-requests.js';
import type { TlsFront } from '../tls/tls-front.js';
import type { Prober } from '../upstream/prober.js';
import type { Report } from './master-channel.js';

/** How long a slow reader may take to read the last lines. */
const LAST_WORDS_MS = 500;
const DRAIN_POLL_MS = 50;
/** Polls before connections without a request are cut: a request may be on its way. */
const GRACE_POLLS = 5;

/** What a router is made of. */
export interface RouterParts {
  readonly servers: readonly Server[];
  /** By listener index; null for plain listeners. */
  readonly fronts: readonly (TlsFront | null)[];
  readonly engine: Engine;
  readonly services: EngineServices;
  readonly memory: RequestMemory;
  readonly bans: BannedClients;
  readonly barrier: Barrier;
  readonly prober: Prober;
  readonly leafRequests: LeafRequests;
}

export class Router {
  /** @param state what holds when it begins, but for the certificates, which its fronts were made with */
  constructor(
    private readonly parts: RouterParts,
    private readonly report: Report,
    { appEnds, projects, upstreams, interventions, bans, challenges }: RouterState,
  ) {
    const { live } = parts.services.policy;
    live.appEnds = appEnds;
    live.projects = projects;
    parts.bans.update(bans);
    parts.services.upstreams.welcome(projects);
    parts.services.upstreams.update(upstreams);
    this.intervene(interventions);
    this.noteCertificates();
    this.answerChallenges(challenges);
  }

  /** Where its last lines are written. */
  get log(): EngineServices['log'] {
    return this.parts.services.log;
  }

  obey(message: MasterToRouter): void {
    const { services, memory, fronts, prober, leafRequests } = this.parts;
    switch (message.type) {
      case 'start':
      case 'enclosed':
        return;
      case 'state':
        this.change(message.changes);
        this.report({ type: 'state_taken', version: message.version });
        return;
      case 'count':
        this.report({ type: 'counted', counters: services.counters });
        return;
      case 'measure':
        this.reportMeasures();
        return;
      case 'remember':
        this.report({ type: 'remembered', recent: memory.read() });
        return;
      case 'leaf':
        leafRequests.settle(message.name, message.answer);
        return;
      case 'forget_leaf':
        for (const front of fronts) front?.forgetName(message.name);
        return;
      case 'reopen_log':
        this.reopenLog(message.file);
        return;
      case 'owe':
        this.report({ type: 'owed', debts: services.policy.access?.debts ?? [] });
        return;
      case 'spent':
        services.policy.access?.chargeRequests(message.spent);
        return;
      case 'probe':
        prober.ask(message.question, (status) => this.report({ type: 'probed', id: message.id, status }));
        return;
      case 'drain':
        this.drain(message.endTunnels);
        return;
      default:
        message satisfies never;
    }
  }

  /** Stops accepting, lets exchanges finish, and ends the process when none is left. The master holds the clock. */
  drain(endTunnels: boolean): void {
    const { servers, engine, services } = this.parts;
    for (const server of servers) if (server.listening) server.close();
    engine.drain();
    const { counters, log } = services;
    let polls = 0;
    const poll = setInterval(() => {
      engine.drain();
      polls += 1;
      if (
        endTunnels &&
        polls > GRACE_POLLS &&
        counters.requestsOpen === counters.tunnelsOpen + counters.eventStreamsOpen
      )
        engine.close();
      if (counters.connectionsOpen > 0) return;
      clearInterval(poll);
      this.reportMeasures();
      void log.written(LAST_WORDS_MS).then(() => leaveProcess(0, [log]));
    }, DRAIN_POLL_MS);
  }

  /** New connections and requests are served by what has changed once this returns. */
  private change(changes: Partial<RouterState>): void {
    const { fronts, services, bans, engine } = this.parts;
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
      this.intervene(interventions);
      engine.leaveDrained();
    }
    if (ticketKeys !== undefined) for (const front of fronts) front?.rotate(ticketKeys);
    if (challenges !== undefined) this.answerChallenges(challenges);
    if (tls === undefined) return;
    for (const [index, material] of tls.entries()) {
      if (material !== null) fronts[index]?.update(material);
    }
    this.noteCertificates();
  }

  /** Requests that come from now on meet what an operator has ordered. */
  private intervene(interventions: Interventions): void {
    const { services, barrier } = this.parts;
    services.upstreams.drain(interventions.drained);
    services.policy.live.barrier = barrier.update(interventions) ? barrier : null;
  }

  private noteCertificates(): void {
    const { fronts, services } = this.parts;
    const { live } = services.policy;
    live.certificates = fronts.flatMap((front) => front?.certificates ?? []);
    live.isClosed = (authority) => fronts.some((front) => front?.isClosed(authority) ?? false);
  }

  private answerChallenges(challenges: ChallengeAnswers): void {
    const { fronts, services } = this.parts;
    for (const front of fronts) front?.answerChallenges(challenges);
    services.policy.live.challenges = new Map(
      challenges.http.map(({ token, keyAuthorization }) => [token, keyAuthorization]),
    );
  }

  /** Asked for, and once more at the end: what has been counted is not to be lost with the process. */
  private reportMeasures(): void {
    const { services, barrier } = this.parts;
    const { counters, measures, upstreams } = services;
    this.report({
      type: 'measured',
      samples: measures.read(counters, upstreams.all, upstreams.heldCount, barrier.paused.count),
    });
  }

  private reopenLog(file: string): void {
    try {
      this.log.reopen(file);
    } catch (error) {
      const reason = systemCode(error) ?? String(error);
      this.log.say(
        'warning',
        `this router cannot open the log ${file}: ${reason}; it goes on in the old one`,
        'let the user of --uid write to its folder, or rotate with SIGHUP or copytruncate',
      );
    }
  }
}
