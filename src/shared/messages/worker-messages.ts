/** What the master and a worker process say to each other over their IPC channel. */

import type { WsgiServer } from '../config/wsgi-servers.js';
import type { LineStyle } from '../log-lines.js';

/** A WSGI app to serve, in uWSGI's words. */
export interface WsgiPlan {
  /** Null: the options name what is served. */
  readonly file: string | null;
  /** What people call it: the file, or the module. */
  readonly name: string;
  /** Name of the WSGI callable inside the file or module; null: the server's own choice. */
  readonly callable: string | null;
  /** Options of uWSGI, as `name` or `name=value`, in their order. */
  readonly options: readonly string[];
  readonly server: WsgiServer;
  /** What uWSGI shall speak; the launcher speaks HTTP. */
  readonly uwsgiScheme: 'http' | 'uwsgi';
}

/** Where and as whom an app runs that is put into a folder by the program that starts it. */
export interface Jail {
  readonly folder: string;
  readonly uid: number | null;
  readonly gid: number | null;
}

/** All that a worker process needs to start the app; exactly one of `command` and `wsgi` is set. */
export interface WorkerPlan {
  /** 1-based number of the worker. */
  readonly index: number;
  /** Program and arguments; `{port}` and `{host}` in them are replaced. */
  readonly command: readonly string[] | null;
  readonly wsgi: WsgiPlan | null;
  /** The folder to start it in; null: ours. */
  readonly folder: string | null;
  /** How long the app may take until it accepts connections. */
  readonly readyTimeoutMs: number;
  /** The folder that the app gets as its root; null: ours. Its program takes the identity then, and this process once the app is ready. */
  readonly chroot: string | null;
  /** Identity to take before anything else, null to stay. */
  readonly uid: number | null;
  readonly gid: number | null;
  /** Account whose supplementary groups are taken with `uid`; null drops them all. */
  readonly userName: string | null;
  /** Put before every line of the app's output, for example `[app] `; with JSON it names the source, without the brackets. */
  readonly prefix: string;
  /** How lines of the log are written. */
  readonly lines: LineStyle;
  readonly host: '127.0.0.1';
  /** The port that the app listens on whatever it is told; null: a free one is chosen. */
  readonly port: number | null;
  /** Names under which browsers reach the front; a server that checks Host is told. `.app.test`: all beneath it. */
  readonly names: readonly string[];
  /** Variables that the app finds beside those of our own environment, which win. */
  readonly environment: Readonly<Record<string, string>>;
  /** The app gets our terminal itself, with its colours and keys, in place of pipes. */
  readonly hasTerminal: boolean;
}

/** Master → worker. `stop`: SIGTERM to the app's group now, SIGKILL once `mercyMs` are over. `reopen_log`: the file was rotated. */
export type WorkerOrder =
  | { readonly type: 'start'; readonly plan: WorkerPlan }
  | { readonly type: 'stop'; readonly mercyMs: number }
  | { readonly type: 'reopen_log'; readonly file: string };

export interface WorkerAddress {
  readonly host: string;
  readonly port: number;
}

/** What serves the app: the user's own command, uWSGI, or the bundled launcher. */
export type WorkerKind = 'command' | 'uwsgi' | 'wsgiref';

/** The app's process exists; it does not accept connections yet. */
export interface WorkerSpawned {
  readonly type: 'spawned';
  /** The app's own pid, which is also its process group. */
  readonly pid: number;
  readonly port: number;
  readonly kind: WorkerKind;
  readonly scheme: 'http' | 'uwsgi';
  readonly address: WorkerAddress;
}

/** The app accepts connections at `address` (its host is `::1` for an app that listens there only). May come again with another address. */
export interface WorkerReady {
  readonly type: 'ready';
  /** From the app's spawn to the first accepted connection. */
  readonly tookMs: number;
  /** The app was told another port and did not listen there. */
  readonly isFound: boolean;
  readonly address: WorkerAddress;
}

/** The app ended, asked to or not, and nothing of its process group is left. */
export interface WorkerExited {
  readonly type: 'exited';
  readonly code: number | null;
  readonly signal: string | null;
  /** Whether it had been ready. */
  readonly ready: boolean;
  /** The last lines it wrote, oldest first, without the prefix. */
  readonly lastLines: readonly string[];
}

/** The app could not be started, or was not ready in time and has been ended. */
export interface WorkerFailed {
  readonly type: 'failed';
  readonly message: string;
  readonly hint: string;
}

/** Worker → master. Exactly one `exited` or `failed` is the last report; the worker process ends by itself after it. */
export type WorkerReport = WorkerSpawned | WorkerReady | WorkerExited | WorkerFailed;

/** Narrows an IPC message; the channel is private to our own processes, so the type word is proof enough. */
export function isWorkerOrder(message: unknown): message is WorkerOrder {
  return hasType(message, ['start', 'stop', 'reopen_log']);
}

/** Narrows an IPC message of a worker process, see isWorkerOrder. */
export function isWorkerReport(message: unknown): message is WorkerReport {
  return hasType(message, ['spawned', 'ready', 'exited', 'failed']);
}

function hasType(message: unknown, types: readonly string[]): boolean {
  return (
    typeof message === 'object' &&
    message !== null &&
    'type' in message &&
    typeof message.type === 'string' &&
    types.includes(message.type)
  );
}
