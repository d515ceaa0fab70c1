/** Default bounds, one place, each with its reason; every one is an option (docs/configuration.md). */
import type { Limits } from './config.js';

const SECOND_MS = 1000;

/** Defaults of Config.limits. */
export const DEFAULT_LIMITS: Limits = {
  // What nginx takes in all (4 × 8 KiB large buffers), and twice Node's own bound.
  maxHeaderBytes: 32 * 1024,
  maxHeaderCount: 128,
  maxConnections: 16_384,
  // One address may be a whole office behind NAT.
  maxConnectionsPerAddress: 4096,
  // The least RFC 9113 §6.5.2 recommends is 100; nginx and HAProxy take 100–128.
  maxConcurrentStreams: 128,
  // Resets a connection may cause in 10 s (CVE-2023-44487, CVE-2025-8671).
  maxStreamResets: 1000,
  // SETTINGS, PING, PRIORITY, empty DATA and CONTINUATION frames a connection may send in 10 s (CVE-2019-9512…9518).
  maxControlFrames: 2000,
  // Clients that ask for much and read nothing: 100 of the greediest connections, or a thousand slow downloads.
  maxWaitingBytes: 256 * 1024 ** 2,
  maxUpstreamConnections: 256,
  maxUpstreamQueue: 1024,
  maxBodyBytes: 0,
  maxSpoolBytes: 1024 ** 3,
  // A thousand bodies of 64 KiB; a small VPS has 512 MiB.
  maxBufferMemoryBytes: 64 * 1024 ** 2,
  // Most answers but downloads; larger ones go on at the client's pace.
  maxBufferedResponseBytes: 16 * 1024 ** 2,
  // What mod_reqtimeout asks of bodies; a modem brings ten times as much.
  minClientRateBytes: 500,
  clientRateGraceMs: 20 * SECOND_MS,
  handshakeTimeoutMs: 10 * SECOND_MS,
  clientHeadTimeoutMs: 30 * SECOND_MS,
  clientBodyTimeoutMs: 60 * SECOND_MS,
  clientWriteTimeoutMs: 60 * SECOND_MS,
  keepAliveTimeoutMs: 75 * SECOND_MS,
  connectTimeoutMs: 10 * SECOND_MS,
  upstreamHeadTimeoutMs: 300 * SECOND_MS,
  upstreamIdleTimeoutMs: 300 * SECOND_MS,
  tunnelIdleTimeoutMs: 3600 * SECOND_MS,
  // As many as may be open: a burst must not close and open connections over and over (a connect costs 100 µs of CPU).
  upstreamKeepAlive: 256,
  // Below the 5 s after which node:http closes an idle connection, so that reuse seldom meets a close.
  upstreamKeepAliveTimeoutMs: 4 * SECOND_MS,
};
