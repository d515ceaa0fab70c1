/** The configuration: one frozen plain object, made once by the command and sent unchanged to every process. */

import type { AccessConfig, HostCheck } from './access.js';
import type { AcmeConfig } from './acme.js';
import type { AppConfig } from './apps.js';
import type { Limits } from './limits.js';
import type { CertificateFiles, ListenAddress, ListenerConfig, StatsAddress } from './listeners.js';
import type { LogFormat } from './log-formats.js';
import type { ErrorPages, HeaderRule, RedirectRule } from './rules.js';

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
  /** The folder that routers see as their root, and uWSGI's workers; null: the machine's. */
  readonly chroot: string | null;
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
