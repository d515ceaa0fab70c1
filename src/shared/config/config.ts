/** The configuration: one frozen plain object, made once by the command and sent unchanged to every process. */

import type { UpstreamScheme } from '../addresses/schemes.js';
import type { AccessConfig, HostCheck } from './access.js';
import type { AcmeConfig } from './acme.js';
import type { LogFormat } from './log-formats.js';

/** Host and port to listen on; host `''` means every address (`::`, which takes IPv4 too). Port 0: any free port. */
export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

/** Files of one certificate as given by `--cert/--key/--ca-bundle` or by the fields of `--https`. */
export interface CertificateFiles {
  readonly cert: string;
  /** null: the key is in the certificate file. */
  readonly key: string | null;
  readonly caBundles: readonly string[];
  /** File whose first line is the passphrase of the key; null when the key is not encrypted. */
  readonly keyPassphraseFile: string | null;
}

/** A TLS listener. */
export interface HttpsListener extends ListenAddress {
  readonly kind: 'https';
  /** Indices into Config.certificates; the first is the default, all are chosen by server name. */
  readonly certificates: readonly number[];
  /** Folders of further certificates. Without these, `certificates` and `acme`: the development certificate. */
  readonly certificateFolders: readonly string[];
  /** The certificates of Config.acme are served too. */
  readonly acme: boolean;
  /** OpenSSL cipher list of this listener (uWSGI's fourth `--https` field); null: Config.tls.ciphers. */
  readonly ciphers: string | null;
  /** Client certificates (`--client-ca`, or uWSGI's fifth `--https` field, where `!` requires one); null: not asked for. */
  readonly clientCa: {
    readonly file: string;
    readonly required: boolean;
    /** Revocation lists; one for each authority of the clients' chains. */
    readonly crlFiles: readonly string[];
  } | null;
  /** Set when nobody chose the port: use this one, with a line that says why, where `port` is not permitted. */
  readonly fallbackPort: number | null;
}

/** A plain listener that serves the app. */
export interface HttpListener extends ListenAddress {
  readonly kind: 'http';
}

/** A plain listener that answers every request with a redirect to HTTPS. */
export interface RedirectListener extends ListenAddress {
  readonly kind: 'redirect';
  /** Port put into the redirect; null: the port of the first HTTPS listener, left out when it is 443. */
  readonly httpsPort: number | null;
  /** Nobody asked for it: where it cannot be bound, or somebody answers there, it is left out without a word. */
  readonly isOptional: boolean;
}

export type ListenerConfig = HttpsListener | HttpListener | RedirectListener;

/** Where the app is. Host `localhost` is tried on ::1 and 127.0.0.1. */
export interface UpstreamAddress {
  readonly scheme: UpstreamScheme;
  /** Empty with a socket file. */
  readonly host: string;
  /** 0 with a socket file. */
  readonly port: number;
  /** Socket file; null: TCP. */
  readonly path: string | null;
}

/** Which requests an app gets. */
export interface RouteConfig {
  /** Lower-case name, `*.name` or address that the request must be for; empty: any. */
  readonly host: string;
  /** `/api` for the path `/api` and all below it; empty: every path. */
  readonly prefix: string;
}

/** One address of an app. */
export interface AppUpstream extends UpstreamAddress {
  /** How `host` is looked up, in the master and as long as the records live; null: where it is connected to. */
  readonly lookUp: 'dns' | 'srv' | null;
  /** Share of the requests beside others of the same app; at least 1. */
  readonly weight: number;
  /** Each request gets a connection of its own, which begins with a header that names the client; null: none is sent. */
  readonly proxyProtocol: 'v1' | 'v2' | null;
}

/** Which upstreams get no requests for a while. */
export interface HealthConfig {
  /** Path that every upstream is asked for; null: none is asked. */
  readonly path: string | null;
  readonly intervalMs: number;
  /** Statuses of a healthy answer. */
  readonly statuses: readonly { readonly first: number; readonly last: number }[];
  /** Failures within `failWindowMs` that leave an upstream out for as long; 0: never. */
  readonly failCount: number;
  readonly failWindowMs: number;
}

/** An app as one `--upstream` names it. */
export interface RoutedUpstream extends AppUpstream {
  readonly route: RouteConfig;
}

/** How the certificates of https upstreams are verified. */
export interface UpstreamTls {
  /** File with the only authorities that are trusted; null: those of Node. */
  readonly ca: string | null;
  /** Not at all. */
  readonly insecure: boolean;
}

