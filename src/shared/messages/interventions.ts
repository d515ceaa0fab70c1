/** The live table: what an operator has ordered of a running front beside its configuration, and that lasts over a reload and a restart. */

/** Requests are answered with a page instead of by the apps. */
export interface Maintenance {
  /** What the page says; null: the text of ERRORS.maintenance. */
  readonly message: string | null;
  /** Clients that the apps serve all the same, in CIDR notation. */
  readonly allowed: readonly string[];
  /** Milliseconds since 1970. */
  readonly sinceMs: number;
}

/** Requests wait instead of going to the apps. */
export interface Pause {
  /** So long at most, each; then they get 503. */
  readonly maxMs: number;
  /** Milliseconds since 1970. */
  readonly sinceMs: number;
}

/** A version of an app that has taken the place of the one in the configuration. */
export interface Deployment {
  /** AppConfig.name. */
  readonly app: string;
  /** As `--upstream` takes them, without a route; empty: `command` is started. */
  readonly upstreams: readonly string[];
  /** Program and arguments; null: `upstreams` run already. */
  readonly command: readonly string[] | null;
  /** Where the command is started; null: where the front was. */
  readonly folder: string | null;
  /** What the configuration said of the app then: once it says something else, that counts. See src/master/deploys/version.ts. */
  readonly configured: string;
  /** Milliseconds since 1970. */
  readonly sinceMs: number;
}

/** Everything that is ordered at this moment; the master gives it to every router as a whole. */
export interface Interventions {
  /** Upstreams that get no new requests, as `formatUpstream` writes them. */
  readonly drained: readonly string[];
  /** null: there is none. */
  readonly maintenance: Maintenance | null;
  /** null: there is none. */
  readonly pause: Pause | null;
  /** At most one an app. */
  readonly deployed: readonly Deployment[];
}

/** Nothing is ordered. */
export const NO_INTERVENTIONS: Interventions = { drained: [], maintenance: null, pause: null, deployed: [] };
