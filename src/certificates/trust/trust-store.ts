/** What every trust store of a machine can do with the development authority. */

/** One command, run without a shell. */
export interface Step {
  readonly argv: readonly [program: string, ...rest: string[]];
  /** Needs root's rights. */
  readonly asRoot: boolean;
  /** It works for seconds; who waits at a terminal is told. */
  readonly isSlow?: true;
}

/** The authority as stores know it. */
export interface AuthorityRef {
  /** PEM file of the root certificate. */
  readonly file: string;
  readonly pem: string;
  /** Hexadecimal SHA-1 of the certificate, by which Windows and macOS delete it. */
  readonly sha1: string;
  /** Name in lists that need one; the same for the same authority only. */
  readonly nickname: string;
}

/** How much of the authority a store has; `part` is what an installation leaves behind that was cut short. */
export type Holding = 'all' | 'part' | 'none';

/** A place that programs look their authorities up in. */
export interface TrustStore {
  /** As it reads in a list: `system (Debian)`, `Firefox profile abc`. */
  readonly name: string;
  /** The program that changes the system's store writes this one too: there is no step to install. */
  readonly isFilledBySystem?: true;
  /** What it has of the authority now. */
  holding(authority: AuthorityRef): Promise<Holding>;
  installSteps(authority: AuthorityRef): readonly Step[];
  uninstallSteps(authority: AuthorityRef): readonly Step[];
}

/** A store that is there and cannot be changed, and why. */
export interface UnusableStore {
  readonly name: string;
  readonly reason: string;
  readonly hint: string;
}

export interface FoundStores {
  readonly stores: readonly TrustStore[];
  readonly unusable: readonly UnusableStore[];
}

/** How long a program may run, and with what. */
export interface RunBounds {
  /** It and its children are killed after so many milliseconds; without it there is no end. */
  readonly limitMs?: number;
  /** Kills it and its children at once. */
  readonly signal?: AbortSignal;
  /** Variables beside, or in place of, the machine's own. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

/** How a program ended. */
export interface ProgramEnd {
  /** Exit code; 127 when it could not be started, 1 when a signal ended it. */
  readonly status: number;
  /** Standard output and standard error. */
  readonly out: string;
  /** It was killed at its limit. */
  readonly wasCut?: boolean;
}

/** What the search for stores asks of the machine. */
export interface Machine {
  readonly platform: NodeJS.Platform;
  readonly home: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  exists(path: string): boolean;
  /** Names in a folder; empty when there is none. */
  list(folder: string): readonly string[];
  read(path: string): string | undefined;
  readBytes(path: string): Buffer | undefined;
  /** Where a path leads through links; itself where it leads nowhere. */
  real(path: string): string;
  writable(path: string): boolean;
  /** Full path of a program; undefined when it is not installed. */
  find(program: string): string | undefined;
  /** Runs a program and gives its exit code and output. */
  run(argv: Step['argv'], bounds?: RunBounds): Promise<ProgramEnd>;
}
