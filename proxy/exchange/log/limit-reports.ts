/** Tells of limits that ended a connection or a request: a counter for each option, and a line now and then. */
import type { Limits } from '../../../src/shared/config/limits.js';
import type { Measures } from '../measures.js';
import type { Notices } from './notices.js';

/** A limit as the log names it. */
interface LimitRow {
  readonly option: string;
  /** What happened; `{}` stands for the client, or for the app where the limit is the app's. */
  readonly text: string;
}

/** Every member of Config.limits that can end a connection or a request. */
export const LIMIT_ROWS = {
  maxHeaderBytes: {
    option: '--max-header-bytes',
    text: 'requests of {} are refused: their head is longer than --max-header-bytes allows',
  },
  maxHeaderCount: {
    option: '--max-header-count',
    text: 'requests of {} are refused: they have more fields than --max-header-count allows',
  },
  maxBodyBytes: {
    option: '--max-body-bytes',
    text: 'requests of {} get 413: their body is larger than --max-body-bytes allows',
  },
  maxSpoolBytes: {
    option: '--max-spool-bytes',
    text: 'requests of {} are refused: their body finds no room in --max-spool-bytes',
  },
  minClientRateBytes: {
    option: '--min-client-rate',
    text: '{} is too slow: a request body or the taking of a response stays below --min-client-rate',
  },
  maxConnections: {
    option: '--max-connections',
    text: 'connections of clients are refused: there are as many as --max-connections allows',
  },
  maxConnectionsPerAddress: {
    option: '--max-connections-per-address',
    text: 'connections of {} are refused: there are as many as --max-connections-per-address allows',
  },
  maxConcurrentStreams: {
    option: '--max-concurrent-streams',
    text: 'requests of {} are refused: a connection has as many at a time as --max-concurrent-streams allows',
  },
  maxStreamResets: {
    option: '--max-stream-resets',
    text: 'an HTTP/2 connection of {} is ended: it cut requests, or had them cut, twice as often as --max-stream-resets allows',
  },
  maxControlFrames: {
    option: '--max-control-frames',
    text: 'an HTTP/2 connection of {} is ended: it sent more than --max-control-frames allows',
  },
  maxWaitingBytes: {
    option: '--max-waiting-bytes',
    text: 'a connection of {} is ended: responses that clients do not take hold more than --max-waiting-bytes',
  },
  maxUpstreamConnections: {
    option: '--max-upstream-connections',
    text: 'requests to {} get 503: all of --max-upstream-connections were in use for as long as --timeout-connect',
  },
  maxUpstreamQueue: {
    option: '--max-upstream-queue',
    text: 'requests to {} get 503: as many wait already as --max-upstream-queue allows',
  },
  handshakeTimeoutMs: {
    option: '--timeout-handshake',
    text: 'a connection of {} is ended: no TLS handshake in --timeout-handshake',
  },
  clientHeadTimeoutMs: {
    option: '--timeout-client-head',
    text: 'a connection of {} is ended: the head of a request was not there in --timeout-client-head',
  },
  clientBodyTimeoutMs: {
    option: '--timeout-client-body',
    text: 'a request of {} gets 408: nothing of its body came in --timeout-client-body',
  },
  clientWriteTimeoutMs: {
    option: '--timeout-client-write',
    text: 'a response is cut: {} took nothing of it in --timeout-client-write',
  },
  connectTimeoutMs: {
    option: '--timeout-connect',
    text: 'no connection to {} in --timeout-connect',
  },
  upstreamHeadTimeoutMs: {
    option: '--timeout-upstream-head',
    text: 'a request gets 504: {} began no response in --timeout-upstream-head',
  },
  upstreamIdleTimeoutMs: {
    option: '--timeout-upstream-idle',
    text: 'a response is cut: {} sent nothing of it in --timeout-upstream-idle',
  },
  tunnelIdleTimeoutMs: {
    option: '--timeout-tunnel-idle',
    text: 'a WebSocket to {} is ended: nothing passed in --timeout-tunnel-idle',
  },
} as const satisfies Partial<Record<keyof Limits, LimitRow>>;

/** A limit that can end something. */
export type EndingLimit = keyof typeof LIMIT_ROWS;

/** Where limits are told of. */
export interface LimitLogs {
  readonly measures: Measures;
  readonly notices: Notices;
}

/** @param whose address of the client, or name of the app */
export function reportLimit({ measures, notices }: LimitLogs, limit: EndingLimit, whose: string): void {
  const { option, text } = LIMIT_ROWS[limit];
  measures.limitReached(option);
  notices.warn(option, text.replace('{}', whose));
}

/** The client has cut more requests than its budget allows. @param most --max-stream-resets */
export function noteResets({ notices }: LimitLogs, client: string, most: number): void {
  notices.warn(
    '--max-stream-resets',
    `${client} cuts requests that the app has begun, ${most} in 10 s beyond those that were answered: its next ones wait`,
    'raise --max-stream-resets if that is a program of yours',
  );
}
