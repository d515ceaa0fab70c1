/** Draws one frame of `tlsfront top`: lines of text that fit the terminal. */
import type { Status } from '../../control/types.js';
import type { RecentRequest, RecentRequests } from '../../shared/messages/recent-requests.js';
import { paint } from '../../terminal/console.js';
import { duration } from './status.js';
import type { Figures } from './top-figures.js';

/** What the list of requests shows first. */
export const ORDERS = ['slowest', 'latest', 'failed'] as const;

/** What the person at the keyboard has chosen. */
export interface View {
  readonly order: (typeof ORDERS)[number];
  /** Which request of the list is marked. */
  readonly selected: number;
  /** The request that is shown whole; null: the list. */
  readonly opened: RecentRequest | null;
  readonly isPaused: boolean;
}

/** Everything that is known. */
export interface TopData {
  readonly status: Status;
  readonly figures: Figures;
  readonly requests: RecentRequests;
}

/** Where it is drawn. */
export interface Screen {
  readonly columns: number;
  readonly rows: number;
  readonly coloured: boolean;
}

const DAY_SECONDS = 86_400;
/** A certificate that ends sooner is marked. */
const SOON_DAYS = 14;
const MAX_ROWS = 5;
const KEYS = 'q quit  p pause  s sort  up/down choose  enter open';

/** The requests in the order of the list. */
export function listed({ latest, slowest }: RecentRequests, order: View['order']): readonly RecentRequest[] {
  switch (order) {
    case 'slowest':
      return slowest;
    case 'latest':
      return latest;
    case 'failed':
      return latest.filter(({ status, error }) => status >= 400 || error !== '');
    default:
      return order satisfies never;
  }
}

/** As many lines as the screen has rows, or fewer; none is wider than it. */
export function drawFrame(data: TopData, view: View, screen: Screen, time: Date): readonly string[] {
  const { coloured } = screen;
  const head = [headLine(data.status, view, screen.columns, time), ...summary(data.figures)];
  const body = view.opened === null ? overview(data) : [];
  const rest = screen.rows - head.length - body.length - 2;
  const lower =
    view.opened === null
      ? requestLines(data.requests, view, Math.max(3, rest))
      : [...describe(view.opened), '', 'enter or esc: back'];
  return [...head, ...body, ...lower]
    .slice(0, Math.max(1, screen.rows - 1))
    .concat(KEYS)
    .map((line) => finish(line, screen.columns, coloured));
}

const TITLE = '\u0001';
const MARKED = '\u0002';
const BAD = '\u0003';

/** The first character of a line says how it looks; it takes no room. */
function finish(line: string, columns: number, coloured: boolean): string {
  const kind = line[0] ?? '';
  const isStyled = kind === TITLE || kind === MARKED || kind === BAD;
  const text = Array.from(isStyled ? line.slice(1) : line)
    .slice(0, columns)
    .join('');
  if (!isStyled) return text;
  if (kind === MARKED && !coloured) return text;
  return paint(text, kind === TITLE ? 'bold' : kind === BAD ? 'red' : 'cyan', coloured);
}

function headLine(status: Status, { isPaused }: View, columns: number, time: Date): string {
  const left = `tlsfront ${status.version}  pid ${status.pid}  ${status.state}${orderedWord(status)} for ${duration(status.uptimeSeconds)}`;
  const right = `${isPaused ? 'PAUSED  ' : ''}${time.toTimeString().slice(0, 8)}`;
  return `${TITLE}${left.padEnd(columns - right.length - 1)} ${right}`;
}

/** What keeps requests from the apps by order. */
function orderedWord({ interventions }: Status): string {
  if (interventions.maintenance !== null) return ' (MAINTENANCE)';
  return interventions.pause === null ? '' : ' (REQUESTS PAUSED)';
}

function summary(figures: Figures): string[] {
  const { perSecond, p50Ms, p95Ms, p99Ms, clientErrorShare, serverErrorShare } = figures;
  return [
    `requests/s ${rate(perSecond)}   p50 ${bound(p50Ms)}  p95 ${bound(p95Ms)}  p99 ${bound(p99Ms)}   4xx ${percent(clientErrorShare)}  5xx ${percent(serverErrorShare)}`,
    `in flight ${figures.inFlight}  held ${figures.held}  tunnels ${figures.tunnels}  streams ${figures.eventStreams}  connections ${figures.connections}  memory ${Math.round(figures.memoryBytes / 2 ** 20)} MiB  restarts ${figures.restarts}`,
  ];
}

