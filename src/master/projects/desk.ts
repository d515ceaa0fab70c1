/** Which projects serve by this front: its own, and those of other processes, each as long as its connection to the control socket. */
import type { JoinRequest, ProjectList, ProjectView } from '../../control/types.js';
import { describeApp } from '../../shared/addresses/upstream-text.js';
import type { Config } from '../../shared/config/config.js';
import { FrontError } from '../../shared/errors.js';
import type { Guest, Projects } from '../../shared/messages/projects.js';
import type { BoundListener } from '../../shared/messages/router-messages.js';
import type { MasterLog } from '../log.js';

/** Many more would be no developer's day any more. */
const MAX_GUESTS = 48;
/** Numbers of guests' upstreams; those of others are above. */
const FIRST_ID = -2_000_000;

/** A project looks for its front every 100 ms once the old one has closed the connection. */
const REJOIN_MS = 10_000;

/** What the front does for the desk. */
export interface Hosting {
  /** In force. */
  config(): Config;
  /** Where it listens; empty: nowhere yet. */
  bound(): readonly BoundListener[];
  /** Tells the routers. */
  give(projects: Projects | null): void;
}

/** The other end of a guest's connection. */
export interface GuestLink {
  /** Asks it to end itself. */
  stop(): void;
  /** It is not served any more, and may look for another front. */
  close(): void;
}

interface Joined {
  readonly guest: Guest;
  readonly view: ProjectView;
  readonly link: GuestLink;
}

export class ProjectDesk {
  private joined: readonly Joined[] = [];
  private lastId = FIRST_ID;
  private isClosed = false;

  constructor(
    private readonly front: Hosting,
    private readonly log: MasterLog,
  ) {}

  /** What the routers serve; null: nobody has joined. */
  get current(): Projects | null {
    // Without others every name is the own project's, as it always was.
    if (this.joined.length === 0) return null;
    const { own } = this;
    return {
      own: own === null ? null : { name: own.name, host: hostOf(own.name), url: own.url },
      guests: this.joined.map(({ guest }) => guest),
    };
  }

  /** All projects, and whether others may join. */
  get list(): ProjectList {
    const https = this.front.bound().filter(({ kind }) => kind === 'https');
    const isHost = this.urlOf('localhost') !== null && !this.isClosed;
    return { isHost, ports: https.map(({ port }) => port), projects: this.all };
  }

  private get all(): readonly ProjectView[] {
    const { own } = this;
    return [...(own === null ? [] : [own]), ...this.joined.map(({ view }) => view)];
  }

  /**
   * Serves a project from now on; the same process may ask again, with other addresses, which replaces what it asked before.
   * @returns its URL and the way to take it out
   * @throws FrontError where the front does not do that, is full, or has the name already
   */
  join(request: JoinRequest, link: GuestLink): { readonly url: string; readonly leave: () => void } {
    const { name, pid, app, addresses, holdMs } = request;
    const host = hostOf(name);
    const url = this.urlOf(host);
    if (url === null || this.isClosed)
      throw new FrontError('config_usage', 'this front serves no projects beside its own', {
        hint: 'start the project with --listen and another port',
      });
    const other = this.all.find((project) => project.name === name && project.pid !== pid);
    if (other !== undefined)
      throw new FrontError('config_usage', `the name ${name} is taken by ${other.app} (pid ${other.pid})`, {
        hint: `give another one: --name NAME; or end that: tlsfront stop ${name}`,
      });
    const before = this.joined.find(({ view }) => view.name === name);
    if (before === undefined && this.joined.length >= MAX_GUESTS)
      throw new FrontError('overloaded', `${MAX_GUESTS} projects have joined already`);
    const upstreams = addresses.map(({ host: address, port }) => {
      const known = before?.guest.upstreams.find((one) => one.host === address && one.port === port);
      if (known !== undefined) return known;
      // One for the name itself, one for the names beneath it.
      this.lastId -= 2;
      return { id: this.lastId, host: address, port };
    });
    const since = before?.view.since ?? new Date().toISOString();
    const joined: Joined = {
      guest: { name, host, url, holdMs, upstreams },
      view: { name, url, app, pid, since },
      link,
    };
    this.joined = [...this.joined.filter((one) => one !== before), joined];
    if (before === undefined) this.log.line(`${name} has joined: ${url} -> ${app} (pid ${pid})`);
    this.front.give(this.current);
    return { url, leave: () => this.leave(joined) };
  }

  /** Serves those that had joined the master whose place this one takes, until they join again. */
  expect(projects: readonly JoinRequest[]): void {
    const link = { stop: () => {}, close: () => {} };
    for (const project of projects) {
      const { leave } = this.join(project, link);
      setTimeout(leave, REJOIN_MS).unref();
    }
  }

  /** Those that have joined, as they have asked for it. */
  get requests(): readonly JoinRequest[] {
    return this.joined.map(({ guest, view }) => {
      const { name, holdMs, upstreams } = guest;
      const addresses = upstreams.map(({ host, port }) => ({ host, port }));
      return { name, holdMs, addresses, pid: view.pid, app: view.app };
    });
  }

  /** Asks a project to end. False: none of these has the name. */
  stop(name: string): boolean {
    const found = this.joined.find(({ view }) => view.name === name);
    found?.link.stop();
    return found !== undefined;
  }

  /** The front ends: its guests look for another. */
  close(): void {
    this.isClosed = true;
    for (const { link } of this.joined) link.close();
    this.joined = [];
  }

  /** The front's own; null: it has none that could be named. */
  private get own(): ProjectView | null {
    const { project, apps } = this.front.config();
    const [app] = apps;
    if (project === null || app === undefined) return null;
    const url = this.urlOf(hostOf(project.name)) ?? '';
    const since = new Date(Date.now() - process.uptime() * 1000).toISOString();
    return { name: project.name, url, app: describeApp(app), pid: process.pid, since };
  }

  /** Of a name here, with the port; null: the front serves no projects. */
  private urlOf(host: string): string | null {
    if (this.front.config().project === null) return null;
    const listener = this.front.bound().find(({ kind }) => kind === 'https');
    if (listener === undefined) return null;
    return `https://${host}${listener.port === 443 ? '' : `:${listener.port}`}`;
  }

  private leave(joined: Joined): void {
    // Its process may have asked again meanwhile.
    if (!this.joined.includes(joined)) return;
    this.joined = this.joined.filter((one) => one !== joined);
    this.log.line(`${joined.view.name} has left (pid ${joined.view.pid})`);
    this.front.give(this.current);
  }
}

function hostOf(name: string): string {
  return `${name}.localhost`;
}
