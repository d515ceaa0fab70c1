/** What crosses the control socket: one page for the server in the master and for its clients. docs/control.md says it in words. */
import type { Counters } from '../shared/counters.js';
import type { ErrorCode } from '../shared/errors.js';
import type { Interventions, Maintenance, Pause } from '../shared/messages/interventions.js';
import type { RecentRequests } from '../shared/messages/recent-requests.js';

/** Where the front is in its life; see src/master/life.ts. */
export type FrontState = 'starting' | 'serving' | 'reloading' | 'draining' | 'ended';

/** What becomes of requests for an upstream: it gets them, it has not started yet, `tlsfront drain` has taken it out, or a deploy has. */
export type UpstreamWord = 'up' | 'starting' | 'drained' | 'leaving';

/** How the last reload ended; null where there was none. */
export interface LastReload {
  /** ISO 8601. */
  readonly time: string;
  /** null: the new generation serves. */
  readonly error: string | null;
}

/** `GET /v1/status`. */
export interface Status {
  readonly version: string;
  readonly node: string;
  /** Of the master. */
  readonly pid: number;
  readonly state: FrontState;
  readonly uptimeSeconds: number;
  /** The addresses as bound. */
  readonly listeners: readonly {
    readonly kind: 'https' | 'http' | 'redirect';
    readonly host: string;
    readonly port: number;
  }[];
  readonly upstreams: readonly {
    readonly address: string;
    readonly ready: boolean;
    readonly state: UpstreamWord;
  }[];
  /** Sum over all routers that answered. */
  readonly counters: Readonly<Partial<Record<keyof Counters, number>>>;
  readonly routers: readonly {
    readonly id: number;
    readonly pid: number;
    readonly state: 'serving' | 'draining';
    /** null: it did not answer within a second. */
    readonly counters: Readonly<Counters> | null;
  }[];
  readonly workers: readonly {
    readonly id: number;
    readonly pid: number;
    readonly address: string;
    readonly ready: boolean;
  }[];
  readonly certificates: readonly {
    readonly names: readonly string[];
    readonly notAfter: string;
    readonly secondsLeft: number;
    readonly file: string | null;
  }[];
  /** What operators have ordered beside the configuration. */
  readonly interventions: Interventions;
  readonly lastReload: LastReload | null;
  /** null: the lines go to stderr. */
  readonly logFile: string | null;
}

/** One app: a worker of ours, or where one runs already. `GET /v1/apps`. */
export interface AppView {
  readonly address: string;
  readonly ready: boolean;
  readonly state: UpstreamWord;
  /** null: the app is not ours. */
  readonly worker: { readonly id: number; readonly pid: number } | null;
}

/** `GET /v1/interventions`: what operators have ordered beside the configuration. */
export type InterventionsView = Interventions;

/** A line of `GET /v1/events`; the first one tells the state as it is. */
export type FrontEvent = { readonly time: string } & (
  | { readonly type: 'state'; readonly state: FrontState }
  /** A line of the master's log. */
  | { readonly type: 'line'; readonly line: string }
);

/** A row of `GET /v1/bans`, and the answer to `POST /v1/ban`. */
export interface BanView {
  /** In CIDR notation. */
  readonly address: string;
  /** ISO 8601; null: until it is taken back. */
  readonly until: string | null;
}

/** A project that serves by a front. */
export interface ProjectView {
  readonly name: string;
  readonly url: string;
  /** Its command, file or address. */
  readonly app: string;
  /** Of the tlsfront that keeps it. */
  readonly pid: number;
  /** ISO 8601. */
  readonly since: string;
}

/** `GET /v1/projects`. */
export interface ProjectList {
  /** Others may join. */
  readonly isHost: boolean;
  /** HTTPS ports. */
  readonly ports: readonly number[];
  readonly projects: readonly ProjectView[];
}

/** `POST /v1/join`: what the query of a project says. */
export interface JoinRequest {
  readonly name: string;
  readonly pid: number;
  readonly app: string;
  readonly holdMs: number;
  readonly addresses: readonly { readonly host: string; readonly port: number }[];
}

/** A line of its answer, which lasts as long as the project is served. */
export type JoinLine =
  | { readonly type: 'joined'; readonly url: string }
  /** The project is asked to end. */
  | { readonly type: 'stop' };

