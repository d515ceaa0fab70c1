/** The apps: which requests each gets, where it runs or what starts it, and the files of folders. */

import type { UpstreamScheme } from '../addresses/schemes.js';
import type { WsgiServer } from './wsgi-servers.js';

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
    readonly server: WsgiServer;
    /** Options of uWSGI for the worker, as `name` or `name=value`, in their order. */
    readonly options: readonly string[];
  } | null;
  /** The folder that the app sees as its root; null: the machine's. */
  readonly chroot: string | null;
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
