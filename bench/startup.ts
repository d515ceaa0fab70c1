/** Start-up times, and what the command costs on disk and before it does anything. */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { CommandFacts, Peer, StartupResult } from './contract.js';
import { commandPath } from './peers/tlsfront.js';
import { readStat, readTree } from './process-tree.js';
import { PLAIN_START, type RunPlan, type StartedPeer, startPeer, stopPeer } from './runner.js';
import { openSocket } from './verify.js';

const packageRoot = fileURLToPath(new URL('../../', import.meta.url));
const COMMAND_RUNS = 9;
/** A front at rest has done what it does after its start. */
const SETTLE_MS = 1000;
const REPLACED_LIMIT_MS = 20_000;

/** What one start of one peer shows. */
interface OneStart {
  readonly firstConnectionMs: number;
  readonly restingBytes: number;
  /** null: it cannot. */
  readonly reloadMs: number | null;
  readonly respawnMs: number | null;
}

/** Until the TLS handshake is done: a port that is bound early accepts before anyone serves it. */
async function timeStart(peer: Peer, plan: RunPlan): Promise<OneStart> {
  const started = await startPeer(peer, plan, PLAIN_START);
  try {
    await connectOnce(started, plan);
    const firstConnectionMs = performance.now() - started.spawnedAt;
    await pause(SETTLE_MS);
    const restingBytes = proportionalBytes(started.pid);
    const replaceable = peer.features.has('reload');
    return {
      ...{ firstConnectionMs, restingBytes },
      reloadMs: replaceable ? await timeReload(started) : null,
      respawnMs: replaceable ? await timeRespawn(started, plan) : null,
    };
  } finally {
    await stopPeer(started);
  }
}

async function connectOnce({ port }: StartedPeer, plan: RunPlan): Promise<void> {
  const socket = await openSocket(port, plan.certificates['P-256'].rootPath, 'h1');
  socket.destroy();
}

/** What serves: the processes right below the first that have its program's name or a title of their own, not a helper that stays. */
function servers(pid: number): number[] {
  return readTree(pid).pids.filter((one) => one !== pid && /http|worker/.test(commandLine(one)));
}

function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1');
  } catch {
    return '';
  }
}

/** From SIGHUP until those that served are gone and others are there. */
async function timeReload(started: StartedPeer): Promise<number> {
  const before = servers(started.pid);
  const began = performance.now();
  process.kill(started.pid, 'SIGHUP');
  await untilTrue(
    () => before.every((pid) => readStat(pid) === null) && servers(started.pid).length > 0,
    'the processes that served before SIGHUP',
  );
  return performance.now() - began;
}

/** From the SIGKILL of all that serve until a connection stands again. */
async function timeRespawn(started: StartedPeer, plan: RunPlan): Promise<number> {
  const began = performance.now();
  for (const pid of servers(started.pid)) process.kill(pid, 'SIGKILL');
  for (;;) {
    try {
      await connectOnce(started, plan);
      return performance.now() - began;
    } catch {
      if (performance.now() - began > REPLACED_LIMIT_MS) throw new Error('nobody serves after a SIGKILL');
      await pause(2);
    }
  }
}

async function untilTrue(condition: () => boolean, waitsFor: string): Promise<void> {
  const end = performance.now() + REPLACED_LIMIT_MS;
  while (!condition()) {
    if (performance.now() > end) throw new Error(`${waitsFor}: still there after ${REPLACED_LIMIT_MS} ms`);
    await pause(2);
  }
}

/** Memory that pages shared with others count in parts (proc(5)); 0 where the system does not say. */
function proportionalBytes(pid: number): number {
  return readTree(pid)
    .pids.map((one) => {
      try {
        const text = readFileSync(`/proc/${one}/smaps_rollup`, 'latin1');
        return Number(/^Pss: +([0-9]+) kB$/m.exec(text)?.[1] ?? 0) * 1024;
      } catch {
        return 0;
      }
    })
    .reduce((sum, bytes) => sum + bytes, 0);
}

/** Starts each peer a few times, in turns. A peer that does not start is left out: its scenarios say why. */
export async function measureStartup(
  peers: readonly Peer[],
  plan: RunPlan,
  runs: number,
): Promise<StartupResult[]> {
  const times = new Map<Peer, OneStart[]>();
  for (let run = 0; run < runs; run += 1) {
    for (const peer of peers) {
      try {
        times.set(peer, [...(times.get(peer) ?? []), await timeStart(peer, plan)]);
      } catch {
        times.delete(peer);
      }
    }
  }
  return [...times].map(([peer, starts]) => ({
    ...{ peer: peer.name, title: peer.title },
    firstConnectionMs: starts.map((start) => start.firstConnectionMs),
    restingBytes: starts.map((start) => start.restingBytes),
    reloadMs: starts.flatMap(({ reloadMs }) => reloadMs ?? []),
    respawnMs: starts.flatMap(({ respawnMs }) => respawnMs ?? []),
  }));
}

function timeCommand(words: readonly string[]): number {
  const began = performance.now();
  const { status } = spawnSync(process.execPath, words, { stdio: 'ignore' });
  if (status !== 0) throw new Error(`node ${words.join(' ')} ended with ${status}`);
  return performance.now() - began;
}

/** Bytes of the files below a folder; nested node_modules are packages of their own. */
function folderBytes(folder: string): number {
  let bytes = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) bytes += entry.name === 'node_modules' ? 0 : folderBytes(path);
    else if (entry.isFile()) bytes += statSync(path).size;
  }
  return bytes;
}

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly dependencies?: Record<string, string>;
  readonly optionalDependencies?: Record<string, string>;
}

function readManifest(folder: string): Manifest {
  const manifest: Manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  return manifest;
}

/** The folder of a dependency as Node would find it from `folder`, or null (optional ones may be absent). */
function findDependency(folder: string, name: string): string | null {
  for (let from = folder; ; from = dirname(from)) {
    const candidate = join(from, 'node_modules', name);
    if (existsSync(join(candidate, 'package.json'))) return candidate;
    if (dirname(from) === from) return null;
  }
}

function collectDependencies(folder: string, found: Set<string>): Set<string> {
  const { dependencies, optionalDependencies } = readManifest(folder);
  for (const name of Object.keys({ ...dependencies, ...optionalDependencies })) {
    const dependency = findDependency(folder, name);
    if (dependency === null || found.has(dependency)) continue;
    found.add(dependency);
    collectDependencies(dependency, found);
  }
  return found;
}

function packageBytes(): number {
  const packed = spawnSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts', '--silent'], {
    cwd: packageRoot,
    encoding: 'utf8',
  });
  const reports: { unpackedSize: number }[] = JSON.parse(packed.stdout);
  return reports[0]?.unpackedSize ?? 0;
}

/** Measures `--version` beside `node -e 0` and adds up what an installation unpacks; null when nothing is built. */
export function measureCommand(): CommandFacts | null {
  if (!existsSync(commandPath)) return null;
  const versionMs: number[] = [];
  const nodeBareMs: number[] = [];
  for (let run = 0; run < COMMAND_RUNS; run += 1) {
    nodeBareMs.push(timeCommand(['-e', '0']));
    versionMs.push(timeCommand([commandPath, '--version']));
  }
  const folders = [...collectDependencies(packageRoot, new Set())];
  const manifests = folders.map(readManifest);
  return {
    versionMs,
    nodeBareMs,
    packageBytes: packageBytes(),
    dependencyBytes: folders.map(folderBytes).reduce((sum, bytes) => sum + bytes, 0),
    dependencies: manifests.map(({ name, version }) => `${name}@${version}`).sort(),
  };
}
