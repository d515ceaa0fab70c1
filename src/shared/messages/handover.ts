/** What a master and the one that takes its place say to each other (`tlsfront reload --upgrade`): two releases meet here, so every field is looked at. */
import type { Debt } from '../config/access.js';
import type { BoundListener, TicketKeyPair } from './router-messages.js';

/** A listening socket, and the listener as configured that it belongs to. */
export interface HandedSocket {
  readonly kind: BoundListener['kind'];
  readonly host: string;
  readonly port: number;
  readonly bound: BoundListener;
  /** In the new process. */
  readonly descriptor: number;
}

/** A project that had joined, until it joins again. */
export interface HandedProject {
  readonly name: string;
  readonly pid: number;
  readonly app: string;
  readonly holdMs: number;
  readonly addresses: readonly { readonly host: string; readonly port: number }[];
}

/** As in the list of bans. */
export interface HandedBan {
  readonly block: string;
  readonly untilMs: number | null;
}

/** What the new master begins with. */
export interface Handover {
  readonly sockets: readonly HandedSocket[];
  /** The HTTPS port that it has moved to; null: as configured. */
  readonly movedTo: number | null;
  readonly projects: readonly HandedProject[];
  readonly bans: readonly HandedBan[];
  /** Sessions of clients resume; null: they begin anew. */
  readonly ticketKeys: TicketKeyPair | null;
  /** What clients have taken of their rates. */
  readonly debts: readonly Debt[];
}

/** What the new master says, in this order. */
export type SuccessorWord =
  | { readonly type: 'take' }
  /** Its routers take requests. */
  | { readonly type: 'serving' }
  /** What only one process can have at a time is its own now. */
  | { readonly type: 'settled' }
  /** It ends. */
  | { readonly type: 'failed'; readonly message: string; readonly hint: string | null };

/** What the old one says. */
export type PredecessorWord =
  | { readonly type: 'give'; readonly handover: Handover }
  /** It drains, and has closed what the new one opens. */
  | { readonly type: 'released' };

/** null: no word of a new master. */
export function readSuccessorWord(value: unknown): SuccessorWord | null {
  if (!isRecord(value)) return null;
  const { type, message, hint } = value;
  switch (type) {
    case 'take':
    case 'serving':
    case 'settled':
      return { type };
    case 'failed':
      return typeof message === 'string'
        ? { type, message, hint: typeof hint === 'string' ? hint : null }
        : null;
    default:
      return null;
  }
}

/** null: no word of an old master. */
export function readPredecessorWord(value: unknown): PredecessorWord | null {
  if (!isRecord(value)) return null;
  if (value.type === 'released') return { type: 'released' };
  return value.type === 'give' ? { type: 'give', handover: readHandover(value.handover) } : null;
}

/** What cannot be read is left out: its place is bound, or begun, anew. */
function readHandover(value: unknown): Handover {
  const { sockets, movedTo, projects, bans, ticketKeys, debts } = isRecord(value) ? value : {};
  return {
    sockets: each(sockets, readSocket),
    movedTo: isPort(movedTo) ? movedTo : null,
    projects: each(projects, readProject),
    bans: each(bans, readBan),
    ticketKeys: readKeys(ticketKeys),
    debts: each(debts, readDebt),
  };
}

function readSocket(value: unknown): HandedSocket | null {
  if (!isRecord(value) || !isRecord(value.bound)) return null;
  const { kind, host, port, descriptor, bound } = value;
  const isWhole = isKind(kind) && typeof host === 'string' && isPort(port);
  if (!isWhole || typeof descriptor !== 'number' || !isPort(bound.port)) return null;
  if (typeof bound.host !== 'string') return null;
  const deniedPort = isPort(bound.deniedPort) ? bound.deniedPort : null;
  return { kind, host, port, descriptor, bound: { kind, host: bound.host, port: bound.port, deniedPort } };
}

function readProject(value: unknown): HandedProject | null {
  if (!isRecord(value)) return null;
  const { name, pid, app, holdMs, addresses } = value;
  if (typeof name !== 'string' || typeof pid !== 'number' || typeof app !== 'string') return null;
  const places = each(addresses, (one) => {
    if (!isRecord(one)) return null;
    const { host, port } = one;
    return typeof host === 'string' && isPort(port) ? { host, port } : null;
  });
  return typeof holdMs === 'number' ? { name, pid, app, holdMs, addresses: places } : null;
}

function readBan(value: unknown): HandedBan | null {
  if (!isRecord(value) || typeof value.block !== 'string') return null;
  const { block, untilMs } = value;
  return untilMs === null || typeof untilMs === 'number' ? { block, untilMs } : null;
}

function readKeys(value: unknown): TicketKeyPair | null {
  if (!isRecord(value) || typeof value.current !== 'string') return null;
  const { current, previous } = value;
  return { current, previous: typeof previous === 'string' ? previous : null };
}

function readDebt(value: unknown): Debt | null {
  if (!Array.isArray(value)) return null;
  const [rule, client, dueAtMs]: readonly unknown[] = value;
  const isWhole = typeof rule === 'string' && typeof client === 'string' && typeof dueAtMs === 'number';
  return isWhole ? [rule, client, dueAtMs] : null;
}

function each<Item>(value: unknown, read: (one: unknown) => Item | null): readonly Item[] {
  return Array.isArray(value) ? value.map(read).filter((one) => one !== null) : [];
}

function isKind(value: unknown): value is BoundListener['kind'] {
  return value === 'https' || value === 'http' || value === 'redirect';
}

function isPort(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= 65_535;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
