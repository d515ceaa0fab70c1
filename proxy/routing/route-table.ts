/** Which upstreams a request may go to, and which of them is next. */

import { formatRoute } from '../../src/shared/addresses/upstream-text.js';
import type { AppConfig } from '../../src/shared/config/apps.js';
import { hasField, type OutgoingFields } from '../exchange/headers/outgoing-fields.js';
import type { RequestHead } from '../exchange/types.js';
import { FileRoot } from '../upstream/files/file-root.js';
import { NamedFiles } from '../upstream/files/named-files.js';
import { takesRequests, type Upstream } from './upstream.js';

/** The way to an app: host and prefix of its requests, and its upstreams at this moment. */
export class Route {
  readonly host: string;
  readonly prefix: string;
  /** True when one of them cannot read bodies of unknown length. */
  readonly needsLength: boolean;
  /** What metrics call it: host and prefix, or the name of its site and the prefix; empty: every request. */
  readonly name: string;
  /** What the app does not see of its paths: the prefix, or nothing. */
  readonly strippedPrefix: string;
  /** Files that the app may name; null: none. */
  readonly namedFiles: NamedFiles | null;

  constructor(
    readonly app: AppConfig,
    readonly upstreams: readonly Upstream[],
  ) {
    const { route, stripPrefix } = app;
    this.host = route.host;
    this.prefix = route.prefix;
    this.name = app.site === null ? formatRoute(route) : app.name;
    this.strippedPrefix = stripPrefix ? route.prefix : '';
    this.namedFiles = app.sendfile.length === 0 ? null : new NamedFiles(app.sendfile);
    this.needsLength = upstreams.some((upstream) => upstream.needsLength);
  }

  /**
   * The upstream that takes requests and has the fewest requests in flight for its weight; among equals they take turns by weight.
   * @param avoided upstreams that were tried already
   */
  pick(avoided: readonly Upstream[] = []): Upstream | null {
    const { upstreams } = this;
    if (upstreams.length === 1) {
      const [only = null] = upstreams;
      return only !== null && takesRequests(only) && !avoided.includes(only) ? only : null;
    }
    let least: Upstream | null = null;
    for (const upstream of upstreams) {
      if (!takesRequests(upstream) || avoided.includes(upstream)) continue;
      if (least === null || compareLoad(upstream, least) < 0) least = upstream;
    }
    return least === null ? null : takeTurn(upstreams, least, avoided);
  }

  /** The upstream with one of these keys, if it takes requests. */
  find(keys: readonly string[]): Upstream | null {
    return this.upstreams.find((upstream) => takesRequests(upstream) && keys.includes(upstream.key)) ?? null;
  }

  /** True when another upstream could take what this one does not get. */
  hasOther(upstream: Upstream): boolean {
    return this.upstreams.some((other) => other !== upstream && takesRequests(other));
  }

  /** The path that the app is asked for; `fields`, which it gets, tell of the prefix that it does not see. */
  strip(path: string, fields: OutgoingFields): string {
    const { strippedPrefix } = this;
    if (strippedPrefix === '') return path;
    if (!hasField(fields, 'x-forwarded-prefix')) fields.own.push('x-forwarded-prefix', strippedPrefix);
    return this.pathBelow(path);
  }

  /** The path that the app is asked for, where nobody is told of the prefix. */
  pathFor(path: string): string {
    return this.strippedPrefix === '' ? path : this.pathBelow(path);
  }

  /** What is left of a path without the prefix. */
  pathBelow(path: string): string {
    const rest = path.slice(this.strippedPrefix.length);
    return rest.startsWith('/') ? rest : `/${rest}`;
  }
}

/** An app of which nothing is said. */
export const PLAIN_APP: AppConfig = {
  name: '',
  site: null,
  route: { host: '', prefix: '' },
  upstreams: [],
  worker: null,
  files: null,
  sendfile: [],
  stripPrefix: false,
  sticky: false,
  health: { path: null, intervalMs: 0, statuses: [], failCount: 0, failWindowMs: 0 },
  upstreamTls: { ca: null, insecure: false },
  bufferRequests: false,
  holdMs: 0,
};