function overview({ status, figures }: TopData): string[] {
  const routes = figures.routes
    .slice(0, MAX_ROWS)
    .map(({ port, route, perSecond, averageMs, failedShare }) => {
      const name = `${route === '' ? 'everything' : route} :${port}`;
      const average = averageMs === null ? '-' : `${averageMs.toFixed(1)} ms`;
      return `${failedShare > 0 ? BAD : ''}  ${column(name, 40)} ${rate(perSecond).padStart(9)} ${average.padStart(12)} ${percent(failedShare).padStart(8)}`;
    });
  // Behind the route, before the weight.
  const leaving = status.upstreams
    .filter(({ state }) => state === 'leaving')
    .map(({ address }) => address.split(',')[0]?.split('=').at(-1));
  const apps = figures.upstreams.slice(0, MAX_ROWS).map(({ name, state: taken, inFlight }) => {
    // The old version of a deploy, while it finishes.
    const state = leaving.includes(name) ? 'drains' : taken;
    return `${state === 'left out' ? BAD : ''}  ${column(name, 40)} ${state.padStart(9)} ${String(inFlight).padStart(12)}`;
  });
  const routers = status.routers.map(({ id, pid, state, counters }) => {
    return `http ${id} (${pid}) ${counters === null ? 'HANGS' : state}`;
  });
  const workers = status.workers.map(
    ({ id, pid, ready }) => `app ${id} (${pid}) ${ready ? 'ready' : 'starting'}`,
  );
  const certificates = status.certificates.slice(0, MAX_ROWS).map(({ names, secondsLeft }) => {
    const days = Math.floor(secondsLeft / DAY_SECONDS);
    const left = secondsLeft <= 0 ? 'EXPIRED' : `${days} ${days === 1 ? 'day' : 'days'} left`;
    return `${days < SOON_DAYS ? BAD : ''}  ${column(names.join(' '), 62)} ${left.padStart(14)}`;
  });
  return [
    `${TITLE}${'ROUTES'.padEnd(42)} ${'req/s'.padStart(9)} ${'average'.padStart(12)} ${'5xx'.padStart(8)}`,
    ...(routes.length === 0 ? ['  no request yet'] : routes),
    `${TITLE}${'APPS'.padEnd(42)} ${'state'.padStart(9)} ${'in flight'.padStart(12)}`,
    ...(apps.length === 0 ? ['  none yet'] : apps),
    `${TITLE}PROCESSES`,
    ...wrap([...routers, ...workers], 78).map((line) => `  ${line}`),
    ...(certificates.length === 0 ? [] : [`${TITLE}CERTIFICATES`, ...certificates]),
  ];
}

function requestLines(requests: RecentRequests, { order, selected }: View, rows: number): string[] {
  const all = listed(requests, order);
  const first = Math.max(0, Math.min(selected - rows + 2, all.length - rows + 1));
  const lines = all.slice(first, first + rows - 1).map((request, index) => {
    const isMarked = first + index === selected;
    const kind = isMarked ? MARKED : request.status >= 500 || request.error !== '' ? BAD : '';
    const clock = new Date(request.atMs).toTimeString().slice(0, 8);
    const took = `${request.durationMs.toFixed(1)} ms`;
    return `${kind}${isMarked ? '>' : ' '} ${clock} ${took.padStart(11)} ${request.status || '---'} ${request.method} ${request.host}${request.path}`;
  });
  return [
    `${TITLE}REQUESTS, ${order}`,
    ...(lines.length === 0 ? ['  none since this began to look'] : lines),
  ];
}

function describe(request: RecentRequest): string[] {
  const rows: readonly (readonly [string, string])[] = [
    ['request', `${request.method} ${request.path}`],
    ['host', request.host],
    ['ended', new Date(request.atMs).toISOString()],
    [
      'status',
      `${request.status || 'none: the client left'}${request.error === '' ? '' : `, ${request.error}`}`,
    ],
    ['took', `${request.durationMs.toFixed(1)} ms`],
    ['body', `${request.bytes} bytes`],
    ['client', `${request.remote}, ${request.protocol}`],
    ['app', request.upstream || 'none was asked'],
    ['id', request.requestId],
  ];
  return ['', ...rows.map(([name, text]) => `${name.padEnd(9)}${text}`)];
}

function column(text: string, width: number): string {
  return text.length > width ? `${text.slice(0, width - 1)}~` : text.padEnd(width);
}

function wrap(parts: readonly string[], width: number): string[] {
  const lines: string[] = [];
  for (const part of parts) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + part.length + 3 <= width)
      lines[lines.length - 1] = `${last}   ${part}`;
    else lines.push(part);
  }
  return lines;
}

function rate(perSecond: number): string {
  return perSecond < 100 ? perSecond.toFixed(1) : String(Math.round(perSecond));
}

function percent(share: number): string {
  return `${(share * 100).toFixed(share > 0 && share < 0.1 ? 1 : 0)} %`;
}

function bound(milliseconds: number | null): string {
  if (milliseconds === null) return '-';
  if (milliseconds === Number.POSITIVE_INFINITY) return '>10 s';
  return milliseconds < 1000 ? `<${milliseconds} ms` : `<${milliseconds / 1000} s`;
}
