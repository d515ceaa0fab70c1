/** Bounds and their defaults, one place, each with its reason; every one is an option (docs/configuration.md). */

/** Bounds on what a peer may cost. Defaults stand below with the reason for each. */
export interface Limits {
  readonly maxHeaderBytes: number;
  readonly maxHeaderCount: number;
  readonly maxConnections: number;
  readonly maxConnectionsPerAddress: number;
  readonly maxConcurrentStreams: number;
  readonly maxStreamResets: number;
  readonly maxControlFrames: number;
  /** Response bytes of a router that wait for clients; above it those that take nothing are ended. */
  readonly maxWaitingBytes: number;
  readonly maxUpstreamConnections: number;
  readonly maxUpstreamQueue: number;
  /** Largest request body in bytes; 0: no bound. */
  readonly maxBodyBytes: number;
  /** Most bytes of buffered request bodies, memory and spool files together, a router; as many of response bodies. */
  readonly maxSpoolBytes: number;
  /** Most bytes of buffered bodies in a router's memory; what is above goes into files. */
  readonly maxBufferMemoryBytes: number;
  /** Most bytes of one response taken from the app for a client that is slow to take it; 0: none. */
  readonly maxBufferedResponseBytes: number;
  /** Bytes a second that a client which owes some of its request body must bring; 0: any rate will do. */
  readonly minClientRateBytes: number;
  /** Nothing is judged by the rate before; also the time over which it is averaged. */
  readonly clientRateGraceMs: number;
  readonly handshakeTimeoutMs: number;
  /** From the first byte of a request (or the connection's start) to the end of its head. */
  readonly clientHeadTimeoutMs: number;
  /** Longest pause inside a request body. */
  readonly clientBodyTimeoutMs: number;
  /** Longest pause in which the client takes nothing of a waiting response. */
  readonly clientWriteTimeoutMs: number;
  /** An idle kept-alive connection is closed after this. */
  readonly keepAliveTimeoutMs: number;
  readonly connectTimeoutMs: number;
  /** From the end of the request to the head of the response. */
  readonly upstreamHeadTimeoutMs: number;
  /** Longest pause inside a response. */
  readonly upstreamIdleTimeoutMs: number;
  readonly tunnelIdleTimeoutMs: number;
  /** Idle connections kept to each upstream, a router. */
  readonly upstreamKeepAlive: number;
  readonly upstreamKeepAliveTimeoutMs: number;
}

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
