/** The limits: one option for each member of Config.limits, with its bounds. */
import type { Limits } from '../../shared/config/limits.js';
import { DEFAULT_LIMITS } from '../../shared/config/limits.js';
import { type OptionRow, type Rest, row } from '../option-row.js';
import { readNumber } from '../read-setting.js';
import type { Settings } from '../settings.js';
import { formatDuration, formatSize, MAX_DURATION_MS } from '../values/quantities.js';

function count(key: keyof Limits, flag: string, description: string, least = 1): OptionRow {
  const bounds = { default: String(DEFAULT_LIMITS[key]), least, most: 10_000_000 };
  return row('Limits', 'count', flag, '<n>', description, bounds);
}

function size(key: keyof Limits, flag: string, description: string, rest: Rest = {}): OptionRow {
  return row('Limits', 'size', flag, '<size>', description, {
    default: formatSize(DEFAULT_LIMITS[key]),
    ...rest,
  });
}

function pause(key: keyof Limits, flag: string, description: string): OptionRow {
  const bounds = { default: formatDuration(DEFAULT_LIMITS[key]), least: 1, most: MAX_DURATION_MS };
  return row('Time limits', 'duration', flag, '<time>', description, bounds);
}

/** One option for each limit; the compiler refuses a limit without one. */
export const LIMIT_OPTIONS = {
  maxHeaderBytes: size('maxHeaderBytes', '--max-header-bytes', 'Largest head of a request', {
    least: 1024,
    most: 16 * 1024 ** 2,
  }),
  maxHeaderCount: count('maxHeaderCount', '--max-header-count', 'Most header fields in a request'),
  maxBodyBytes: size('maxBodyBytes', '--max-body-bytes', 'Largest request body', {
    defaultText: '0, no bound',
    uwsgi: '--limit-post',
  }),
  maxSpoolBytes: size(
    'maxSpoolBytes',
    '--max-spool-bytes',
    'Most bytes of buffered request bodies, all together, and as many of responses',
    {
      least: 1024,
    },
  ),
  maxBufferMemoryBytes: size(
    'maxBufferMemoryBytes',
    '--max-buffer-memory',
    'Most bytes of buffered bodies in memory; the rest goes into files',
    { most: 1024 ** 4 },
  ),
  maxBufferedResponseBytes: size(
    'maxBufferedResponseBytes',
    '--buffer-responses',
    'Most bytes of a response taken from the app for a client that is slow to take it; 0: none',
    { most: 1024 ** 4 },
  ),
  minClientRateBytes: size(
    'minClientRateBytes',
    '--min-client-rate',
    'Bytes a second that a request body must bring, and a response be taken at; 0: any rate will do',
  ),
  maxConnections: count('maxConnections', '--max-connections', 'Most client connections of a router'),
  maxConnectionsPerAddress: count(
    'maxConnectionsPerAddress',
    '--max-connections-per-address',
    'Most client connections of a router from one address, of IPv6 one /64',
  ),
  maxConcurrentStreams: count(
    'maxConcurrentStreams',
    '--max-concurrent-streams',
    'Most requests at a time on an HTTP/2 connection',
  ),
  maxStreamResets: count(
    'maxStreamResets',
    '--max-stream-resets',
    'Requests a client may cut in 10 s beyond those it was answered: its next ones wait, and an HTTP/2 connection with twice as many ends',
  ),
  maxControlFrames: count(
    'maxControlFrames',
    '--max-control-frames',
    'Most control frames an HTTP/2 connection may send in 10 s',
  ),
  maxWaitingBytes: size(
    'maxWaitingBytes',
    '--max-waiting-bytes',
    'Most response bytes a router holds for clients that do not read',
    { least: 1024, most: 1024 ** 4 },
  ),
  maxUpstreamConnections: count(
    'maxUpstreamConnections',
    '--max-upstream-connections',
    'Most connections of a router to one upstream, beside tunnels and event streams',
  ),
  maxUpstreamQueue: count(
    'maxUpstreamQueue',
    '--max-upstream-queue',
    'Most requests of a router that wait for a connection to the app',
    0,
  ),
  upstreamKeepAlive: count(
    'upstreamKeepAlive',
    '--upstream-keepalive',
    'Idle connections a router keeps to one upstream; 0: none',
    0,
  ),
  handshakeTimeoutMs: pause('handshakeTimeoutMs', '--timeout-handshake', 'For the TLS handshake'),
  clientHeadTimeoutMs: pause('clientHeadTimeoutMs', '--timeout-client-head', 'For the head of a request'),
  clientBodyTimeoutMs: pause(
    'clientBodyTimeoutMs',
    '--timeout-client-body',
    'Longest pause inside a request body',
  ),
  clientRateGraceMs: pause(
    'clientRateGraceMs',
    '--min-client-rate-grace',
    'A client is judged by its rate after it was waited for so long, and averaged over this',
  ),
  clientWriteTimeoutMs: pause(
    'clientWriteTimeoutMs',
    '--timeout-client-write',
    'Longest pause in which a client takes nothing of its response',
  ),
  keepAliveTimeoutMs: {
    ...pause('keepAliveTimeoutMs', '--timeout-keepalive', 'An idle client connection is closed after this'),
    uwsgi: '--http-keepalive',
  },
  connectTimeoutMs: {
    ...pause('connectTimeoutMs', '--timeout-connect', 'For a connection to the app'),
    uwsgi: '--http-connect-timeout',
  },
  upstreamHeadTimeoutMs: {
    ...pause('upstreamHeadTimeoutMs', '--timeout-upstream-head', 'For the app to begin its response'),
    uwsgi: '--http-timeout, --harakiri',
  },
  upstreamIdleTimeoutMs: {
    ...pause('upstreamIdleTimeoutMs', '--timeout-upstream-idle', 'Longest pause inside a response'),
    uwsgi: '--http-timeout',
  },
  tunnelIdleTimeoutMs: pause(
    'tunnelIdleTimeoutMs',
    '--timeout-tunnel-idle',
    'A WebSocket without traffic is closed after this',
  ),
  upstreamKeepAliveTimeoutMs: pause(
    'upstreamKeepAliveTimeoutMs',
    '--timeout-upstream-keepalive',
    'An idle connection to the app is closed after this',
  ),
} satisfies Record<keyof Limits, OptionRow>;

/** A member of Config.limits. */
type LimitKey = keyof typeof LIMIT_OPTIONS;

function isLimitKey(name: string): name is LimitKey {
  return Object.hasOwn(LIMIT_OPTIONS, name);
}

/** Every member of Config.limits. */
export const LIMIT_KEYS: readonly LimitKey[] = Object.keys(LIMIT_OPTIONS).filter(isLimitKey);

/** Config.limits. @throws FrontError config_invalid for one that is no number or out of bounds */
export function readLimits(settings: Settings): Limits {
  const limits: Record<LimitKey, number> = { ...DEFAULT_LIMITS };
  for (const key of LIMIT_KEYS) limits[key] = readNumber(settings, key);
  return limits;
}
