/** `npm run bench -- --compare REV`: this tree beside a revision of it, in one run and in turns, against a bound. */
import { execFileSync } from 'node:child_process';
import { existsSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Outcome, Peer, ScenarioResult } from './contract.js';
import { UsageError } from './options.js';
import { builtTlsfront, commandPath } from './peers/tlsfront.js';
import { formatFigure } from './report.js';
import { type Spread, spreadOf } from './statistics.js';
import { askVersion } from './tool.js';

const packageRoot = fileURLToPath(new URL('../../', import.meta.url));

/** What a change of the data path is measured by, where nobody names scenarios. */
export const COMPARED_SCENARIOS = [
  ...['h1', 'h2', 'h2-one', 'post', 'post-h2', 'download', 'download-h2', 'upload', 'upload-h2'],
  ...['handshake', 'websocket'],
];

/** A built tree of an earlier revision. */
export interface Revision {
  /** Its short commit. */
  readonly name: string;
  readonly commandPath: string;
  readonly remove: () => void;
}

function git(...words: string[]): string {
  return execFileSync('git', ['-C', packageRoot, ...words], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

/**
 * Checks a revision out below `folder` and builds it. Packages are this tree's where both ask for the same ones, and
 * installed anew where not. Throws UsageError where git knows no such revision.
 */
export function buildRevision(revision: string, folder: string): Revision {
  let name: string;
  try {
    name = git('rev-parse', '--short', '--verify', '--quiet', `${revision}^{commit}`).trim();
  } catch {
    throw new UsageError(`--compare ${revision}, no revision of this repository`);
  }
  const tree = join(folder, 'revision');
  git('worktree', 'add', '--detach', '--quiet', tree, name);
  const remove = (): void => {
    git('worktree', 'remove', '--force', tree);
  };
  try {
    const lock = 'package-lock.json';
    const same = git('show', `${name}:${lock}`) === git('show', `HEAD:${lock}`);
    if (same) symlinkSync(join(packageRoot, 'node_modules'), join(tree, 'node_modules'));
    else execFileSync('npm', ['ci', '--no-audit', '--no-fund', '--silent'], { cwd: tree, stdio: 'ignore' });
    execFileSync('npm', ['run', '--silent', 'build'], { cwd: tree, stdio: 'ignore' });
  } catch (error) {
    remove();
    throw error;
  }
  const bundle = join(tree, 'dist/bundle/src/cli.js');
  return { name, commandPath: existsSync(bundle) ? bundle : join(tree, 'dist/src/cli.js'), remove };
}

/** This tree and the earlier one, on one Node. */
export interface ComparedPeers {
  readonly title: string;
  readonly now: Peer;
  readonly before: Peer;
}

/** A pair for each Node. */
export function comparedPeers(revision: Revision, nodePaths: readonly string[]): ComparedPeers[] {
  return nodePaths.map((path) => ({
    title: `this tree beside ${revision.name}, on Node ${askVersion(path, ['--version'])}`,
    now: builtTlsfront('tlsfront-now', commandPath, 'direct', path),
    before: builtTlsfront('tlsfront-before', revision.commandPath, 'direct', path),
  }));
}

/** How one scenario came out. */
export interface Comparison {
  readonly scenario: string;
  readonly unit: string;
  /** Medians of both; null where a peer failed. */
  readonly now: number | null;
  readonly before: number | null;
  /** This tree's figure divided by the earlier one's, round by round; null where a peer failed. */
  readonly ratios: Spread | null;
  readonly verdict: 'holds' | 'dearer' | 'failed';
}

/** Judges a scenario by the median of the ratios of its rounds: a slow minute of the machine hits both of a round. */
export function compareOutcomes(result: ScenarioResult, boundPercent: number): Comparison {
  const [now, before] = result.outcomes;
  const common = { scenario: result.title, unit: result.unit };
  const ratios = ratiosOf(now, before);
  if (now === undefined || before === undefined || ratios.length === 0) {
    return { ...common, now: null, before: null, ratios: null, verdict: 'failed' };
  }
  const spread = spreadOf(ratios);
  return {
    ...common,
    now: medianFigure(now),
    before: medianFigure(before),
    ratios: spread,
    verdict: spread.median <= 1 + boundPercent / 100 ? 'holds' : 'dearer',
  };
}

function medianFigure(outcome: Outcome): number {
  return spreadOf(outcome.samples.map(({ figure }) => figure)).median;
}

function ratiosOf(now: Outcome | undefined, before: Outcome | undefined): number[] {
  if (now === undefined || before === undefined) return [];
  if (now.failure !== null || before.failure !== null) return [];
  return now.samples.flatMap(({ figure }, round) => {
    const other = before.samples[round]?.figure;
    return other === undefined ? [] : [figure / other];
  });
}

/** The table of one Node as text. */
export function renderComparison(title: string, comparisons: readonly Comparison[]): string {
  const rows = comparisons.map(({ scenario, unit, now, before, ratios, verdict }) => [
    `${scenario} [${unit}]`,
    now === null ? '–' : formatFigure(now),
    before === null ? '–' : formatFigure(before),
    ratios === null ? '–' : ratios.median.toFixed(3),
    ratios === null ? '' : `${ratios.minimum.toFixed(2)}–${ratios.maximum.toFixed(2)}`,
    verdict === 'holds' ? '' : verdict,
  ]);
  const table = [['scenario', 'now', 'before', 'ratio', 'min–max', ''], ...rows];
  const widths =
    table[0]?.map((_cell, column) => Math.max(...table.map((row) => row[column]?.length ?? 0))) ?? [];
  const lines = table.map((row) =>
    row
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd(),
  );
  return `\n${title}\n  ${lines.join('\n  ')}\n`;
}