/** How the files of a folder are served. */
export interface FilesConfig {
  /** `app`: nothing else answers there · `spa`: the page of the folder itself answers for pages that are not there · `before`: what is not there is the app's behind it. */
  readonly kind: 'app' | 'spa' | 'before';
  /** Names of files that answer for the folder that they are in. */
  readonly index: readonly string[];
  /** Until when an answer may be kept; the first rule that fits. */
  readonly expires: readonly ExpiryRule[];
  /** Ends of names (`.php`) that are not served. */
  readonly skip: readonly string[];
  /** uWSGI serves them itself where it runs the app; they are ours where something else does. */
  readonly standsIn: boolean;
}

/** Files of which nothing is said. */
export const PLAIN_FILES: FilesConfig = { kind: 'app', index: [], expires: [], skip: [], standsIn: false };

/** When answers go stale (`--static-expires` and its like). */
export interface ExpiryRule {
  /** What is looked at: the file's whole name, links followed; the path, decoded; path and query as sent; the media type. */
  readonly of: 'file' | 'path' | 'uri' | 'type';
  /** A regular expression; of a type the type itself. */
  readonly pattern: string;
  readonly afterMs: number;
  /** What it is counted from: the request, or the last change of the file. */
  readonly from: 'request' | 'change';
}

/** A folder whose files an app may name in place of a body (`--sendfile`). */
export interface SendfileConfig {
  /** Beginning of X-Accel-Redirect for the folder; empty: any. */
  readonly prefix: string;
  readonly folder: string;
}

/** An app: what is served to the requests of its route, by upstreams that run somewhere or by workers that we start. */
export interface AppConfig {
  /** What commands and messages call it: its site's name, with the route behind it; without a site the route, or `app`. */
  readonly name: string;
  /** Index into Config.sites; null: it is for requests that no site takes. */
  readonly site: number | null;
  readonly route: RouteConfig;
  /** Where it runs; empty when `worker` is set. */
  readonly upstreams: readonly AppUpstream[];
  readonly worker: WorkerConfig | null;
  /** It is the files of a folder, which its only upstream names; null: it is a server. */
  readonly files: FilesConfig | null;
  /** Where the files are that it may name; none: fields that would name them are fields as any other. */
  readonly sendfile: readonly SendfileConfig[];
  /** Take the route's prefix off the path. */
  readonly stripPrefix: boolean;
  /** Keep a client at one of its upstreams by a cookie. */
  readonly sticky: boolean;
  readonly health: HealthConfig;
  readonly upstreamTls: UpstreamTls;
  /** Hold every request body of unknown length and send it with a length. */
  readonly bufferRequests: boolean;
  /** How long a safe request waits while none of its upstreams is up. */
  readonly holdMs: number;
}

/** An app that the front starts itself. Exactly one of `command` and `wsgi` is set. */
export interface WorkerConfig {
  /** Program and arguments; `{port}` and `{host}` are replaced. */
  readonly command: readonly string[] | null;
  readonly wsgi: {
    /** Null: options name what is served. */
    readonly file: string | null;
    /** What people call it: the file, or the module. */
    readonly name: string;
    /** Null: uWSGI's own choice, `application`. */
    readonly callable: string | null;
    readonly server: 'auto' | 'uwsgi' | 'wsgiref';
    /** Options of uWSGI for the worker, as `name` or `name=value`, in their order. */
    readonly options: readonly string[];
  } | null;
  /** The port on which the app listens whatever PORT says; null: it is given a free one. */
  readonly appPort: number | null;
  /** The folder that the command is started in; absent: the front's own. */
  readonly folder?: string;
  /** Number of workers, balanced by fewest requests in flight. */
  readonly processes: number;
  readonly readyTimeoutMs: number;
  /** A worker is ended when a request that it has whole is not answered in this time; 0: never. */
  readonly harakiriMs: number;
  /** A worker is replaced after so many requests; 0: never. */
  readonly maxRequests: number;
  /** A worker is replaced when it and its children have so much resident memory; 0: never. */
  readonly maxRssBytes: number;
}

/** One change to the fields of a message. A `remove` may end in `*`: every field that begins so. */
export interface HeaderRule {
  readonly action: 'set' | 'add' | 'remove';
  /** Lower-case. */
  readonly name: string;
  readonly value: string;
}

