/** What stands between clients and apps by an operator's order: maintenance, which answers in the apps' place. */
import { ERRORS } from '../../src/shared/errors.js';
import type { Interventions, Maintenance } from '../../src/shared/interventions.js';
import { AddressSet } from './access/address-set.js';
import { clientAddressOf } from './client-address.js';
import type { Exchange } from './exchange.js';
import { buildErrorReply, type LocalReply } from './reply/local-reply.js';

/** Nobody knows when the work is done: soon enough for people, seldom enough for crawlers. */
const RETRY_AFTER_SECONDS = 60;

/** One a router; requests ask it while it stands. */
export class Barrier {
  private maintenance: Maintenance | null = null;
  private allowed = new AddressSet([]);

  /** Takes the operator's word. Returns whether anything stands in the way of requests. */
  update({ maintenance }: Interventions): boolean {
    this.maintenance = maintenance;
    this.allowed = new AddressSet(maintenance?.allowed ?? []);
    return maintenance !== null;
  }

  /** The answer to a request that no app gets; null: it may go on. */
  turnAway(exchange: Exchange): LocalReply | null {
    const { maintenance, allowed } = this;
    if (maintenance === null) return null;
    const { head, facts, services, requestId } = exchange;
    if (!allowed.isEmpty && allowed.has(clientAddressOf(head, facts, services.policy))) return null;
    exchange.failed('maintenance');
    const text = maintenance.message ?? ERRORS.maintenance.text;
    return buildErrorReply('maintenance', head, requestId, text, RETRY_AFTER_SECONDS);
  }
}
