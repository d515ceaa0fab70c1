/** Start-up times, and what the command costs on disk and before it does anything. */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { CommandFacts, Peer, StartupResult } from './contract.js';
import { commandPath } from './peers/tlsfront.js';
import { type RunPlan, startPeer, stopPeer } from './runner.js';
import { openSocket } from './verify.js';

const packageRoot = fileURLToPath(new URL('../../', import.meta.url));
const COMMAND_RUNS = 9;

/** Until the TLS handshake is done: a port that is bound early accepts before anyone serves it. */
async function timeStart(peer: Peer, plan: RunPlan): Promise<number> {
  const started = await startPeer(peer, plan, 1);
  try {
    const socket = await openSocket(started.port, plan.certificate.rootPath, 'h1');
    const startedInMs = performance.now() - started.spawnedAt;
    socket.destroy();
    return startedInMs;
  } finally {
    await stopPeer(started);
  }
}

/** Starts each peer a few times, in turns. A peer that does not start is left out: its scenarios say why. */
export async function measureStartup(
  peers: readonly Peer[],
  plan: RunPlan,
  runs: number,
): Promise<StartupResult[]> {
  const times = new Map<Peer, number[]>();
  for (let run = 0; run < runs; run += 1) {
    for (const peer of peers) {
      try {
        const startedInMs = await timeStart(peer, plan);
        times.set(peer, [...(times.get(peer) ?? []), startedInMs]);
      } catch {
        times.delete(peer);
      }
    }
  }
  return [...times].map(([peer, firstConnectionMs]) => ({
    ...{ peer: peer.name, title: peer.title },
    firstConnectionMs,
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
