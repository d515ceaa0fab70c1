/** The live table: what an operator has ordered of a running front beside its configuration, and that lasts over a reload. */

/** Everything that is ordered at this moment; the master gives it to every router as a whole. */
export interface Interventions {
  /** Upstreams that get no new requests, as `formatUpstream` writes them. */
  readonly drained: readonly string[];
}

/** Nothing is ordered. */
export const NO_INTERVENTIONS: Interventions = { drained: [] };