/** `POST /v1/deploy`: the new version of an app. */
export interface DeployRequest {
  /** Its name; null: the only one. */
  readonly app: string | null;
  /** Where the new version runs, as `--upstream` takes it; empty: `command`, or what the configuration says. */
  readonly upstreams: readonly string[];
  /** Program and arguments to start it; null: `upstreams`, or what the configuration says. */
  readonly command: readonly string[] | null;
  /** Where the command is started; null: where the front was. */
  readonly folder: string | null;
  /** What it is asked for; null: `--health-path`, or / with any answer below 500. */
  readonly path: string | null;
  /** So many times in a row. */
  readonly checks: number;
  /** For its start and the checks. */
  readonly timeoutMs: number;
  /** Longest wait for what is in flight at the old version. */
  readonly drainMs: number;
}

/** Why something was not done. */
export interface Failure {
  readonly error: string;
  /** The next step; null where there is none to name. */
  readonly hint: string | null;
  readonly code: ErrorCode;
  /** What the command ends with: 1, or 2 for wrong usage or configuration. */
  readonly exitCode: number;
}

/** The lines of JSON that answer a call which takes its time; the last one is `done` or `failed`. */
export type Progress =
  | { readonly type: 'progress'; readonly text: string }
  | { readonly type: 'done'; readonly text: string }
  | ({ readonly type: 'failed' } & Failure);

/** What the master can do for whoever asks over the socket. */
export interface ControlVerbs {
  readonly state: FrontState;
  status(): Promise<Status>;
  apps(): readonly AppView[];
  /** In the form that `accept`, a field of HTTP, asks for. */
  metrics(accept: string | undefined): Promise<{ readonly type: string; readonly text: string }>;
  /** The latest and slowest requests; they are remembered for ten seconds after each call only. */
  requests(): Promise<RecentRequests>;
  /** Resolves with null when the new generation serves, else with why the old one stays. */
  reload(): Promise<Failure | null>;
  /** Resolves with the process id of the new master once it serves and this one drains. @throws FrontError that says why this one stays */
  upgrade(): Promise<number>;
  /** In force. */
  bans(): readonly BanView[];
  /** Resolves when every router refuses it. @param lastsMs null: until it is taken back */
  ban(address: string, lastsMs: number | null): Promise<BanView>;
  /** Resolves with what is banned no longer; null: it was not banned. */
  unban(address: string): Promise<string | null>;
  /** In force. */
  interventions(): InterventionsView;
  /**
   * Takes an upstream out; resolves with its name when nothing is in flight there, rejects where something still is after `timeoutMs`.
   * @param onDrained told once it gets no new requests
   */
  drain(upstream: string, timeoutMs: number, onDrained: (name: string) => void): Promise<string>;
  /** Gives it back; resolves with its name when every router sends requests there, null where it was not drained. */
  undrain(upstream: string): Promise<string | null>;
  /** Answers requests with a page. @param message null: our own words; @param allowed clients that the apps serve all the same */
  beginMaintenance(message: string | null, allowed: readonly string[]): Promise<Maintenance>;
  /** The apps answer again; false: they did anyway. */
  endMaintenance(): Promise<boolean>;
  /** Holds requests, each for `maxMs` at most. */
  pause(maxMs: number): Promise<Pause>;
  /** Lets them go; false: none was held. */
  resume(): Promise<boolean>;
  /**
   * Replaces a version of an app; resolves with what has happened when the old one is empty.
   * @param say told of each step; @param signal breaks it off until the new version serves
   */
  deploy(request: DeployRequest, say: (text: string) => void, signal: AbortSignal): Promise<string>;
  projects(): ProjectList;
  /** Serves a project until `leave`. @throws FrontError where it does not */
  join(
    request: JoinRequest,
    link: { stop(): void; close(): void },
  ): { readonly url: string; readonly leave: () => void };
  /** Asks a project that has joined to end; false: there is none of this name. */
  stopProject(name: string): boolean;
  /** Begins the end, or cuts it short. */
  stop(): void;
  /** Opens the log file anew; null: done, or there is none. */
  reopenLog(): Failure | null;
  /** The master's latest lines, oldest first. */
  readonly lines: readonly string[];
  /** @param listener gets every further line. Returns the way to leave. */
  follow(listener: (line: string) => void): () => void;
  /** @param listener gets every state that is entered. Returns the way to leave. */
  onState(listener: (state: FrontState) => void): () => void;
}
