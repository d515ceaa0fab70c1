/** The upstreams of a router: which are up, which request goes to which, and who waits for one to come up. */

import { formatUpstream } from '../../src/shared/addresses/upstream-text.js';
import type { AppConfig } from '../../src/shared/config/apps.js';
import type { Projects } from '../../src/shared/messages/projects.js';
import type { UpstreamState } from '../../src/shared/messages/router-messages.js';
import type { RequestHead } from '../exchange/types.js';
import { Dialer } from '../upstream/dial.js';
import { hostOf } from '../wire/syntax/field-list.js';
import { guestApps, isUnknownProject, NO_GUESTS } from './guest-apps.js';
import { type Route, RouteTable } from './route-table.js';
import { createUpstream, type Upstream } from './upstream.js';

const PROBE_EVERY_MS = 150;
const PROBE_TIMEOUT_MS = 2000;
const MAX_HELD = 1024;

/** Finds out whether an upstream is well; `done` is called once. */
export type Probe = (upstream: Upstream, done: (isWell: boolean) => void) => void;

/** Hears why requests are no longer sent to an upstream, and that they are again (null). */
export type ReachabilityListener = (upstream: Upstream, reason: string | null) => void;

/** A request that waits for an upstream. Exactly one of the two is called, once. */
export interface HeldRequest {
  /** An upstream is up now. */
  resume(upstream: Upstream): void;
  /** The hold is over. */
  giveUp(): void;
}

interface Held {
  readonly route: Route;
  readonly request: HeldRequest;
  readonly deadlineMs: number;
}

/** Finds the route of a request, watches the upstreams' health, and holds requests while none of a route is up. */
export class Upstreams {
  private list: Upstream[] = [];
  /** The master's word on the apps of the configuration. */
  private states: readonly UpstreamState[] = [];
  /** Of projects that have joined; null: none has. */
  private projects: Projects | null = null;
  private guests = NO_GUESTS;
  private drained: readonly string[] = [];
  /** Of requests that no site takes, then those of the sites. */
  private tables: readonly RouteTable[];
  private held: Held[] = [];
  private timer: NodeJS.Timeout | null = null;
  /** Of the apps that have a health path; the others are asked for a connection. */
  private readonly probes = new Map<AppConfig, Probe>();

  /** @param onReachable called when nothing answers at an upstream that did, and when it does again */
  constructor(
    private readonly apps: readonly AppConfig[],
    private readonly onReachable: ReachabilityListener = () => {},
  ) {
    this.tables = this.buildTables();
  }

  /** Takes the master's word on which upstreams there are; known ones keep their counts. */
  update(states: readonly UpstreamState[]): void {
    this.states = states;
    this.settle();
  }

  /** Takes the master's word on which projects have joined; null: none. */
  welcome(projects: Projects | null): void {
    if (projects === null && this.projects === null) return;
    this.projects = projects;
    this.guests = projects === null ? NO_GUESTS : guestApps(projects, this.guests.apps);
    this.settle();
  }

  private get allApps(): readonly AppConfig[] {
    return this.guests.apps.length === 0 ? this.apps : [...this.apps, ...this.guests.apps];
  }

  private settle(): void {
    const { allApps } = this;
    const joined = this.guests.upstreams.map((state) => ({ ...state, app: state.app + this.apps.length }));
    const before = new Map(this.list.map((upstream) => [upstream.id, upstream]));
    this.list = [...this.states, ...joined].flatMap((state) => {
      const app = allApps[state.app];
      if (app === undefined) return [];
      const known = before.get(state.id);
      if (known?.app !== app || formatUpstream(known) !== formatUpstream(state))
        return [this.placed(createUpstream(state, app))];
      before.delete(state.id);
      known.leaving = state.leaving;
      this.placed(known);
      known.managed = !state.ready;
      known.up = state.ready;
      return [known];
    });
    for (const old of before.values()) old.gone = true;
    const waiting = this.held;
    this.tables = this.buildTables();
    this.held = waiting.flatMap((entry) => {
      const route = this.routeTo(entry.route.app);
      return route === null ? [] : [{ ...entry, route }];
    });
    this.release();
  }

  /** Takes the operator's word on which get no new requests. @param names as logs call them */
  drain(names: readonly string[]): void {
    this.drained = names;
    for (const upstream of this.list) this.placed(upstream);
    this.release();
  }

  /** Whether it is taken out, by all that is known. */
  private placed(upstream: Upstream): Upstream {
    upstream.drained = upstream.leaving !== undefined || this.drained.includes(upstream.name);
    return upstream;
  }

  /** All upstreams, for reports. */
  get all(): readonly Upstream[] {
    return this.list;
  }

  /** Number of requests on hold. */
  get heldCount(): number {
    return this.held.length;
  }

  /** The route of a request; null when nothing is served there. @param site index into Config.sites; null: no site takes it */
  find(head: RequestHead, site: number | null): Route | null {
    const table = this.tables[site === null ? 0 : site + 1];
    if (table === undefined) return null;
    const file = table.findFile(head);
    if (file !== null) return file;
    if (table.takesAll) return table.find('', '');
    const host = hostOf(head.authority).replace(/\.$/, '');
    const route = table.find(host, head.path);
    const isOwn = route !== null && route.host === '';
    return isOwn && this.projects !== null && isUnknownProject(host, this.projects) ? null : route;
  }

