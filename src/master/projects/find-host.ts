/** Finds the front of this user that a project can join. */
import { ControlClient } from '../../control/client.js';
import { listSockets, runtimeFolder, socketPath } from '../../control/runtime-folder.js';
import type { ProjectList } from '../../control/types.js';
import type { Config } from '../../shared/config/config.js';

/** A front that serves other projects. */
export interface Host {
  readonly client: ControlClient;
  readonly pid: number;
}

/** Where the project would listen. */
export function portOf({ listeners }: Config): number {
  return listeners.find(({ kind }) => kind === 'https')?.port ?? 0;
}

/** The first that has a port where this project would listen; null: there is none. */
export async function findHost(
  { listeners }: Config,
  environment: Readonly<NodeJS.ProcessEnv>,
): Promise<Host | null> {
  const wanted = new Set(
    listeners.flatMap((listener) =>
      listener.kind === 'https' ? [listener.port, listener.fallbackPort ?? listener.port] : [],
    ),
  );
  const folder = runtimeFolder(environment);
  for (const pid of socketsIn(folder)) {
    if (pid === process.pid) continue;
    const client = new ControlClient(socketPath(folder, pid));
    const found = await client.ask<ProjectList>('GET', '/v1/projects').catch(() => null);
    if (found?.isHost === true && found.ports.some((port) => wanted.has(port))) return { client, pid };
  }
  return null;
}

/** A folder that cannot be used holds no front that we would trust. */
function socketsIn(folder: string): readonly number[] {
  try {
    return listSockets(folder);
  } catch {
    return [];
  }
}
