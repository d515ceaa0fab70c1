/** `npm run bench`: measures tlsfront beside its peers and reports; see docs/performance.md. */

import { randomFillSync } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeCertificates } from './certificate.js';
import { endAll } from './child.js';
import {
  buildRevision,
  COMPARED_SCENARIOS,
  comparedPeers,
  compareOutcomes,
  renderComparison,
} from './compare.js';
import type { BenchResult, Peer, Scenario, ScenarioResult } from './contract.js';
import { writeDocuments } from './document.js';
import { describeMachine, listToolVersions } from './machine.js';
import { type BenchOptions, choose, readOptions, USAGE, UsageError } from './options.js';
import { listPeers } from './peers/table.js';
import { renderText } from './report.js';
import { type RunPlan, runScenario } from './runner.js';
import { scenarios } from './scenarios/table.js';
import { measureCommand, measureStartup } from './startup.js';
import { FILES, LARGE_BYTES, LARGE_FILE, POST_BYTES, POST_FILE } from './upstreams/content.js';
import { startContentUpstream, startNodeUpstream, type Upstream } from './upstreams/start.js';

const packageRoot = fileURLToPath(new URL('../../', import.meta.url));
const WARM_UP_SHARE = 0.4;
const STARTS = 5;
const QUICK_STARTS = 3;

function tell(line: string): void {
  process.stderr.write(`${line}\n`);
}

function writeContent(folder: string): void {
  mkdirSync(join(folder, 'content'));
  writeFileSync(join(folder, LARGE_FILE), randomFillSync(Buffer.alloc(LARGE_BYTES)));
  writeFileSync(join(folder, POST_FILE), randomFillSync(Buffer.alloc(POST_BYTES)));
  for (const { path, bytes } of FILES) {
    writeFileSync(
      join(folder, 'content', path),
      path.endsWith('.txt') ? textOf(bytes) : randomFillSync(Buffer.alloc(bytes)),
    );
  }
}

/** Lines of a table in JSON: they shrink to about a sixth, as pages do. */
function textOf(bytes: number): string {
  let text = '';
  for (let row = 0; text.length < bytes; row += 1) {
    text += `{"row":${row},"name":"customer ${(row * 7919) % 9973}","city":"Graz","total":${(row * 104729) % 100003}}\n`;
  }
  return text.slice(0, bytes);
}

/** Start-up, replacement and memory at rest are no scenario of load: `--scenario start-up` asks for them alone. */
const START_UP = 'start-up';

function splitStartUp(wanted: readonly string[]): { names: string[]; startUp: boolean } {
  return { names: wanted.filter((name) => name !== START_UP), startUp: wanted.includes(START_UP) };
}

async function runScenarios(
  chosen: readonly Scenario[],
  peers: readonly Peer[],
  plan: RunPlan,
  upstreams: Readonly<Record<Scenario['upstream'], Upstream>>,
): Promise<ScenarioResult[]> {
  const results: ScenarioResult[] = [];
  for (const scenario of chosen) {
    const { port } = upstreams[scenario.upstream];
    results.push(await runScenario(scenario, peers, { ...plan, upstreamPort: port }));
  }
  return results;
}

async function measureAll(options: BenchOptions, folder: string): Promise<BenchResult> {
  const peers = choose('peer', listPeers(options.nodePaths), options.peers, options.quick);
  const { names, startUp } = splitStartUp(options.scenarios);
  const chosen = startUp && names.length === 0 ? [] : choose('scenario', scenarios, names, options.quick);
  const present = peers.filter((peer) => peer.missing() === null);
  const missing = peers.map((peer) => [peer.name, peer.missing()] as const);
  const notAvailable: Record<string, string> = {};
  for (const [name, reason] of missing) if (reason !== null) notAvailable[name] = reason;
  for (const [name, reason] of Object.entries(notAvailable)) tell(`not available: ${name}, ${reason}`);
  const machine = describeMachine();
  const { rounds, measureMs, quick } = options;
  writeContent(folder);
  const certificates = await writeCertificates(folder);
  const upstreams = { content: await startContentUpstream(folder), echo: await startNodeUpstream(folder) };
  const warmUpMs = Math.round(measureMs * WARM_UP_SHARE);
  const upstreamPort = upstreams.content.port;
  const plan: RunPlan = { folder, certificates, upstreamPort, rounds, measureMs, warmUpMs, tell };
  const results = await runScenarios(chosen, present, plan, upstreams);
  const partial = options.scenarios.length > 0;
  if (!partial || startUp) tell(START_UP);
  return {
    ...{ schema: 1, takenAt: new Date().toISOString(), quick, rounds, measureMs, machine },
    versions: {
      ...listToolVersions(),
      upstream: upstreams.content.program,
      ...Object.fromEntries(present.map((peer) => [peer.name, peer.version()])),
    },
    notAvailable,
    scenarios: results,
    startup: partial && !startUp ? [] : await measureStartup(present, plan, quick ? QUICK_STARTS : STARTS),
    command: partial ? null : measureCommand(),
  };
}

