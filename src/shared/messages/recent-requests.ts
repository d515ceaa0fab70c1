/** Single requests as `tlsfront top` shows them: kept by the routers only while somebody looks. */

/** A request that has ended. */
export interface RecentRequest {
  /** When it ended, in milliseconds since 1970. */
  readonly atMs: number;
  readonly method: string;
  readonly host: string;
  /** With its query, cut, and without what `--log-redact` names. */
  readonly path: string;
  readonly protocol: string;
  /** 0: the client left before the response began. */
  readonly status: number;
  readonly durationMs: number;
  readonly bytes: number;
  readonly remote: string;
  readonly upstream: string;
  readonly requestId: string;
  readonly error: string;
}

/** How many a router keeps of each kind. */
export const MAX_RECENT = 50;

/** The latest, newest first, and the slowest of the last minute, slowest first. */
export interface RecentRequests {
  readonly latest: readonly RecentRequest[];
  readonly slowest: readonly RecentRequest[];
}

/** What several routers keep, as one. */
export function mergeRecent(all: readonly RecentRequests[]): RecentRequests {
  return {
    latest: all
      .flatMap(({ latest }) => latest)
      .sort((a, b) => b.atMs - a.atMs)
      .slice(0, MAX_RECENT),
    slowest: all
      .flatMap(({ slowest }) => slowest)
      .sort((a, b) => b.durationMs - a.durationMs)
      .slice(0, MAX_RECENT),
  };
}
