/** Draws results as one SVG: a panel a scenario, a bar a peer, a whisker from the smallest to the largest round. */
import type { BenchResult, ScenarioResult } from './contract.js';
import { formatFigure } from './report.js';
import { type Spread, spreadOf } from './statistics.js';

/** Scenarios that fit a page; the table has all of them. */
const CHARTED = [
  'h1',
  'h2',
  'h2-one',
  'post',
  'download',
  'upload',
  'handshake',
  'resumption',
  'half-load',
  'websocket',
  'idle',
];
const PANEL_WIDTH = 470;
const GAP = 28;
const MARGIN = 16;
const LABEL_WIDTH = 178;
const VALUE_WIDTH = 62;
const BAR_SPACE = PANEL_WIDTH - LABEL_WIDTH - VALUE_WIDTH;
const BAR_HEIGHT = 14;
const ROW_HEIGHT = 21;
const HEADING_HEIGHT = 44;
const FOOTER_HEIGHT = 30;
/** A bar longer than so many of the shortest one is drawn broken: one outlier would flatten all others. */
const MAX_RATIO = 12;

/** Readable on white and on black alike where a viewer ignores the colour scheme query. */
const STYLE = `
  text { font: 12px system-ui, sans-serif; fill: #57606a }
  .title { font-weight: 600; font-size: 13px; fill: #24292f }
  .own { font-weight: 600; fill: #24292f }
  .bar { fill: #9aa4af }
  .bar.own { fill: #2f81f7 }
  .whisker { stroke: #57606a; stroke-width: 1.5 }
  @media (prefers-color-scheme: dark) {
    text { fill: #9da7b3 }
    .title, text.own { fill: #e6edf3 }
    .bar { fill: #5b6570 }
    .whisker { stroke: #c9d1d9 }
  }`;

interface Bar {
  readonly title: string;
  readonly own: boolean;
  readonly spread: Spread;
}

function escapeText(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}

function barsOf(scenario: ScenarioResult): Bar[] {
  return scenario.outcomes
    .filter(({ samples }) => samples.length > 0)
    .map(({ title, own, samples }) => ({ title, own, spread: spreadOf(samples.map(({ figure }) => figure)) }))
    .sort((one, other) => one.spread.median - other.spread.median);
}

function panelHeight(bars: readonly Bar[]): number {
  return HEADING_HEIGHT + bars.length * ROW_HEIGHT;
}

/** A bar with a gap: longer than it is drawn. */
function drawBroken(start: number, top: number, bar: Bar): string {
  const own = bar.own ? ' own' : '';
  const tail = start + BAR_SPACE - 14;
  return [
    `<rect class="bar${own}" x="${start}" y="${top}" width="${BAR_SPACE - 20}" height="${BAR_HEIGHT}"/>`,
    `<rect class="bar${own}" x="${tail}" y="${top}" width="14" height="${BAR_HEIGHT}"/>`,
    `<text class="value${own}" x="${start + BAR_SPACE + 8}" y="${top + 11}">${formatFigure(bar.spread.median)}</text>`,
  ].join('\n');
}

function drawBar(bar: Bar, left: number, top: number, largest: number): string {
  const { minimum, median, maximum } = bar.spread;
  const start = left + LABEL_WIDTH;
  const scale = BAR_SPACE / largest;
  const at = (value: number): string => (start + Math.min(value, largest) * scale).toFixed(1);
  const middle = top + BAR_HEIGHT / 2;
  const own = bar.own ? ' own' : '';
  const label = `<text class="label${own}" x="${start - 8}" y="${top + 11}" text-anchor="end">${escapeText(bar.title)}</text>`;
  if (median > largest) return `${label}\n${drawBroken(start, top, bar)}`;
  return [
    label,
    `<rect class="bar${own}" x="${start}" y="${top}" width="${Math.max(1, median * scale).toFixed(1)}" height="${BAR_HEIGHT}" rx="2"/>`,
    `<path class="whisker" d="M${at(minimum)} ${middle}H${at(maximum)}M${at(minimum)} ${middle - 4}v8M${at(maximum)} ${middle - 4}v8"/>`,
    `<text class="value${own}" x="${(start + Math.min(maximum, largest) * scale + 8).toFixed(1)}" y="${top + 11}">${formatFigure(median)}</text>`,
  ].join('\n');
}

function drawPanel(scenario: ScenarioResult, bars: readonly Bar[], left: number, top: number): string {
  const shortest = Math.min(...bars.map(({ spread }) => spread.median));
  const longest = Math.max(...bars.map(({ spread }) => spread.maximum));
  const largest = Math.min(longest, MAX_RATIO * shortest);
  return [
    `<text class="title" x="${left}" y="${top + 14}">${escapeText(scenario.title)}</text>`,
    `<text x="${left}" y="${top + 31}">${escapeText(scenario.unit)}, less is better</text>`,
    ...bars.map((bar, index) => drawBar(bar, left, top + HEADING_HEIGHT + index * ROW_HEIGHT, largest)),
  ].join('\n');
}

/** The chart of a result as an SVG document. */
export function renderChart(result: BenchResult): string {
  const panels = result.scenarios
    .filter(({ name }) => CHARTED.includes(name))
    .map((scenario) => ({ scenario, bars: barsOf(scenario) }))
    .filter(({ bars }) => bars.length > 0);
  const columnEnds = [MARGIN, MARGIN];
  const drawn = panels.map(({ scenario, bars }) => {
    const [first = 0, second = 0] = columnEnds;
    const column = first <= second ? 0 : 1;
    const top = columnEnds[column] ?? 0;
    columnEnds[column] = top + panelHeight(bars) + GAP;
    return drawPanel(scenario, bars, MARGIN + column * (PANEL_WIDTH + GAP), top);
  });
  const width = 2 * MARGIN + 2 * PANEL_WIDTH + GAP;
  const height = Math.max(...columnEnds) + FOOTER_HEIGHT;
  const { processor, cores } = result.machine;
  const footer = `Median of ${result.rounds} rounds, whiskers from the smallest to the largest. ${processor}, ${cores} cores, Node ${result.versions.node}, ${result.takenAt.slice(0, 10)}.`;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="CPU cost of tlsfront beside other TLS proxies">
<style>${STYLE}
</style>
${drawn.join('\n')}
<text x="${MARGIN}" y="${height - 14}">${escapeText(footer)}</text>
</svg>
`;
}
