/** Messages between the master and its routers (node IPC, plain JSON). */
import type { AccessMaterial, Debt, Spending } from '../config/access.js';
import type { ChallengeAnswers } from '../config/acme.js';
import type { AppUpstream } from '../config/apps.js';
import type { Config } from '../config/config.js';
import type { ListenAddress } from '../config/listeners.js';
import type { Counters } from '../counters.js';
import type { ErrorCode } from '../errors.js';
import type { LineStyle } from '../log-lines.js';
import type { Samples } from '../metrics.js';
import type { Interventions } from './interventions.js';
import type { Projects } from './projects.js';
import type { RecentRequests } from './recent-requests.js';

/** Everything a TLS listener serves with, read by the master before privileges are dropped. */
export interface CertificateMaterial {
  /** Leaf first, then its intermediates. */
  readonly chainPem: string;
  /** Decrypted private key. */
  readonly keyPem: string;
  /** Subject alternative names, lower-case; wildcards as `*.example.com`. */
  readonly names: readonly string[];
  /** Who may be a client of these names, in place of the listener's rule; absent: the listener's. */
  readonly clients?: ClientRule;
  /** Where it was read; absent: it was issued here, or ordered by ACME. */
  readonly file?: string;
}

/** Whose certificates clients show. */
export interface ClientRule {
  /** PEM of the authorities. */
  readonly authority: string;
  /** Nobody is let in without one. */
  readonly required: boolean;
}

/** What one TLS listener serves with. */
export interface TlsMaterial {
  /** The first is the default; two of the same names and different kinds of key are one pair. */
  readonly certificates: readonly CertificateMaterial[];
  /** PEM of the authorities of client certificates; null: clients are not asked. */
  readonly clientAuthority: string | null;
  /** PEM of revocation lists, for `clientAuthority` and the rules of single certificates. */
  readonly clientCrls: readonly string[];
  /** Names beneath these get a leaf of their own at their first handshake; empty: never. */
  readonly issueBeneath: readonly string[];
  /** Names among those that an option or a route gives: they are issued however many strangers ask for. */
  readonly expectedNames: readonly string[];
  /** Every other name is asked for at its first handshake, which fails where there is no certificate for it (`--acme-ask`). */
  readonly asksForNames: boolean;
}

/** Why a name that a client asked for has no certificate; one of a few words, for counter and log. */
export type LeafRefusalKind =
  /** No question is put about such a name. */
  | 'unfit'
  /** The operator has said no. */
  | 'denied'
  | 'unanswered'
  /** Too much at once. */
  | 'limited'
  | 'failed'
  /** It is on its way. */
  | 'pending';

export interface LeafRefusal {
  readonly kind: LeafRefusalKind;
  /** One line for people. */
  readonly text: string;
}

/** What there is for a name that a client asked for; neither: the listener's default is served. */
export type LeafAnswer =
  | { readonly certificate: CertificateMaterial; readonly refusal: null }
  | { readonly certificate: null; readonly refusal: LeafRefusal | null };

/** Keys of session tickets, 48 bytes each, base64. */
export interface TicketKeyPair {
  /** Every router resumes every router's sessions. */
  readonly current: string;
  /** Its sessions still resume; null when the last of them has ended. */
  readonly previous: string | null;
}

/** Where one upstream is and whether it accepts connections. */
export interface UpstreamState extends AppUpstream {
  readonly id: number;
  /** Index into Config.apps. */
  readonly app: number;
  /** Name by which `host` was found, which its certificate bears; null: it is `host`. */
  readonly hostName: string | null;
  /** Names it in the cookie of `--sticky`; the same after a reload. */
  readonly key: string;
  /** The app cannot read bodies of unknown length: they are held and sent with one. */
  readonly needsLength: boolean;
  /** False while a worker is starting; requests are held meanwhile. */
  readonly ready: boolean;
  /** A deploy has given its place to another: it gets no new requests, and when it is `cut` what it has is ended. Absent: it serves. */
  readonly leaving?: 'draining' | 'cut';
}

/** What a router asks an upstream to know whether it is well. */
export interface ProbeQuestion {
  /** It need not be among those that get requests. */
  readonly upstream: UpstreamState;
  readonly path: string;
  readonly timeoutMs: number;
}

/** How an app that we start has ended, as long as no other is up in its place. */
export interface AppEnd {
  readonly reason: string;
  /** What it printed last; empty: it has written to the terminal itself, or nothing. */
  readonly lastLines: readonly string[];
}

/** Whom to become after binding. */
export interface Identity {
  readonly uid: number | null;
  readonly gid: number | null;
  /** For initgroups(3); null when the uid has no name. */
  readonly userName: string | null;
}

/** A listening socket that a router inherits: bound by the master, listened on by the routers. */
export interface InheritedSocket {
  readonly descriptor: number;
  readonly bound: BoundListener;
}

