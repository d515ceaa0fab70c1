/** The types that the bench's scenarios, peers, runner and reports share. */

/** What a peer must be able to do for a scenario to make sense on it. */
export type Feature =
  | 'keep-alive'
  | 'h1'
  | 'h2'
  | 'post'
  | 'bodies'
  | 'websocket'
  | 'processes'
  | 'idle'
  | 'reload';

/** What a peer does beside passing requests on. */
export type Setting = 'plain' | 'access log' | 'compression' | 'rate limit' | 'static files';

/** The key of the certificate that peers serve. */
export type LeafKey = 'P-256' | 'RSA-2048';

/** PEM files of the one certificate that every peer serves. */
export interface CertificateFiles {
  readonly rootPath: string;
  readonly certificatePath: string;
  readonly keyPath: string;
  /** Key and certificate in one file, as HAProxy and hitch want them. */
  readonly combinedPath: string;
}

/** Everything a peer needs to know to be started once. */
export interface PeerPlan {
  readonly folder: string;
  readonly listenPort: number;
  readonly upstreamPort: number;
  readonly certificate: CertificateFiles;
  readonly setting: Setting;
  /** What 'static files' serves. */
  readonly contentFolder: string;
  /** Processes (or threads, where the peer counts in threads) that serve. */
  readonly processes: number;
}

/** One command to spawn. */
export interface Launch {
  readonly command: string;
  readonly arguments: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

/** How a peer runs; companions are started first and not counted. */
export interface PeerLaunch extends Launch {
  readonly companions?: readonly Launch[];
}

export interface Peer {
  /** The word that `--peer` takes. */
  readonly name: string;
  readonly title: string;
  readonly features: ReadonlySet<Feature>;
  /** What it can be set to; absent: 'plain' alone. */
  readonly settings?: ReadonlySet<Setting>;
  /** Ours: drawn in another colour. */
  readonly own: boolean;
  /** In the set of `--quick`. */
  readonly quick: boolean;
  /** Null when the peer can run here, otherwise the reason why it cannot. */
  missing(): string | null;
  version(): string;
  /** Writes what configuration it needs below `plan.folder` and says what to spawn. */
  launch(plan: PeerPlan): PeerLaunch;
}

/** A peer that is up. */
export interface RunningPeer {
  readonly peer: Peer;
  readonly pid: number;
  readonly port: number;
}

/** What one round of one scenario gave for one peer. */
export interface Sample {
  /** In the scenario's unit. */
  readonly figure: number;
  readonly throughputPerSecond: number | null;
  readonly p50Micros: number | null;
  readonly p99Micros: number | null;
  readonly rssBytes: number;
  /** Cores used by the peer's process tree: 1 is one whole core. */
  readonly peerCores: number | null;
  readonly generatorCores: number | null;
  readonly note?: string;
}

export interface ScenarioContext {
  readonly running: RunningPeer;
  readonly certificate: CertificateFiles;
  readonly folder: string;
  /** Length of the measured window. */
  readonly measureMs: number;
  /** Length of the load before the window. */
  readonly warmUpMs: number;
}

export interface Scenario {
  readonly name: string;
  readonly title: string;
  readonly unit: string;
  /** What `throughputPerSecond` counts. */
  readonly throughputUnit: string;
  readonly needs: readonly Feature[];
  readonly processes: number;
  /** 'plain' when absent. */
  readonly setting?: Setting;
  /** 'P-256' when absent. */
  readonly leafKey?: LeafKey;
  readonly quick: boolean;
  /** WebSocket echo needs an upstream that speaks it. */
  readonly upstream: 'content' | 'echo';
  /** Which request is checked before anything is measured. */
  readonly check: { readonly protocol: 'h1' | 'h2'; readonly path: string; readonly bodyBytes: number };
  /** Overrides the number of rounds where one costs many seconds. */
  readonly rounds?: number;
  /** False where the scenario warms the peer up by itself. */
  readonly rehearse?: boolean;
  run(context: ScenarioContext): Promise<Sample>;
}

/** A peer's samples in a scenario, or why there are none. */
export interface Outcome {
  readonly peer: string;
  readonly title: string;
  readonly own: boolean;
  readonly samples: readonly Sample[];
  readonly cipher: string | null;
  /** Measurements that failed once and were taken again. */
  readonly retries: readonly string[];
  readonly failure: string | null;
}

export interface ScenarioResult {
  readonly name: string;
  readonly title: string;
  readonly unit: string;
  readonly throughputUnit: string;
  readonly outcomes: readonly Outcome[];
}

export interface StartupResult {
  readonly peer: string;
  readonly title: string;
  /** From spawn to the first TLS connection that stands, one value a start. */
  readonly firstConnectionMs: readonly number[];
  /** Proportional set size of the whole tree at rest after the first connection, one value a start (proc(5), smaps_rollup). */
  readonly restingBytes?: readonly number[];
  /** From SIGHUP until every process below the first is another one; absent: the peer has no such processes. */
  readonly reloadMs?: readonly number[];
  /** From the SIGKILL of every process below the first until a TLS connection stands again. */
  readonly respawnMs?: readonly number[];
}

export interface CommandFacts {
  readonly versionMs: readonly number[];
  readonly nodeBareMs: readonly number[];
  readonly packageBytes: number;
  readonly dependencyBytes: number;
  readonly dependencies: readonly string[];
}

/** The content of `bench/results/NAME.json`. */
export interface BenchResult {
  readonly schema: 1;
  readonly takenAt: string;
  readonly quick: boolean;
  readonly rounds: number;
  readonly measureMs: number;
  readonly machine: Readonly<Record<string, string | number>>;
  readonly versions: Readonly<Record<string, string>>;
  readonly notAvailable: Readonly<Record<string, string>>;
  readonly scenarios: readonly ScenarioResult[];
  readonly startup: readonly StartupResult[];
  readonly command: CommandFacts | null;
}
