/** `tlsfront deploy`: returns when the new version serves and the old one is empty, or says why nothing was changed. */

import type { ControlClient } from '../../control/client.js';
import { FrontError } from '../../shared/errors.js';
import { type CommandIo, EXIT_SUCCESS } from '../../terminal/console.js';
import { allFronts, type FrontChoice, findFront } from './find-front.js';
import { secondsOf } from './interventions.js';
import { projectsOf } from './status.js';

/** What the command line says. */
export interface DeployOptions extends FrontChoice {
  readonly upstream?: readonly string[];
  readonly healthPath?: string;
  readonly checks?: string;
  readonly timeout?: string;
  readonly drain?: string;
}

/**
 * @param app its name, or that of a project; undefined: the only one
 * @param command starts the new version, in our folder; null: it is named, or what the configuration says
 * @throws FrontError that says why nothing was changed
 */
export async function runDeploy(
  app: string | undefined,
  command: readonly string[] | null,
  options: DeployOptions,
  io: CommandIo,
): Promise<number> {
  const { upstream = [], healthPath, checks, timeout, drain, ...choice } = options;
  const query = new URLSearchParams();
  const project = app === undefined ? null : await findProject(app, choice, io);
  if (app !== undefined && project === null) query.set('app', app);
  for (const address of upstream) query.append('upstream', address);
  if (command !== null) {
    if (command.length === 0)
      throw new FrontError('config_usage', 'there is no command after --', {
        hint: 'write it: -- npm start',
      });
    for (const word of command) query.append('command', word);
    query.set('folder', process.cwd());
  }
  if (healthPath !== undefined) query.set('path', healthPath);
  if (checks !== undefined) query.set('checks', checks);
  if (timeout !== undefined) query.set('timeout', secondsOf('--timeout', timeout));
  if (drain !== undefined) query.set('drain', secondsOf('--drain', drain));
  const front = project ?? findFront(choice, io);
  const last = await front.run(`/v1/deploy?${query}`, (text) => io.stderr.write(`${text}\n`));
  if (last === null)
    throw new FrontError('internal', 'the front has ended meanwhile', {
      hint: 'tlsfront status, once it runs again, shows which version serves',
    });
  io.stdout.write(`${last}\n`);
  return EXIT_SUCCESS;
}

/**
 * The front whose own project has this name: it has one app. null: it is the name of an app.
 * @throws FrontError where the project has joined another: who keeps its app has no versions of it
 */
async function findProject(name: string, choice: FrontChoice, io: CommandIo): Promise<ControlClient | null> {
  const isNamed = choice.pid !== undefined || choice.socket !== undefined;
  const fronts = isNamed ? [findFront(choice, io)] : allFronts(io);
  for (const front of fronts) {
    const found = (await projectsOf(front)).find((project) => project.name === name);
    if (found === undefined) continue;
    const { pid } = await front.status();
    if (found.pid === pid) return front;
    throw new FrontError(
      'internal',
      `${name} has joined the front of pid ${pid}, and its app is kept by pid ${found.pid}: there is nothing to deploy`,
      {
        hint: `start it again: tlsfront stop ${name}; or give it a front of its own: --listen and another port`,
      },
    );
  }
  return null;
}