  /** The same route as it is now: the upstreams may have changed since it was found. */
  current(route: Route): Route {
    return this.routeTo(route.app) ?? route;
  }

  /** A connection was refused: nobody is sent there until a probe finds it up. */
  markDown(upstream: Upstream, reason = 'nothing answers there'): void {
    // The master tells of workers itself, and of those that a deploy has taken out.
    if (upstream.up && !upstream.managed && upstream.leaving === undefined)
      this.onReachable(upstream, reason);
    upstream.up = false;
    this.watch();
  }

  /** A request failed there: after too many of these in a while it is left out, unless it is the last of its route. */
  noteFailure(upstream: Upstream): void {
    const { failCount, failWindowMs } = upstream.app.health;
    if (failCount === 0 || !upstream.up || upstream.leaving !== undefined) return;
    const nowMs = performance.now();
    if (nowMs - upstream.failingSinceMs > failWindowMs) {
      upstream.failures = 0;
      upstream.failingSinceMs = nowMs;
    }
    upstream.failures += 1;
    if (upstream.failures < failCount || !this.routeTo(upstream.app)?.hasOther(upstream)) return;
    upstream.failures = 0;
    upstream.outUntilMs = nowMs + failWindowMs;
    this.markDown(upstream, `${failCount} failures within ${failWindowMs / 1000} s`);
  }

  /** Asks the upstreams of an app in its interval by `probe`, which from now on also brings back those that are down. */
  check(app: AppConfig, probe: Probe): void {
    this.probes.set(app, probe);
    const checkAll = (): void => {
      for (const upstream of this.list) if (upstream.app === app && !upstream.managed) this.examine(upstream);
    };
    setInterval(checkAll, app.health.intervalMs).unref();
    checkAll();
  }

  /** Has a request wait for an upstream of a route, at most as long; false: nobody is held, or too many are. */
  hold(route: Route, request: HeldRequest, mostMs: number): boolean {
    const holdMs = Math.min(route.app.holdMs, mostMs);
    if (holdMs === 0 || this.held.length >= MAX_HELD) return false;
    this.held.push({ route, request, deadlineMs: performance.now() + holdMs });
    this.watch();
    return true;
  }

  /** The request waits no longer. */
  leave(request: HeldRequest): void {
    this.held = this.held.filter((other) => other.request !== request);
  }

  private buildTables(): readonly RouteTable[] {
    const last = Math.max(-1, ...this.apps.map(({ site }) => site ?? -1));
    return [null, ...Array.from({ length: last + 1 }, (_one, site) => site)].map((site) => {
      return new RouteTable(
        this.allApps.filter((app) => app.site === site),
        this.list,
      );
    });
  }

  private routeTo(app: AppConfig): Route | null {
    return this.tables[app.site === null ? 0 : app.site + 1]?.routeTo(app) ?? null;
  }

  private watch(): void {
    if (this.timer !== null) return;
    this.timer = setInterval(() => this.tick(), PROBE_EVERY_MS);
    this.timer.unref();
    this.tick();
  }

  private tick(): void {
    const now = performance.now();
    const late = this.held.filter((entry) => entry.deadlineMs <= now);
    if (late.length > 0) {
      this.held = this.held.filter((entry) => entry.deadlineMs > now);
      for (const entry of late) entry.request.giveUp();
    }
    const down = this.list.filter((upstream) => !upstream.up && !upstream.managed);
    if (down.length === 0 && this.held.length === 0 && this.timer !== null) {
      clearInterval(this.timer);
      this.timer = null;
    }
    for (const upstream of down) if (upstream.outUntilMs <= now) this.examine(upstream);
  }

  private examine(upstream: Upstream): void {
    if (upstream.probing) return;
    upstream.probing = true;
    const probe = this.probes.get(upstream.app) ?? probeByConnecting;
    probe(upstream, (isWell) => {
      upstream.probing = false;
      if (upstream.managed || upstream.gone) return;
      if (!isWell && upstream.up) this.markDown(upstream, 'its health check fails');
      else if (isWell && !upstream.up && upstream.outUntilMs <= performance.now()) {
        upstream.up = true;
        this.onReachable(upstream, null);
        this.release();
      }
    });
  }

  private release(): void {
    const held = this.held;
    this.held = [];
    const waiting: Held[] = [];
    for (const entry of held) {
      const upstream = entry.route.pick();
      if (upstream === null) waiting.push(entry);
      else entry.request.resume(upstream);
    }
    // Whoever was resumed may wait again already.
    this.held = [...waiting, ...this.held];
  }
}

/** Trusts nobody: it is asked for plain connections only. */
const PLAIN = new Dialer({ ca: null, insecure: false });

/** Healthy: accepts TCP connections. */
function probeByConnecting(upstream: Upstream, done: (isWell: boolean) => void): void {
  const timer = setTimeout(() => settle(false), PROBE_TIMEOUT_MS).unref();
  const dialling = PLAIN.open(upstream, {
    onConnected: (socket) => {
      socket.on('error', () => {});
      socket.destroy();
      settle(true);
    },
    onFailed: () => settle(false),
  });
  const settle = (isWell: boolean): void => {
    clearTimeout(timer);
    dialling.end();
    done(isWell);
  };
}
