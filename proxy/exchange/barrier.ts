/** What stands between clients and apps by an operator's order: maintenance, which answers in the apps' place, and a pause, which has requests wait. */
import { ERRORS } from '../../src/shared/errors.js';
import type { Interventions, Maintenance } from '../../src/shared/messages/interventions.js';
import { AddressSet } from './access/address-set.js';
import type { EntryStep } from './access/inquiry.js';
import { clientAddressOf } from './client-address.js';
import type { Exchange } from './exchange.js';
import { PausedRequests } from './paused-requests.js';
import { buildErrorReply, type LocalReply } from './reply/local-reply.js';

/** Nobody knows when the work is done: soon enough for people, seldom enough for crawlers. */
const RETRY_AFTER_SECONDS = 60;

/** One a router; requests ask it while it stands. */
export class Barrier {
  /** Those that wait for the end of a pause. */
  readonly paused = new PausedRequests();
  private isPaused = false;
  private maintenance: Maintenance | null = null;
  private allowed = new AddressSet([]);

  /** Takes the operator's word. Returns whether anything stands in the way of requests. */
  update({ maintenance, pause }: Interventions): boolean {
    this.maintenance = maintenance;
    this.allowed = new AddressSet(maintenance?.allowed ?? []);
    this.isPaused = pause !== null;
    this.paused.update(pause?.maxMs ?? null);
    return maintenance !== null || pause !== null;
  }

  /** What is asked about a request that may come in: whether it waits comes last, so that strangers take no place. */
  stepsAfter(steps: readonly EntryStep[]): readonly EntryStep[] {
    return this.isPaused ? [...steps, this.paused] : steps;
  }

  /** The answer to a request that no app gets; null: it may go on. */
  turnAway(exchange: Exchange): LocalReply | null {
    const { maintenance, allowed } = this;
    if (maintenance === null) return null;
    const { head, facts, services, requestId } = exchange;
    if (!allowed.isEmpty && allowed.has(clientAddressOf(head, facts, services.policy))) return null;
    exchange.failed('maintenance');
    const text = maintenance.message ?? ERRORS.maintenance.text;
    const reply = buildErrorReply('maintenance', head, requestId, text, RETRY_AFTER_SECONDS);
    return maintenance.message === null ? reply : { ...reply, isFixed: true };
  }
}