/** Bounds on what a peer may cost. Defaults stand in shared/limits.ts with the reason for each. */
export interface Limits {
  readonly maxHeaderBytes: number;
  readonly maxHeaderCount: number;
  readonly maxConnections: number;
  readonly maxConnectionsPerAddress: number;
  readonly maxConcurrentStreams: number;
  readonly maxStreamResets: number;
  readonly maxControlFrames: number;
  /** Response bytes of a router that wait for clients; above it those that take nothing are ended. */
  readonly maxWaitingBytes: number;
  readonly maxUpstreamConnections: number;
  readonly maxUpstreamQueue: number;
  /** Largest request body in bytes; 0: no bound. */
  readonly maxBodyBytes: number;
  /** Most bytes of buffered request bodies, memory and spool files together, a router; as many of response bodies. */
  readonly maxSpoolBytes: number;
  /** Most bytes of buffered bodies in a router's memory; what is above goes into files. */
  readonly maxBufferMemoryBytes: number;
  /** Most bytes of one response taken from the app for a client that is slow to take it; 0: none. */
  readonly maxBufferedResponseBytes: number;
  /** Bytes a second that a client which owes some of its request body must bring; 0: any rate will do. */
  readonly minClientRateBytes: number;
  /** Nothing is judged by the rate before; also the time over which it is averaged. */
  readonly clientRateGraceMs: number;
  readonly handshakeTimeoutMs: number;
  /** From the first byte of a request (or the connection's start) to the end of its head. */
  readonly clientHeadTimeoutMs: number;
  /** Longest pause inside a request body. */
  readonly clientBodyTimeoutMs: number;
  /** Longest pause in which the client takes nothing of a waiting response. */
  readonly clientWriteTimeoutMs: number;
  /** An idle kept-alive connection is closed after this. */
  readonly keepAliveTimeoutMs: number;
  readonly connectTimeoutMs: number;
  /** From the end of the request to the head of the response. */
  readonly upstreamHeadTimeoutMs: number;
  /** Longest pause inside a response. */
  readonly upstreamIdleTimeoutMs: number;
  readonly tunnelIdleTimeoutMs: number;
  /** Idle connections kept to each upstream, a router. */
  readonly upstreamKeepAlive: number;
  readonly upstreamKeepAliveTimeoutMs: number;
}

/** A redirect that users ask for. */
export interface RedirectRule {
  /** Index in Config.sites whose requests alone it is for; null: any. */
  readonly site: number | null;
  /** Lower-case name or `*.name` that the request must be for; empty: any. */
  readonly host: string;
  /** The path; empty: every path. */
  readonly path: string;
  /** Also everything below the path. */
  readonly isPrefix: boolean;
  /** Scheme of the target; null: that of the request, `https` where it came to a listener that redirects to HTTPS. */
  readonly scheme: 'http' | 'https' | null;
  /** Host and port of the target; empty: those of the request. */
  readonly authority: string;
  /** Path and perhaps query of the target; null: those of the request. */
  readonly target: string | null;
  /** What the path holds behind that of the rule, and the query, follow the target's path. */
  readonly keepsRest: boolean;
  readonly status: 301 | 302 | 303 | 307 | 308;
}

/** Text of pages by what their files are called without `.html`: `404`, `50x`, `5xx`. */
export type ErrorPages = Readonly<Partial<Record<string, string>>>;

/** Where `--stats` is served: host and port, or a socket file. */
export interface StatsAddress extends ListenAddress {
  /** null: TCP. */
  readonly path: string | null;
}

/** The members of Config that a site may have of its own. */
export type SiteRules = Pick<
  Config,
  | 'changeHost'
  | 'upstreamHost'
  | 'headerUp'
  | 'headerDown'
  | 'hsts'
  | 'secureCookies'
  | 'via'
  | 'compress'
  | 'errorPages'
  | 'rewriteLocation'
  | 'keepUnderscores'
  | 'streamRequests'
>;

/** A site: names with apps and rules of their own. Its certificates, rules of access and redirects stand with those of all. */
export interface SiteConfig {
  readonly name: string;
  /** Lower-case names and `*.names`; at least one. */
  readonly hosts: readonly string[];
  /** Indices into Config.listeners of those that serve it; null: all but those of other sites. */
  readonly listeners: readonly number[] | null;
  readonly rules: SiteRules;
}

/** How a front shares its port with other projects of the same user. */
export interface ProjectConfig {
  /** `shop`: it is reached as `shop.localhost`. */
  readonly name: string;
  /** It may join a front that runs already, in place of listening itself. */
  readonly mayJoin: boolean;
  /** It takes another port where its own is another program's. */
  readonly mayMove: boolean;
}

/** Serving phones and other machines of the private networks (`--lan`). */
export interface LanConfig {
  /** `shop.local`, which multicast DNS leads to this machine. */
  readonly name: string;
  /** It takes another port where its own is another program's. */
  readonly mayMove: boolean;
}

