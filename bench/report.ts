/** Turns results into the rows of a table, for the terminal and for Markdown. */
import type { BenchResult, Outcome, Sample, ScenarioResult } from './contract.js';
import { spreadOf, spreadOfKnown } from './statistics.js';

/** The generator used more of its core than this: the throughput may be the generator's. */
const GENERATOR_SATURATED = 0.9;
/** The peer used less of a core than this: the throughput is not its limit. */
const PEER_IDLE = 0.6;

export const COLUMNS = ['peer', 'median', 'min–max', 'throughput/s', 'p50 ms', 'p99 ms', 'RSS MB', 'flags'];

/** Three significant digits, as far as that makes sense. */
export function formatFigure(value: number): string {
  if (value >= 100) return value.toFixed(0);
  if (value >= 10) return value.toFixed(1);
  return value.toFixed(2);
}

function medianOf(samples: readonly Sample[], read: (sample: Sample) => number | null): number | null {
  return spreadOfKnown(samples.map(read))?.median ?? null;
}

function format(value: number | null, unit = 1): string {
  return value === null ? '–' : formatFigure(value / unit);
}

/** `G`: the generator was saturated; `p`: the peer was not. Both say that throughput is not the peer's limit. */
export function flagsOf(samples: readonly Sample[]): string {
  const generator = medianOf(samples, (sample) => sample.generatorCores);
  const peer = medianOf(samples, (sample) => sample.peerCores);
  const flags: string[] = [];
  if (generator !== null && generator > GENERATOR_SATURATED) flags.push('G');
  if (peer !== null && peer < PEER_IDLE) flags.push('p');
  return flags.join(' ');
}

function rowOf(outcome: Outcome): string[] {
  const { samples } = outcome;
  if (samples.length === 0) return [outcome.title, 'failed', '', '', '', '', '', ''];
  const figure = spreadOf(samples.map((sample) => sample.figure));
  const throughput = medianOf(samples, (sample) => sample.throughputPerSecond);
  return [
    outcome.title,
    formatFigure(figure.median),
    `${formatFigure(figure.minimum)}–${formatFigure(figure.maximum)}`,
    throughput === null ? '–' : formatFigure(throughput),
    format(
      medianOf(samples, (sample) => sample.p50Micros),
      1000,
    ),
    format(
      medianOf(samples, (sample) => sample.p99Micros),
      1000,
    ),
    format(
      medianOf(samples, (sample) => sample.rssBytes),
      1e6,
    ),
    outcome.failure === null
      ? [flagsOf(samples), 'r'.repeat(outcome.retries.length)].join(' ').trim()
      : 'then failed',
  ];
}

function medianFigure(result: BenchResult, scenario: string, peer: string): number | null {
  const outcome = result.scenarios
    .find(({ name }) => name === scenario)
    ?.outcomes.find((candidate) => candidate.peer === peer);
  return outcome === undefined ? null : medianOf(outcome.samples, (sample) => sample.figure);
}

/** How much two processes serve beside one, core for core: 2 is perfect. */
export function scalingLines(result: BenchResult): string[] {
  const lines: string[] = [];
  for (const [single, double] of [
    ['h1', 'two-routers'],
    ['h2', 'two-routers-h2'],
  ] as const) {
    for (const { peer, title } of result.scenarios.find(({ name }) => name === double)?.outcomes ?? []) {
      const one = medianFigure(result, single, peer);
      const two = medianFigure(result, double, peer);
      if (one === null || two === null) continue;
      lines.push(
        `${title}, ${single}: ${((2 * one) / two).toFixed(2)} × one process's throughput per busy core`,
      );
    }
  }
  return lines;
}

function medianPart(values: readonly number[] | undefined, words: (median: number) => string): string | null {
  return values === undefined || values.length === 0 ? null : words(spreadOf(values).median);
}

/** Start-up, replacement, memory at rest and size, one sentence each. */
export function commandLines(result: BenchResult): string[] {
  const lines = result.startup.map((start) => {
    const { minimum, median, maximum } = spreadOf(start.firstConnectionMs);
    const parts = [
      `first TLS connection ${median.toFixed(0)} ms after its start (${minimum.toFixed(0)}–${maximum.toFixed(0)})`,
      medianPart(
        start.restingBytes,
        (bytes) => `at rest ${(bytes / 1e6).toFixed(0)} MB (PSS of all processes)`,
      ),
      medianPart(start.reloadMs, (ms) => `all that serves replaced ${ms.toFixed(0)} ms after SIGHUP`),
      medianPart(
        start.respawnMs,
        (ms) => `served again ${ms.toFixed(0)} ms after all that serves was killed`,
      ),
    ];
    return `${start.title}: ${parts.filter((part) => part !== null).join('; ')}`;
  });
  const { command } = result;
  if (command === null) return lines;
  const [version, bare] = [spreadOf(command.versionMs).median, spreadOf(command.nodeBareMs).median];
  const megabytes = (command.packageBytes + command.dependencyBytes) / 1e6;
  return [
    ...lines,
    `\`tlsfront --version\`: ${version.toFixed(0)} ms, \`node -e 0\`: ${bare.toFixed(0)} ms`,
    `Installed size: ${megabytes.toFixed(1)} MB (package ${(command.packageBytes / 1e6).toFixed(2)} MB, ${command.dependencies.length} dependencies)`,
  ];
}

/** The rows of one scenario, cheapest first; peers that failed last. */
export function rowsOf(scenario: ScenarioResult): string[][] {
  const order = (outcome: Outcome): number =>
    medianOf(outcome.samples, (sample) => sample.figure) ?? Number.POSITIVE_INFINITY;
  return [...scenario.outcomes].sort((one, other) => order(one) - order(other)).map(rowOf);
}

/** The whole result as text with aligned columns. */
export function renderText(result: BenchResult): string {
  const lines: string[] = [];
  for (const scenario of result.scenarios) {
    const table = [COLUMNS, ...rowsOf(scenario)];
    const widths = COLUMNS.map((_name, column) => Math.max(...table.map((row) => row[column]?.length ?? 0)));
    lines.push('', `${scenario.title} [${scenario.unit}]`);
    for (const row of table) {
      const cells = row.map((cell, column) =>
        column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
      );
      lines.push(`  ${cells.join('  ').trimEnd()}`);
    }
  }
  const facts = [...scalingLines(result), ...commandLines(result)];
  if (facts.length > 0) lines.push('', ...facts.map((line) => line.replaceAll('`', '')));
  for (const [peer, reason] of Object.entries(result.notAvailable))
    lines.push(`not available: ${peer}, ${reason}`);
  lines.push(
    'flags: G = the load generator was saturated, p = the peer was not (throughput is not its limit), r = a measurement failed once and was taken again',
  );
  return `${lines.join('\n')}\n`;
}