/** Prints how this tree stands beside a revision of it, and says by the exit code whether the bound holds. */
async function compareAll(options: BenchOptions, folder: string): Promise<void> {
  const { rounds, measureMs } = options;
  const wanted = options.scenarios.length === 0 ? COMPARED_SCENARIOS : options.scenarios;
  const chosen = choose('scenario', scenarios, wanted, false);
  writeContent(folder);
  const certificates = await writeCertificates(folder);
  const upstreams = { content: await startContentUpstream(folder), echo: await startNodeUpstream(folder) };
  const warmUpMs = Math.round(measureMs * WARM_UP_SHARE);
  const plan: RunPlan = {
    ...{ folder, certificates, upstreamPort: upstreams.content.port },
    ...{ rounds, measureMs, warmUpMs, tell },
  };
  const revision = buildRevision(options.compare ?? 'HEAD', folder);
  try {
    let failed = false;
    for (const pair of comparedPeers(revision, options.nodePaths)) {
      const results = await runScenarios(chosen, [pair.now, pair.before], plan, upstreams);
      const comparisons = results.map((result) => compareOutcomes(result, options.boundPercent));
      process.stdout.write(renderComparison(pair.title, comparisons));
      failed ||= comparisons.some(({ verdict }) => verdict !== 'holds');
    }
    if (failed) throw new Error(`dearer than ${revision.name} by more than ${options.boundPercent} %`);
  } finally {
    revision.remove();
  }
}

async function inPrivateFolder<Result>(work: (folder: string) => Promise<Result>): Promise<Result> {
  const folder = mkdtempSync(join(tmpdir(), 'tlsfront-bench-'));
  // As root, nginx reads the files that it serves as another user; keys are for root alone.
  chmodSync(folder, 0o755);
  const cleanUp = async (): Promise<void> => {
    await endAll();
    rmSync(folder, { recursive: true, force: true });
  };
  const interrupt = (): void => {
    void cleanUp().then(() => process.exit(1));
  };
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
  try {
    return await work(folder);
  } finally {
    await cleanUp();
  }
}

function readStored(path: string): BenchResult {
  const stored: BenchResult = JSON.parse(readFileSync(path, 'utf8'));
  if (stored.schema !== 1) throw new UsageError(`${path}, not a result of this bench`);
  return stored;
}

function store(options: BenchOptions, result: BenchResult): void {
  const name = `${result.takenAt.slice(0, 10)}${options.quick ? '-quick' : ''}.json`;
  const path = options.output ?? join(packageRoot, 'bench', 'results', name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `${JSON.stringify(result, null, 1)}\n`);
  tell(`written: ${path}`);
}

async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2));
  if (options.help) {
    const names = listPeers([process.execPath]).map((peer) => peer.name);
    process.stdout.write(`${USAGE}\npeers: ${names.join(', ')}\n`);
    process.stdout.write(
      `scenarios: ${[...scenarios.map((scenario) => scenario.name), START_UP].join(', ')}\n`,
    );
    return;
  }
  if (options.compare !== null) {
    await inPrivateFolder((folder) => compareAll(options, folder));
    return;
  }
  const result =
    options.from === null
      ? await inPrivateFolder((folder) => measureAll(options, folder))
      : readStored(options.from);
  process.stdout.write(renderText(result));
  if (options.from === null) store(options, result);
  const complete = !options.quick && options.scenarios.length === 0 && options.peers.length === 0;
  if (options.docs || (complete && options.from === null)) writeDocuments(join(packageRoot, 'docs'), result);
}

try {
  await main();
} catch (error) {
  const usage = error instanceof UsageError;
  process.stderr.write(`error: ${error instanceof Error ? error.message : String(error)}\n`);
  process.stderr.write(usage ? 'hint: npm run bench -- --help\n' : '');
  process.exitCode = usage ? 2 : 1;
}
