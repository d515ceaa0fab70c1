/** `tlsfront status` and `tlsfront list`: what runs, for people and for scripts. */
import { ControlClient } from '../../control/client.js';
import { runtimeFolder, socketPath } from '../../control/runtime-folder.js';
import type { ProjectList, ProjectView, Status, UpstreamWord } from '../../control/types.js';
import { formatListenAddress } from '../../shared/addresses/host-port.js';
import type { Interventions } from '../../shared/messages/interventions.js';
import { type CommandIo, EXIT_FAILURE, EXIT_SUCCESS } from '../../terminal/console.js';
import { type FrontChoice, findFront, runningFronts } from './find-front.js';
import { describeDeployment, describeMaintenance, describePause } from './interventions.js';

const DAY_SECONDS = 86_400;
const STATE_WORDS = {
  up: '',
  starting: ' (not ready)',
  drained: ' (drained)',
  leaving: ' (drains: a deploy has taken its place)',
} as const satisfies Record<UpstreamWord, string>;

/** Exit code 0 while requests are taken, else 1. @throws FrontError where no front answers */
export async function runStatus(
  choice: FrontChoice & { readonly json?: true },
  io: CommandIo,
): Promise<number> {
  const status = await findFront(choice, io).status();
  io.stdout.write(choice.json === true ? `${JSON.stringify(status)}\n` : `${describe(status).join('\n')}\n`);
  return status.state === 'serving' || status.state === 'reloading' ? EXIT_SUCCESS : EXIT_FAILURE;
}

/** A line for each front of this user; exit code 0 even where there is none. */
export async function runList(choice: { readonly json?: true }, io: CommandIo): Promise<number> {
  const folder = runtimeFolder(io.environment);
  const found = await Promise.all(
    runningFronts(io).map(async (pid) => {
      const socket = socketPath(folder, pid);
      const client = new ControlClient(socket);
      const status = await client.status().catch(() => null);
      const projects = await projectsOf(client);
      return { pid, socket, status, projects };
    }),
  );
  if (choice.json === true) {
    io.stdout.write(`${JSON.stringify(found)}\n`);
    return EXIT_SUCCESS;
  }
  if (found.length === 0) io.stdout.write('no tlsfront of this user is running\n');
  for (const { pid, status, projects } of found) {
    const text =
      status === null
        ? 'does not answer'
        : `${status.state}  ${status.listeners.map(formatListener).join(' ')} -> ${status.upstreams.map(({ address }) => address).join(', ')}`;
    const [own, another] = projects;
    const alone =
      own === undefined || another !== undefined ? '' : `  ${own.name}  ${own.url}  since ${own.since}`;
    io.stdout.write(`${pid}  ${text}${alone}\n`);
    if (alone !== '') continue;
    const width = Math.max(0, ...projects.map(({ name }) => name.length));
    for (const project of projects)
      io.stdout.write(
        `  ${project.name.padEnd(width)}  ${project.url}  ${project.app}  pid ${project.pid}  since ${project.since}\n`,
      );
  }
  return EXIT_SUCCESS;
}

/** The projects that a front serves; none where it is of a version that knows none. */
export async function projectsOf(client: ControlClient): Promise<readonly ProjectView[]> {
  return client.ask<ProjectList>('GET', '/v1/projects').then(
    ({ projects }) => projects,
    () => [],
  );
}

function formatListener({ kind, host, port }: Status['listeners'][number]): string {
  const scheme = kind === 'redirect' ? 'http (to https)' : kind;
  return `${scheme} ${formatListenAddress(host, port)}`;
}

function describe(status: Status): string[] {
  const { counters, routers, workers, certificates, lastReload } = status;
  const rows: [string, string][] = [
    [
      'tlsfront',
      `${status.version} (Node ${status.node}), pid ${status.pid}, ${status.state} for ${duration(status.uptimeSeconds)}`,
    ],
    ...status.listeners.map((listener): [string, string] => ['listens', formatListener(listener)]),
    ...status.upstreams.map(({ address, state }): [string, string] => {
      return ['app', `${address}${STATE_WORDS[state]}`];
    }),
    [
      'requests',
      `${counters.requests ?? 0} in all, ${counters.requestsOpen ?? 0} open, ${counters.upstreamErrors ?? 0} failed at the app`,
    ],
    [
      'connections',
      `${counters.connections ?? 0} in all, ${counters.connectionsOpen ?? 0} open, ${counters.refusedByLimit ?? 0} refused`,
    ],
    ...routers.map(({ id, pid, state, counters: own }): [string, string] => {
      return ['http', `${id} (pid ${pid}) ${own === null ? 'does not answer' : state}`];
    }),
    ...workers.map(({ id, pid, address, ready }): [string, string] => {
      return ['worker', `${id} (pid ${pid}) ${address}${ready ? '' : ' (not ready)'}`];
    }),
    ...certificates.map(({ names, secondsLeft, file }): [string, string] => {
      const days = Math.floor(secondsLeft / DAY_SECONDS);
      const left = secondsLeft <= 0 ? 'EXPIRED' : `${days} ${days === 1 ? 'day' : 'days'} left`;
      return [
        'certificate',
        `${names.slice(0, 4).join(' ')}${names.length > 4 ? ' …' : ''}: ${left}${file === null ? '' : ` (${file})`}`,
      ];
    }),
    ...ordered(status.interventions),
    ['last reload', lastReload === null ? 'none' : `${lastReload.time}: ${lastReload.error ?? 'served'}`],
    ['log', status.logFile ?? 'stderr'],
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, text]) => `${name.padEnd(width)}  ${text}`);
}

/** Drained apps stand among the apps. */
function ordered({ maintenance, pause, deployed }: Interventions): [string, string][] {
  const rows: [string, string][] = [];
  if (maintenance !== null) rows.push(['maintenance', describeMaintenance(maintenance)]);
  if (pause !== null) rows.push(['pause', describePause(pause)]);
  for (const one of deployed) rows.push(['deployed', describeDeployment(one)]);
  return rows;
}

/** `3 d 4 h`, the two largest units. */
export function duration(seconds: number): string {
  const units: [string, number][] = [
    ['d', Math.floor(seconds / DAY_SECONDS)],
    ['h', Math.floor((seconds % DAY_SECONDS) / 3600)],
    ['min', Math.floor((seconds % 3600) / 60)],
    ['s', seconds % 60],
  ];
  const first = units.findIndex(([, count]) => count > 0);
  if (first === -1) return '0 s';
  return units
    .slice(first, first + 2)
    .map(([unit, count]) => `${count} ${unit}`)
    .join(' ');
}
