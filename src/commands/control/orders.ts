/** `tlsfront reload`, `stop` and `logs`: they return when the thing has happened, with an exit code that says so. */
import { setTimeout as pause } from 'node:timers/promises';
import { ControlClient } from '../../control/client.js';
import { runtimeFolder, socketPath } from '../../control/runtime-folder.js';
import { FrontError } from '../../shared/errors.js';
import { type CommandIo, EXIT_SUCCESS } from '../../terminal/console.js';
import { type FrontChoice, findFront, runningFronts } from './find-front.js';
import { followFile } from './follow-file.js';
import { projectsOf } from './status.js';

/** Returns when the new generation, or with `upgrade` the new master, serves. @throws FrontError that says why the old one stays */
export async function runReload(
  choice: FrontChoice & { readonly upgrade?: true },
  io: CommandIo,
): Promise<number> {
  const path = choice.upgrade === true ? '/v1/reload?upgrade=1' : '/v1/reload';
  const last = await order(findFront(choice, io), path, io);
  if (last !== null) return EXIT_SUCCESS;
  throw new FrontError('internal', 'the front has ended meanwhile', {
    hint: 'its log says why; tlsfront list names the fronts of this user',
  });
}

/** Returns when the front has ended. With `now` what is open is cut. */
export async function runStop(choice: FrontChoice & { readonly now?: true }, io: CommandIo): Promise<number> {
  const front = findFront(choice, io);
  const { pid } = await front.status();
  const ending = order(front, '/v1/stop', io);
  if (choice.now === true) {
    const second = new ControlClient(front.socket).run('/v1/stop', () => {});
    // It ends under the call.
    await second.catch(() => null);
  }
  await ending;
  io.stdout.write(`tlsfront (pid ${pid}) has ended\n`);
  return EXIT_SUCCESS;
}

const STOP_POLL_MS = 50;

/**
 * Ends one project, whichever front serves it; returns when it is served no more.
 * @throws FrontError where none has the name
 */
export async function runStopProject(name: string, now: boolean, io: CommandIo): Promise<number> {
  const folder = runtimeFolder(io.environment);
  const known: string[] = [];
  for (const pid of runningFronts(io)) {
    const front = new ControlClient(socketPath(folder, pid));
    const projects = await projectsOf(front);
    known.push(...projects.map((project) => project.name));
    const found = projects.find((project) => project.name === name);
    if (found === undefined) continue;
    if (found.pid === pid) return runStop({ pid: String(pid), ...(now ? { now } : {}) }, io);
    await front.ask('POST', `/v1/projects/stop?name=${encodeURIComponent(name)}`);
    while ((await projectsOf(front)).some((project) => project.pid === found.pid)) await pause(STOP_POLL_MS);
    io.stdout.write(`${name} (pid ${found.pid}) is served no more\n`);
    return EXIT_SUCCESS;
  }
  throw new FrontError('internal', `no project ${name} is running`, {
    hint:
      known.length === 0 ? 'tlsfront list names the fronts of this user' : `running are: ${known.join(', ')}`,
  });
}

/** The master's lines, or the whole log where it goes to a file. */
export async function runLogs(
  choice: FrontChoice & { readonly follow?: true; readonly reopen?: true },
  io: CommandIo,
): Promise<number> {
  const front = findFront(choice, io);
  if (choice.reopen === true) {
    await order(front, '/v1/logs/reopen', io);
    return EXIT_SUCCESS;
  }
  const follow = choice.follow === true;
  const { logFile } = await front.status();
  if (logFile !== null) await followFile(logFile, follow, io.stdout);
  else await front.logs(follow, (line) => io.stdout.write(`${line}\n`));
  return EXIT_SUCCESS;
}

/** Resolves with what it says last; null: the front has ended before. */
async function order(front: ControlClient, path: string, io: CommandIo): Promise<string | null> {
  const last = await front.run(path, (text) => io.stderr.write(`${text}\n`));
  if (last !== null) io.stdout.write(`${last}\n`);
  return last;
}