/** What changes while a router runs. Each member is replaced as a whole. */
export interface RouterState {
  /** By listener index; null for plain listeners. New handshakes get them, connections stay. */
  readonly tls: readonly (TlsMaterial | null)[];
  readonly ticketKeys: TicketKeyPair;
  readonly challenges: ChallengeAnswers;
  readonly upstreams: readonly UpstreamState[];
  /** Projects that have joined; null: none has. */
  readonly projects: Projects | null;
  /** By index into Config.apps; null, or past the end: it runs, or starts for the first time. */
  readonly appEnds: readonly (AppEnd | null)[];
  /** What the files of Config.access hold. */
  readonly access: AccessMaterial;
  /** What clients have taken of their rates from routers before; they pass with time. */
  readonly debts: readonly Debt[];
  /** Blocks of clients that are banned, in CIDR notation. */
  readonly bans: readonly string[];
  /** What an operator has ordered beside the configuration. */
  readonly interventions: Interventions;
}

/** What a router begins with. */
export interface RouterStart {
  readonly type: 'start';
  /** 1-based number of this router. */
  readonly index: number;
  readonly config: Config;
  /** For Config.listeners by index; null where this machine lacks the address family. */
  readonly sockets: readonly (InheritedSocket | null)[];
  /** Known to this front's routers alone, for as long as the master lives. */
  readonly frontSecret: string;
  readonly identity: Identity | null;
  /** How log lines are written. */
  readonly lines: LineStyle;
  /** Version of `state`. */
  readonly version: number;
  readonly state: RouterState;
}

/** `drain` with `endTunnels` also ends tunnels and event streams once nothing else is open; the master holds the clock. */
export type MasterToRouter =
  | RouterStart
  /** The members that have changed; to be acknowledged by `state_taken` once every new connection and request is served by them. */
  | { readonly type: 'state'; readonly version: number; readonly changes: Partial<RouterState> }
  /** The answer to `need_leaf`. */
  | { readonly type: 'leaf'; readonly name: string; readonly answer: LeafAnswer }
  /** What `leaf` said of the name holds no longer. */
  | { readonly type: 'forget_leaf'; readonly name: string }
  /** To be answered by `counted`. */
  | { readonly type: 'count' }
  /** The log was rotated: write to this file, whose old self may be gone. */
  | { readonly type: 'reopen_log'; readonly file: string }
  /** To be answered by `measured`. */
  | { readonly type: 'measure' }
  /** To be answered by `remembered`. */
  | { readonly type: 'remember' }
  /** To be answered by `owed`. */
  | { readonly type: 'owe' }
  /** To be answered by `probed`. */
  | { readonly type: 'probe'; readonly id: number; readonly question: ProbeQuestion }
  /** Another router's, of the same generation. */
  | { readonly type: 'spent'; readonly spent: readonly Spending[] }
  /** The folder of Config.chroot is its root now. */
  | { readonly type: 'enclosed' }
  | { readonly type: 'drain'; readonly endTunnels: boolean };

/** A listener after binding. */
export interface BoundListener extends ListenAddress {
  readonly kind: 'https' | 'http' | 'redirect';
  /** Set when the configured port was not permitted. */
  readonly deniedPort: number | null;
}

/** What an app that we start was given since the last report, and is working at. */
export interface AppLoad {
  /** host:port. */
  readonly address: string;
  readonly served: number;
  readonly inFlight: number;
  /** From requests to the beginning of their answers, since the last report. */
  readonly tookMs: number;
}

/** Router → master; the master believes none of it before src/master/routers/router-reports.ts has read it field by field. */
export type RouterToMaster =
  /** Ready to take its start message. @param release of the program on disk, which may have changed beneath the master */
  | { readonly type: 'loaded'; readonly release: string }
  /** All that it will need of the disk is in memory: it may be put into Config.chroot, and waits for `enclosed`. */
  | { readonly type: 'loaded_all' }
  /** A client asked for this name beneath TlsMaterial.issueBeneath, or any where TlsMaterial.asksForNames. */
  | { readonly type: 'need_leaf'; readonly name: string }
  | { readonly type: 'state_taken'; readonly version: number }
  | { readonly type: 'counted'; readonly counters: Readonly<Counters> }
  /** The answer to `measure`; also sent when the router ends, so that nothing is lost. */
  | { readonly type: 'measured'; readonly samples: Samples }
  /** A request takes longer than `--harakiri`. */
  | {
      readonly type: 'overdue';
      readonly address: string;
      /** Method and path. */
      readonly request: string;
      readonly tookMs: number;
    }
  | { readonly type: 'load'; readonly loads: readonly AppLoad[] }
  /** The answer to `remember`. */
  | { readonly type: 'remembered'; readonly recent: RecentRequests }
  /** For the other routers, which count for the same clients. */
  | { readonly type: 'spent'; readonly spent: readonly Spending[] }
  /** The answer to `owe`. */
  | { readonly type: 'owed'; readonly debts: readonly Debt[] }
  /** The status of the answer; 0: there was none. */
  | { readonly type: 'probed'; readonly id: number; readonly status: number }
  | { readonly type: 'ready' }
  | {
      readonly type: 'failed';
      readonly code: ErrorCode;
      readonly message: string;
      readonly hint: string | null;
    };
