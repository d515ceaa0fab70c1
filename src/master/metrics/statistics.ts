/** What the front has done and what it serves with, as one line of JSON for SIGUSR1. */
import { X509Certificate } from 'node:crypto';
import type { ServingProblem } from '../../serving/load-report.js';
import type { Counters } from '../../shared/counters.js';
import type { TlsMaterial } from '../../shared/messages/router-messages.js';
import type { Routers } from '../routers/routers.js';
import type { Workers } from '../workers/workers.js';

/** A router that is alive answers within milliseconds. */
const PATIENCE_MS = 1_000;

interface Processes {
  readonly routers: Routers;
  readonly workers: readonly Workers[];
}

/** What the master knows. */
export interface StatisticsParts {
  readonly version: string;
  /** The generation that serves, or starts; null: none yet. */
  readonly serving: Processes | null;
  /** Those that finish after a reload: their tunnels are still open. */
  readonly draining: readonly Processes[];
  readonly tls: readonly (TlsMaterial | null)[];
  /** Certificates that cannot be used, beside those that are served. */
  readonly problems: readonly ServingProblem[];
}

interface RouterStatistics {
  readonly id: number;
  readonly pid: number;
  readonly state: 'serving' | 'draining';
  /** null: it did not answer. */
  readonly counters: Readonly<Counters> | null;
}

/** Asks every router; one that does not answer within a second is listed without counters. */
export async function collectStatistics({ version, serving, draining, tls, problems }: StatisticsParts) {
  const asked = [
    ...(serving === null ? [] : askAll(serving, 'serving')),
    ...draining.flatMap((one) => askAll(one, 'draining')),
  ];
  const routers = await Promise.all(asked);
  return {
    type: 'statistics',
    time: new Date().toISOString(),
    version,
    pid: process.pid,
    uptimeSeconds: Math.round(process.uptime()),
    counters: addUp(routers.flatMap(({ counters }) => counters ?? [])),
    routers,
    workers: (serving?.workers ?? [])
      .flatMap(({ all }) => all)
      .map(({ plan, pid, host, port, ready }) => {
        return { id: plan.index, pid, address: `${host}:${port}`, ready };
      }),
    certificates: describeCertificates(tls),
    certificateProblems: problems,
  };
}

function askAll({ routers }: Processes, state: RouterStatistics['state']): Promise<RouterStatistics>[] {
  return routers.all.map(async (router) => {
    const { index: id, pid } = router;
    return { id, pid, state, counters: await router.count(PATIENCE_MS) };
  });
}

function addUp(all: readonly Readonly<Counters>[]): Record<string, number> {
  const sum: Record<string, number> = {};
  for (const counters of all) {
    for (const [name, value] of Object.entries(counters)) sum[name] = (sum[name] ?? 0) + value;
  }
  return sum;
}

/** Every certificate once, with the listeners (by their number in the configuration) that serve it. */
function describeCertificates(tls: readonly (TlsMaterial | null)[]) {
  const byFingerprint = new Map<string, ReturnType<typeof describeOne> & { listeners: number[] }>();
  for (const [listener, material] of tls.entries()) {
    for (const { chainPem, names, file } of material?.certificates ?? []) {
      const one = describeOne(new X509Certificate(chainPem), names, file ?? null);
      const known = byFingerprint.get(one.sha256) ?? { ...one, listeners: [] };
      known.listeners.push(listener);
      byFingerprint.set(one.sha256, known);
    }
  }
  return [...byFingerprint.values()];
}

function describeOne(leaf: X509Certificate, names: readonly string[], file: string | null) {
  const [notBefore, notAfter] = [new Date(leaf.validFrom), new Date(leaf.validTo)];
  return {
    names,
    serialNumber: leaf.serialNumber,
    sha256: leaf.fingerprint256.replaceAll(':', '').toLowerCase(),
    notBefore: notBefore.toISOString(),
    notAfter: notAfter.toISOString(),
    secondsLeft: Math.floor((notAfter.getTime() - Date.now()) / 1000),
    /** null: issued here, or ordered by ACME. */
    file,
  };
}
