/** Runs one scenario over all peers: start each, check each, warm each up, then measure in interleaved rounds. */
import { join } from 'node:path';
import { type Child, endChild, findFreePort, startChild, waitUntilAccepting } from './child.js';
import type {
  CertificateFiles,
  LeafKey,
  Outcome,
  Peer,
  RunningPeer,
  Sample,
  Scenario,
  ScenarioResult,
  Setting,
} from './contract.js';
import { verifyPeer } from './verify.js';

const START_LIMIT_MS = 15_000;

export interface RunPlan {
  readonly folder: string;
  readonly certificates: Readonly<Record<LeafKey, CertificateFiles>>;
  readonly upstreamPort: number;
  readonly rounds: number;
  readonly measureMs: number;
  readonly warmUpMs: number;
  /** Told what is going on, for the person who waits. */
  readonly tell: (line: string) => void;
}

export interface StartedPeer extends RunningPeer {
  readonly children: readonly Child[];
  /** When it was spawned, on performance.now()'s clock. */
  readonly spawnedAt: number;
}

/** One peer's way through a scenario; it ends early with a failure. */
interface Track {
  readonly peer: Peer;
  started: StartedPeer | null;
  samples: Sample[];
  cipher: string | null;
  retries: string[];
  failure: string | null;
}

let startCount = 0;

/** What a scenario asks of the peers that it starts. */
export interface StartWishes {
  readonly processes: number;
  readonly setting: Setting;
  readonly leafKey: LeafKey;
}

export const PLAIN_START: StartWishes = { processes: 1, setting: 'plain', leafKey: 'P-256' };

function wishesOf({ processes, setting, leafKey }: Scenario): StartWishes {
  return {
    processes,
    setting: setting ?? PLAIN_START.setting,
    leafKey: leafKey ?? PLAIN_START.leafKey,
  };
}

/** Starts a peer with its companions; throws with what it said when it does not come up. */
export async function startPeer(peer: Peer, plan: RunPlan, wishes: StartWishes): Promise<StartedPeer> {
  startCount += 1;
  const port = await findFreePort();
  const launch = peer.launch({
    folder: join(plan.folder, `${peer.name}-${startCount}`),
    listenPort: port,
    upstreamPort: plan.upstreamPort,
    certificate: plan.certificates[wishes.leafKey],
    setting: wishes.setting,
    contentFolder: join(plan.folder, 'content'),
    processes: wishes.processes,
  });
  const children = (launch.companions ?? []).map(startChild);
  const spawnedAt = performance.now();
  const child = startChild(launch);
  try {
    await waitUntilAccepting(child, port, START_LIMIT_MS);
  } catch (error) {
    await Promise.all([child, ...children].map(endChild));
    throw error;
  }
  return {
    peer,
    pid: child.pid,
    port,
    children: [child, ...children],
    spawnedAt,
  };
}

/** Ends a peer and its companions. */
export async function stopPeer(started: StartedPeer): Promise<void> {
  await Promise.all(started.children.map(endChild));
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Does one step for a track that still runs; what it throws becomes the track's failure. */
async function attempt(track: Track, step: (started: StartedPeer) => Promise<void>): Promise<void> {
  if (track.started === null || track.failure !== null) return;
  try {
    await step(track.started);
  } catch (error) {
    const words = track.started.children[0]?.tail() ?? '';
    track.failure = words === '' ? reasonOf(error) : `${reasonOf(error)}; it said: ${words.slice(-300)}`;
  }
}

async function bringUp(peer: Peer, scenario: Scenario, plan: RunPlan): Promise<Track> {
  const track: Track = { peer, started: null, samples: [], cipher: null, retries: [], failure: null };
  try {
    track.started = await startPeer(peer, plan, wishesOf(scenario));
  } catch (error) {
    track.failure = reasonOf(error);
  }
  await attempt(track, async (started) => {
    track.cipher = await verifyPeer(started.port, plan.certificates['P-256'], scenario.check);
  });
  return track;
}

async function measure(track: Track, scenario: Scenario, plan: RunPlan): Promise<void> {
  await attempt(track, async (running) => {
    const { certificates, folder, warmUpMs, measureMs } = plan;
    const certificate = certificates[scenario.leafKey ?? PLAIN_START.leafKey];
    const context = { running, certificate, folder, measureMs, warmUpMs };
    try {
      track.samples.push(await scenario.run(context));
    } catch (error) {
      // One closed connection makes h2load's timed mode hang: a second try tells a hiccup from a fault. It is reported.
      track.retries.push(reasonOf(error));
      plan.tell(`  ${track.peer.name} once more: ${reasonOf(error)}`);
      track.samples.push(await scenario.run(context));
    }
  });
}

/** Peers take turns, and each round begins with another one: a slow minute of the machine hits all alike. */
async function measureRounds(tracks: readonly Track[], scenario: Scenario, plan: RunPlan): Promise<void> {
  const rounds = Math.min(plan.rounds, scenario.rounds ?? plan.rounds);
  if (scenario.rehearse !== false) {
    // A rehearsal that is thrown away: peers with a just-in-time compiler are several times dearer in their first second.
    for (const track of tracks) await measure(track, scenario, plan);
    for (const track of tracks) track.samples = [];
  }
  for (let round = 0; round < rounds; round += 1) {
    for (let turn = 0; turn < tracks.length; turn += 1) {
      const track = tracks[(round + turn) % tracks.length];
      if (track !== undefined) await measure(track, scenario, plan);
    }
  }
}

/** Runs a scenario over the peers that have the features it needs. */
export async function runScenario(
  scenario: Scenario,
  peers: readonly Peer[],
  plan: RunPlan,
): Promise<ScenarioResult> {
  const setting = scenario.setting ?? PLAIN_START.setting;
  const able = peers.filter(
    (peer) =>
      scenario.needs.every((feature) => peer.features.has(feature)) &&
      (setting === 'plain' || peer.settings?.has(setting) === true),
  );
  plan.tell(`${scenario.name}: ${scenario.title}`);
  const tracks: Track[] = [];
  try {
    for (const peer of able) tracks.push(await bringUp(peer, scenario, plan));
    await measureRounds(tracks, scenario, plan);
  } finally {
    await Promise.all(tracks.map((track) => (track.started === null ? undefined : stopPeer(track.started))));
  }
  const outcomes = tracks.map(
    ({ peer, samples, cipher, retries, failure }): Outcome => ({
      ...{ peer: peer.name, title: peer.title, own: peer.own },
      ...{ samples, cipher, retries, failure },
    }),
  );
  for (const { peer, failure } of outcomes) if (failure !== null) plan.tell(`  ${peer} failed: ${failure}`);
  const { name, title, unit, throughputUnit } = scenario;
  return { name, title, unit, throughputUnit, outcomes };
}
