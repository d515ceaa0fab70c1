/** Counts what is still in flight at versions that leave. */

import { formatUpstream } from '../../shared/addresses/upstream-text.js';
import { type Samples, sampleName } from '../../shared/metrics.js';
import type { AppVersion } from '../app-version.js';

/** A router that is alive answers within milliseconds. */
const PATIENCE_MS = 1_000;

/** A generation whose routers say what they measure. */
export interface Measured {
  readonly routers: { readonly all: readonly { measure(patienceMs: number): Promise<Samples> }[] };
}

/** @param draining older generations, whose requests at the same addresses count too: whoever ends the old version must not end those */
export async function openAt(
  versions: readonly Pick<AppVersion, 'upstreams' | 'workers'>[],
  app: string,
  generation: Measured,
  draining: readonly Measured[],
): Promise<number> {
  const own = versions.flatMap(({ upstreams }) => upstreams.map(formatUpstream));
  const shared = versions.flatMap(({ workers, upstreams }) =>
    workers === null ? upstreams.map(formatUpstream) : [],
  );
  const leaving = own.map((upstream) => sampleName('tlsfront_upstream_requests_leaving', { app, upstream }));
  const older = shared.map((upstream) => sampleName('tlsfront_upstream_requests_in_flight', { upstream }));
  const counts = await Promise.all([
    count(generation, leaving),
    ...draining.filter((other) => other !== generation).map((other) => count(other, older)),
  ]);
  return counts.reduce((sum, one) => sum + one, 0);
}

async function count({ routers }: Measured, names: readonly string[]): Promise<number> {
  const measured = await Promise.all(routers.all.map((router) => router.measure(PATIENCE_MS)));
  const unique = [...new Set(names)];
  return measured.reduce((sum, samples) => sum + addUp(samples, unique), 0);
}

function addUp(samples: Samples, names: readonly string[]): number {
  return names.reduce((sum, name) => sum + (samples[name] ?? 0), 0);
}
