/** Reads what a router says, field by field: a router that was taken over can send anything, and is believed nothing else. */
import { type Debt, MAX_DEBTS, type Spending } from '../../shared/config/access.js';
import type { Counters } from '../../shared/counters.js';
import { ERRORS, type ErrorCode } from '../../shared/errors.js';
import {
  MAX_RECENT,
  type RecentRequest,
  type RecentRequests,
} from '../../shared/messages/recent-requests.js';
import type { AppLoad, RouterToMaster } from '../../shared/messages/router-messages.js';
import type { Samples } from '../../shared/metrics.js';

/** Text of a router goes into the log. */
const MAX_TEXT = 2_000;
/** RFC 1035 §2.3.4. */
const MAX_NAME = 253;
const MAX_SAMPLES = 50_000;
const MAX_LOADS = 10_000;
/** One line of text: a name of ours, and labels without control characters. */
const SAMPLE = /^tlsfront_[a-z_]{1,80}(?:\{\P{Cc}{0,1000}\})?$/u;
/** As proxy/exchange/access/rate-share.ts sends them. */
const MAX_SPENT = 2_000;
const MAX_CLIENT = 64;
const HOST_NAME = /^[a-z0-9_-]+(?:\.[a-z0-9_-]+)+$/;

const COUNTERS = {
  connections: true,
  connectionsOpen: true,
  requests: true,
  requestsOpen: true,
  tunnelsOpen: true,
  eventStreamsOpen: true,
  upstreamErrors: true,
  refusedByLimit: true,
  refusedByBan: true,
  logLinesLost: true,
  bytesIn: true,
  bytesOut: true,
} as const satisfies Record<keyof Counters, true>;

const REQUEST = {
  atMs: 'number',
  method: 'text',
  host: 'text',
  path: 'text',
  protocol: 'text',
  status: 'number',
  durationMs: 'number',
  bytes: 'number',
  remote: 'text',
  upstream: 'text',
  requestId: 'text',
  error: 'text',
} as const satisfies Record<keyof RecentRequest, 'number' | 'text'>;

/** The message; null where it is none that a router sends. */
export function readRouterReport(message: unknown): RouterToMaster | null {
  if (!isRecord(message)) return null;
  const {
    type,
    release,
    name,
    version,
    counters,
    samples,
    recent,
    code,
    message: text,
    hint,
    spent,
    debts,
  } = message;
  const { address, request, tookMs, loads, id, status } = message;
  switch (type) {
    case 'loaded':
      return isText(release) ? { type, release } : null;
    case 'ready':
    case 'loaded_all':
      return { type };
    case 'probed':
      return isCount(id) && isCount(status) ? { type, id, status } : null;
    case 'state_taken':
      return isCount(version) ? { type, version } : null;
    case 'need_leaf':
      return isText(name) && name.length <= MAX_NAME && HOST_NAME.test(name) ? { type, name } : null;
    case 'counted':
      return isCounters(counters) ? { type, counters } : null;
    case 'measured':
      return isSamples(samples) ? { type, samples } : null;
    case 'overdue':
      return isText(address) && isText(request) && isCount(tookMs)
        ? { type, address, request, tookMs }
        : null;
    case 'load':
      return areLoads(loads) ? { type, loads } : null;
    case 'remembered':
      return isRecent(recent) ? { type, recent } : null;
    case 'spent':
      return isSpent(spent) ? { type, spent } : null;
    case 'owed':
      return areDebts(debts) ? { type, debts } : null;
    case 'failed':
      return isErrorCode(code) && isText(text) && (hint === null || isText(hint))
        ? { type, code, message: text, hint }
        : null;
    default:
      return null;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** No control characters: a line of the log must stay one line. */
function isText(value: unknown): value is string {
  return typeof value === 'string' && value.length <= MAX_TEXT && !/\p{Cc}/u.test(value);
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function isCounters(value: unknown): value is Counters {
  if (!isRecord(value)) return false;
  const names = Object.keys(COUNTERS);
  return Object.keys(value).length === names.length && names.every((name) => isCount(value[name]));
}

/** Numbers by the names of our metrics; what stands in their labels was quoted where it was measured. */
function isSamples(value: unknown): value is Samples {
  if (!isRecord(value)) return false;
  const entries = Object.entries(value);
  return (
    entries.length <= MAX_SAMPLES &&
    entries.every(([name, number]) => SAMPLE.test(name) && typeof number === 'number')
  );
}

function areLoads(value: unknown): value is readonly AppLoad[] {
  if (!Array.isArray(value) || value.length > MAX_LOADS) return false;
  return value.every(
    (one) =>
      isRecord(one) &&
      isText(one.address) &&
      isCount(one.served) &&
      isCount(one.inFlight) &&
      isCount(one.tookMs),
  );
}

function isRecent(value: unknown): value is RecentRequests {
  return isRecord(value) && areRequests(value.latest) && areRequests(value.slowest);
}

function areRequests(value: unknown): boolean {
  if (!Array.isArray(value) || value.length > MAX_RECENT) return false;
  return value.every((one) => {
    if (!isRecord(one) || Object.keys(one).length !== Object.keys(REQUEST).length) return false;
    return Object.entries(REQUEST).every(([key, type]) =>
      type === 'text' ? isText(one[key]) : typeof one[key] === 'number',
    );
  });
}

/** Counts of a few rules by client; what other routers make of them is bounded too. */
function isSpent(value: unknown): value is readonly Spending[] {
  return Array.isArray(value) && value.length <= MAX_SPENT && value.every(isSpending);
}

function isSpending(value: unknown): boolean {
  if (!Array.isArray(value) || value.length !== 3) return false;
  const [rule, client, requests]: readonly unknown[] = value;
  return isCount(rule) && isText(client) && client.length <= MAX_CLIENT && isCount(requests);
}

/** Times of a few rules by client; other routers make no more of them than the rule allows. */
function areDebts(value: unknown): value is readonly Debt[] {
  if (!Array.isArray(value) || value.length > MAX_DEBTS) return false;
  return value.every((one) => {
    if (!Array.isArray(one) || one.length !== 3) return false;
    const [rule, client, dueAtMs]: readonly unknown[] = one;
    return (
      isText(rule) && isText(client) && Math.max(rule.length, client.length) <= MAX_CLIENT && isCount(dueAtMs)
    );
  });
}

function isErrorCode(value: unknown): value is ErrorCode {
  return typeof value === 'string' && Object.hasOwn(ERRORS, value);
}
