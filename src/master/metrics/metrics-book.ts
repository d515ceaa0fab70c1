/** Brings together what the routers of all generations measure, those that have ended included, and what the master knows. */
import { X509Certificate } from 'node:crypto';
import type { ListEnd } from '../../serving/load-report.js';
import type { OnDemandCounts } from '../../shared/config/acme.js';
import type { Interventions } from '../../shared/messages/interventions.js';
import type { TlsMaterial } from '../../shared/messages/router-messages.js';
import { mergeSamples, type Samples, sampleName } from '../../shared/metrics.js';
import type { Generation } from '../generation.js';
import type { RouterProcess } from '../routers/router-process.js';

/** A router that is alive answers within milliseconds. */
const PATIENCE_MS = 1_000;

/** What the master knows. */
export interface MetricsParts {
  readonly version: string;
  /** The generation that serves before those that drain. */
  readonly accepting: readonly Generation[];
  readonly draining: readonly Generation[];
  /** Of generations that have ended. */
  readonly ended: Samples;
  readonly tls: readonly (TlsMaterial | null)[];
  readonly listEnds: readonly ListEnd[];
  /** Number in force. */
  readonly bans: number;
  /** Names that got their certificate at a handshake; null where none does. */
  readonly onDemand: OnDemandCounts | null;
  readonly interventions: Interventions;
  readonly lastReload: { readonly isSuccessful: boolean; readonly atMs: number };
}

/** Everything at this moment; a router that does not answer within a second counts as it was when it did last. */
export async function collectMetrics(parts: MetricsParts): Promise<Samples> {
  const { accepting, draining, ended } = parts;
  const generations = [...accepting, ...draining];
  const serving = accepting.flatMap(({ routers }) => routers.all);
  const finishing = draining.flatMap(({ routers }) => routers.all);
  const measured = await Promise.all([...serving, ...finishing].map(measure));
  const endedBefore = generations.map((generation) => generation.endedSamples);
  const workers = generations.flatMap(({ workers: own }) => own.flatMap(({ all }) => all));
  const processes: Record<string, number> = {
    [sampleName('tlsfront_routers', { state: 'serving' })]: serving.length,
    [sampleName('tlsfront_routers', { state: 'draining' })]: finishing.length,
    [sampleName('tlsfront_workers', { ready: 'true' })]: workers.filter(({ ready }) => ready).length,
    [sampleName('tlsfront_workers', { ready: 'false' })]: workers.filter(({ ready }) => !ready).length,
    [sampleName('tlsfront_process_resident_memory_bytes', { process: 'master' })]: process.memoryUsage.rss(),
  };
  return mergeSamples([describeFront(parts), processes, ...measured, ...endedBefore, ended]);
}

/** Only those that serve have apps to report: a draining one's view of them is old. */
function measure(router: RouterProcess): Promise<Samples> {
  return router.measure(PATIENCE_MS);
}

function describeFront(parts: MetricsParts): Samples {
  const { version, tls, listEnds, lastReload, bans, onDemand, interventions } = parts;
  const build = sampleName('tlsfront_build_info', { version, node: process.versions.node });
  const samples: Record<string, number> = {
    [build]: 1,
    tlsfront_start_time_seconds: Math.round(Date.now() / 1000 - process.uptime()),
    tlsfront_last_reload_successful: lastReload.isSuccessful ? 1 : 0,
    tlsfront_last_reload_timestamp_seconds: Math.round(lastReload.atMs / 1000),
    tlsfront_bans: bans,
    tlsfront_paused: interventions.pause === null ? 0 : 1,
    tlsfront_maintenance: interventions.maintenance === null ? 0 : 1,
    tlsfront_router_restarts_total: 0,
    tlsfront_worker_restarts_total: 0,
  };
  if (onDemand !== null) {
    const { kept, failing } = onDemand;
    samples[sampleName('tlsfront_on_demand_certificates', { state: 'sound' })] = kept - failing;
    samples[sampleName('tlsfront_on_demand_certificates', { state: 'failing' })] = failing;
  }
  for (const upstream of interventions.drained)
    samples[sampleName('tlsfront_upstream_drained', { upstream })] = 1;
  for (const { file, atMs } of listEnds) {
    const name = sampleName('tlsfront_client_crl_next_update_timestamp_seconds', { file });
    samples[name] = Math.min(samples[name] ?? Infinity, atMs / 1000);
  }
  for (const material of tls) {
    for (const { chainPem, names } of material?.certificates ?? []) {
      const { serialNumber, validTo } = new X509Certificate(chainPem);
      const labels = { name: names[0] ?? '', serial: serialNumber };
      const name = sampleName('tlsfront_certificate_not_after_timestamp_seconds', labels);
      samples[name] = Date.parse(validTo) / 1000;
    }
  }
  return samples;
}
