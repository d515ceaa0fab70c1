/** A front of one release while another is on disk: its upgrades, its masters, and their control sockets. */
import { readFileSync } from 'node:fs';
import { ControlClient } from '../../src/control/client.js';
import { socketPath } from '../../src/control/runtime-folder.js';
import { type CommandResult, runCommand } from './command.js';
import type { Releases } from './releases.js';
import { PATIENCE_MS, StartedFront } from './started-front.js';
import { nodeApp } from './worker.js';
import { type Ending, makeWorkspace, PACKAGE_ROOT, type Workspace } from './workspace.js';

export const OLD = '90.0.1';
export const NEW = '90.0.2';

/** Says its process id, and echoes on WebSockets. */
const ECHO_APP = nodeApp(`
  const { WebSocketServer } = require(${JSON.stringify(`${PACKAGE_ROOT}/node_modules/ws`)});
  const server = require("node:http").createServer((q, r) => { q.resume(); r.end("app " + process.pid); });
  new WebSocketServer({ server }).on("connection", (s) => s.on("message", (data) => s.send("echo " + data)));
  listen(server);
`);

export interface Upgraded {
  readonly front: StartedFront;
  readonly runtime: Workspace;
  upgrade(): Promise<CommandResult>;
  control(pid: number): ControlClient;
  /** Process id of the newest master. */
  master(): number;
  order(...args: string[]): Promise<CommandResult>;
}

/** A front of the old release. */
export async function startOld(
  t: Ending,
  releases: Releases,
  args: readonly string[],
  app: readonly string[] = ECHO_APP,
  environment: NodeJS.ProcessEnv = {},
): Promise<Upgraded> {
  releases.use(OLD);
  const runtime = makeWorkspace(t);
  const variables = { XDG_RUNTIME_DIR: runtime.path, ...environment };
  const front = await StartedFront.start({
    program: [process.execPath, releases.command],
    arguments: args,
    app,
    environment: variables,
  });
  t.after(async () => {
    for (const pid of masters(front)) if (pid !== front.masterPid) signal(pid, 'SIGTERM');
    await front.stop();
  });
  const order = (...words: string[]): Promise<CommandResult> => runCommand(words, variables, PATIENCE_MS);
  return {
    front,
    runtime,
    order,
    upgrade: () => order('reload', '--upgrade', '--pid', String(masters(front).at(-1))),
    control: (pid) => new ControlClient(socketPath(runtime.at('tlsfront'), pid)),
    master: () => masters(front).at(-1) ?? 0,
  };
}

/** Process ids of all masters that have said that they serve, the newest last. */
function masters(front: StartedFront): readonly number[] {
  return [...front.log.matchAll(/spawned tlsfront master process \(pid: (\d+)\)/g)].map(([, pid]) =>
    Number(pid),
  );
}

export function childrenOf(pid: number): readonly number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  return text === '' ? [] : text.split(' ').map(Number);
}

/** As the process calls itself. */
export function nameOf(pid: number): string {
  return readFileSync(`/proc/${pid}/cmdline`, 'latin1').replace(/[\0 ]+$/, '');
}

export function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

export function signal(pid: number, name: NodeJS.Signals): void {
  if (isThere(pid)) process.kill(pid, name);
}