/** Leads nowhere. */
export const NO_ROUTE = new Route(PLAIN_APP, []);

/** Below 0 when the first has fewer requests in flight for its weight. */
function compareLoad(first: Upstream, second: Upstream): number {
  return first.inFlight * second.weight - second.inFlight * first.weight;
}

/** Of those that are as busy as `least`, the one whose turn it is: smooth weighted round robin. */
function takeTurn(upstreams: readonly Upstream[], least: Upstream, avoided: readonly Upstream[]): Upstream {
  let best = least;
  let total = 0;
  for (const upstream of upstreams) {
    if (!takesRequests(upstream) || compareLoad(upstream, least) !== 0 || avoided.includes(upstream))
      continue;
    upstream.credit += upstream.weight;
    total += upstream.weight;
    if (upstream.credit > best.credit) best = upstream;
  }
  best.credit -= total;
  return best;
}

/** A folder that is looked into before the routes. */
interface FilesBefore {
  readonly route: Route;
  readonly root: FileRoot;
}

/** All routes; the exact host counts before a wildcard and both before any host, then the longest prefix. */
export class RouteTable {
  private readonly routes: readonly Route[];
  /** In the order in which they are looked into. */
  private readonly before: readonly FilesBefore[];
  /** Set when one route takes everything, as most often. */
  private readonly only: Route | null;

  /** @param apps also those that have no upstream at this moment: their requests wait for one */
  constructor(apps: readonly AppConfig[], upstreams: readonly Upstream[]) {
    const all = apps.map((app) => {
      const own = upstreams.filter((upstream) => upstream.app === app);
      return new Route(app, own);
    });
    this.before = all.flatMap((route) => {
      const { files } = route.app;
      const [folder] = route.app.upstreams;
      if (files?.kind !== 'before' || folder === undefined) return [];
      return [{ route, root: new FileRoot(folder.path ?? '', files) }];
    });
    this.routes = all
      .filter(({ app }) => app.files?.kind !== 'before')
      .sort((first, second) => rank(second) - rank(first) || second.prefix.length - first.prefix.length);
    const [first = NO_ROUTE] = this.routes;
    this.only = this.routes.length === 1 && formatRoute(first) === '' ? first : null;
  }

  /**
   * The route of a request, or null.
   * @param host lower-case, without port
   */
  find(host: string, path: string): Route | null {
    if (this.only !== null) return this.only;
    return (
      this.routes.find((route) => coversHost(route.host, host) && coversPath(route.prefix, path)) ?? null
    );
  }

  /** The route to a file that is served before any app; null: there is none for the request. */
  findFile(head: RequestHead): Route | null {
    const { method, path } = head;
    if (this.before.length === 0 || (method !== 'GET' && method !== 'HEAD')) return null;
    for (const { route, root } of this.before) {
      if (!coversPath(route.prefix, path) || !route.upstreams.some(takesRequests)) continue;
      if (root.has(head, route.pathBelow(path))) return route;
    }
    return null;
  }

  /** True when the route depends on nothing of the request. */
  get takesAll(): boolean {
    return this.only !== null;
  }

  /** The route to an app. */
  routeTo(app: AppConfig): Route | null {
    const isApp = (route: Route): boolean => route.app === app;
    return this.routes.find(isApp) ?? this.before.find(({ route }) => isApp(route))?.route ?? null;
  }
}

/** Longer wildcards are narrower. */
function rank({ host }: Route): number {
  if (host === '') return 0;
  return host.startsWith('*.') ? host.length : 1000;
}

function coversHost(pattern: string, host: string): boolean {
  if (pattern === '' || pattern === host) return true;
  return pattern.startsWith('*.') && host.endsWith(pattern.slice(1)) && host.length > pattern.length - 1;
}

function coversPath(prefix: string, path: string): boolean {
  if (prefix === '') return true;
  if (!path.startsWith(prefix)) return false;
  const next = path.charAt(prefix.length);
  return next === '' || next === '/' || next === '?';
}
