/** Drives a worker process the way the master does: forks it, sends orders, collects reports. */
import assert from 'node:assert/strict';
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import type { TestContext } from 'node:test';
import { BARE_LINES } from '../../src/shared/log-lines.js';
import {
  isWorkerReport,
  type WorkerOrder,
  type WorkerPlan,
  type WorkerReport,
  type WsgiPlan,
} from '../../src/shared/messages/worker-messages.js';
import { readProcessState } from '../../src/system/process-state.js';
import { until, within } from './deadline.js';
import { builtProgram } from './workspace.js';

export const WORKER_MAIN = builtProgram('keeper');
/** Node starts slowly when several test files run on two cores. */
export const WORKER_MS = 15_000;

/** A plan for a command; give only what differs. */
export function planCommand(command: readonly string[], changes: Partial<WorkerPlan> = {}): WorkerPlan {
  return {
    index: 1,
    command,
    wsgi: null,
    folder: null,
    chroot: null,
    readyTimeoutMs: WORKER_MS,
    uid: null,
    gid: null,
    userName: null,
    prefix: '[app] ',
    lines: BARE_LINES,
    host: '127.0.0.1',
    port: null,
    names: [],
    environment: {},
    hasTerminal: false,
    ...changes,
  };
}

/** A plan for a WSGI file, its callable `application` and the bundled launcher unless told otherwise. */
export function planWsgi(wsgi: Partial<WsgiPlan> & { file: string }): WorkerPlan {
  return {
    ...planCommand([]),
    command: null,
    wsgi: {
      name: wsgi.file,
      callable: 'application',
      server: 'wsgiref',
      uwsgiScheme: 'http',
      options: [],
      ...wsgi,
    },
  };
}

/** Node with a script as argument; `listen(server)` in it listens where the worker says. */
export function nodeApp(script: string, ...args: readonly string[]): string[] {
  const listen = 'const listen = (server) => server.listen(process.env.PORT, process.env.HOST);';
  return [process.execPath, '-e', `${listen}${script}`, ...args];
}

/** A small HTTP app that says which pid serves. */
export const PLAIN_APP = nodeApp(
  'listen(require("node:http").createServer((request, response) => response.end("pid " + process.pid)));',
);

export interface ForkedWorker {
  readonly process: ChildProcess;
  /** All text of both outputs so far. */
  output(): string;
  /** Waits until the output matches: it comes by pipes of its own, and may be behind the reports. */
  says(pattern: RegExp): Promise<string>;
  send(order: WorkerOrder): void;
  /** The first report of that type, or a failure with what came instead. */
  report<Type extends WorkerReport['type']>(type: Type): Promise<Extract<WorkerReport, { type: Type }>>;
  /** Every report so far. */
  reports(): readonly WorkerReport[];
  /** Resolves when the worker process itself is gone and its output is read. */
  readonly gone: Promise<void>;
}

/** Forks a worker and gives it the plan; it is ended after the test. */
export function startWorker(
  t: TestContext,
  plan: WorkerPlan,
  options: { readonly environment?: NodeJS.ProcessEnv; readonly folder?: string } = {},
): ForkedWorker {
  const child = fork(WORKER_MAIN, {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    env: { ...process.env, ...options.environment },
    ...(options.folder === undefined ? {} : { cwd: options.folder }),
  });
  const reports: WorkerReport[] = [];
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
  }
  child.on('message', (message: unknown) => {
    if (isWorkerReport(message)) reports.push(message);
  });
  // Not 'close' of the child: Node never emits it once disconnect() was called here.
  const ends = [
    once(child, 'exit'),
    ...[child.stdout, child.stderr].flatMap((stream) => (stream ? [once(stream, 'close')] : [])),
  ];
  const gone = Promise.all(ends).then(() => undefined);
  t.after(async () => {
    if (child.connected) child.disconnect();
    await within(gone, WORKER_MS, 'the worker process ends after the test');
  });
  child.send({ type: 'start', plan } satisfies WorkerOrder);
  return {
    process: child,
    output: () => text,
    says: async (pattern) => {
      await until(() => pattern.test(text), WORKER_MS, `the worker says ${pattern}`).catch(() => {});
      assert.match(text, pattern);
      return text;
    },
    send: (order) => child.send(order),
    gone,
    reports: () => reports,
    report: (type) =>
      within(
        findReport(child, reports, type, () => text),
        WORKER_MS,
        `worker report '${type}'`,
      ),
  };
}

async function findReport<Type extends WorkerReport['type']>(
  child: ChildProcess,
  reports: readonly WorkerReport[],
  type: Type,
  output: () => string,
): Promise<Extract<WorkerReport, { type: Type }>> {
  const isWanted = (report: WorkerReport): report is Extract<WorkerReport, { type: Type }> =>
    report.type === type;
  for (;;) {
    const wanted = reports.find(isWanted);
    if (wanted !== undefined) return wanted;
    const last = reports.at(-1);
    if (last?.type === 'exited' || last?.type === 'failed' || child.exitCode !== null) {
      throw new Error(`no report '${type}' but ${JSON.stringify(last)}\n${output()}`);
    }
    await Promise.race([once(child, 'message'), once(child, 'exit')]);
  }
}

/** Whether a process with this pid runs (a zombie nobody reaped does not). */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    if (process.platform !== 'linux') return true;
    return readProcessState(pid)?.isZombie === false;
  } catch {
    return false;
  }
}