/** The whole configuration. */
export interface Config {
  readonly engine: 'direct' | 'library';
  readonly listeners: readonly ListenerConfig[];
  readonly certificates: readonly CertificateFiles[];
  /** Names the development certificate also covers (`--host`). */
  readonly hosts: readonly string[];
  /** Where certificates for `hosts` are ordered; null: nowhere. */
  readonly acme: AcmeConfig | null;
  readonly tls: {
    readonly ciphers: string;
    readonly minVersion: 'TLSv1.2' | 'TLSv1.3';
    /** Refuse handshakes for names that no certificate covers. */
    readonly sniStrict: boolean;
    /** File that takes the sessions' secrets, for Wireshark; null: none. */
    readonly keyLogFile: string | null;
    /** How clients are verified for names of a certificate folder that have an authority of their own (`name.ca`). */
    readonly folderClients: {
      readonly required: boolean;
      readonly crlFiles: readonly string[];
      /** Options say how clients are verified, and nothing but a folder can say whose they are. */
      readonly isExpected: boolean;
    };
  };
  /** At least one; no two of a site have the same route. */
  readonly apps: readonly AppConfig[];
  readonly sites: readonly SiteConfig[];
  /** Who is asked for upstreams by names that move, as `address:port`; empty: the servers of the system. */
  readonly dnsServers: readonly string[];
  /** The first that covers a request is taken. */
  readonly redirects: readonly RedirectRule[];
  /** Number of router processes. */
  readonly routers: number;
  /** Names or numbers as given; null: stay who we are. */
  readonly user: string | null;
  readonly group: string | null;
  /** File that names the master's process id while it runs; null: none. */
  readonly pidFile: string | null;
  /** File that takes every log line instead of stderr; null: stderr. */
  readonly logFile: string | null;
  readonly quiet: boolean;
  /** null: it says too much of its own to serve others, or to be served by another. */
  readonly project: ProjectConfig | null;
  /** null: only who is named by listeners. */
  readonly lan: LanConfig | null;
  /** Show the first URL in this person's browser when the front is ready. */
  readonly open: boolean;
  /** Every boot line, also on a terminal, where three say what a person needs. A uWSGI command line wants them too. */
  readonly verbose: boolean;
  readonly accessLog: boolean;
  readonly logFormat: LogFormat;
  /** uWSGI's format string, which a line for a request follows; null: it has the form of logFormat. */
  readonly logTemplate: string | null;
  /** Share of the requests that are logged, above 0 and at most 1; those that fail are all logged. */
  readonly logSample: number;
  /** Prefixes of paths whose requests are logged only when they fail. */
  readonly logSkip: readonly string[];
  /** The log file is set aside when it has this size; 0: never. */
  readonly logMaxBytes: number;
  /** The log file is set aside at the end of each such period (of UTC); 0: never. */
  readonly logRotateMs: number;
  /** How many files that were set aside are kept. */
  readonly logKeep: number;
  /** A request without a trace gets one (W3C Trace Context). */
  readonly traceparent: boolean;
  /** Tell the app in X-Request-Start when the request came. */
  readonly requestStart: boolean;
  /** Names, lower-case, whose values in a query are not logged. */
  readonly logRedact: readonly string[];
  /** Files that reload the front when they are touched. */
  readonly touchReload: readonly string[];
  /** Where uWSGI's stats are served; empty: nowhere. */
  readonly stats: readonly StatsAddress[];
  /** An HTTP head stands before them. */
  readonly statsHttp: boolean;
  /** Where metrics are served; empty: nowhere. */
  readonly metrics: readonly ListenAddress[];
  /** The front itself answers 200 to this path, on every listener; null: none. */
  readonly healthAnswer: string | null;
  readonly mercyMs: number;
  /** Send the upstream's own host:port as Host instead of the client's. */
  readonly changeHost: boolean;
  /** Host to send instead (`--header-up 'Host …'`); null: decided by changeHost. */
  readonly upstreamHost: string | null;
  /** Changes to each request for the app, and to each answer of it, in order. */
  readonly headerUp: readonly HeaderRule[];
  /** In the place of the front's own pages; null: there are none. */
  readonly errorPages: ErrorPages | null;
  readonly headerDown: readonly HeaderRule[];
  /** Value of Strict-Transport-Security; null: not sent. */
  readonly hsts: string | null;
  readonly secureCookies: boolean;
  readonly via: boolean;
  /** Compress compressible answers for clients that take it. */
  readonly compress: boolean;
  readonly rewriteLocation: boolean;
  /** Pass field names with an underscore on to apps that speak HTTP. */
  readonly keepUnderscores: boolean;
  /** Who may come in. */
  readonly access: AccessConfig;
  /** Which names are served on loopback; null: any (`--any-host`), or no listener needs to ask. */
  readonly hostCheck: HostCheck | null;
  /** CIDR blocks of fronts that begin every connection with a PROXY protocol header. */
  readonly proxyProtocol: readonly string[];
  /** Prefixes of paths whose request bodies go to the app as they come. */
  readonly streamRequests: readonly string[];
  /** CIDR blocks whose X-Forwarded-* and Forwarded fields are believed. */
  readonly trustedProxies: readonly string[];
  readonly limits: Limits;
}
