/** What a deploy makes of an app's configuration, and whether what was deployed still counts. */
import { createHash } from 'node:crypto';
import { describeProgram, formatRouted } from '../../shared/addresses/upstream-text.js';
import type { AppConfig, AppUpstream, WorkerConfig } from '../../shared/config/apps.js';
import type { Config } from '../../shared/config/config.js';
import { FrontError } from '../../shared/errors.js';
import type { Deployment } from '../../shared/messages/interventions.js';

/** What somebody wants in an app's place; neither: what the configuration says. */
export type Wanted = Pick<Deployment, 'upstreams' | 'command' | 'folder'>;

/** Reads an upstream as `--upstream` takes it, without a route. @throws FrontError */
export type ReadUpstream = (text: string, engine: Config['engine']) => AppUpstream;

const EVERY_ROUTE = { host: '', prefix: '' };

/** For the command in the place of an app that we did not start: the defaults of the options. */
const USUAL_WORKER: WorkerConfig = {
  command: null,
  wsgi: null,
  chroot: null,
  appPort: null,
  processes: 1,
  readyTimeoutMs: 60_000,
  harakiriMs: 0,
  maxRequests: 0,
  maxRssBytes: 0,
};

/** The app with another version of it. @throws FrontError for what is no upstream */
export function versionOf(
  configured: AppConfig,
  { upstreams, command, folder }: Wanted,
  engine: Config['engine'],
  read: ReadUpstream,
): AppConfig {
  if (command !== null) {
    const { folder: _folder, ...usual } = configured.worker ?? USUAL_WORKER;
    const worker = { ...usual, command, wsgi: null, appPort: null, ...(folder === null ? {} : { folder }) };
    return { ...configured, upstreams: [], worker };
  }
  if (upstreams.length === 0) return configured;
  return { ...configured, upstreams: upstreams.map((text) => read(text, engine)), worker: null };
}

/** What people call a version: its addresses, or its command. */
export function describeVersion({ worker, upstreams }: AppConfig): string {
  return worker === null ? addressesOf(upstreams).join(', ') : `-- ${describeProgram(worker)}`;
}

/** As `--upstream` takes them. */
export function addressesOf(upstreams: readonly AppUpstream[]): readonly string[] {
  return upstreams.map((upstream) => formatRouted({ ...upstream, route: EVERY_ROUTE }));
}

/** What the configuration says of an app, in a few letters; see Deployment.configured. */
export function markOf({ worker, upstreams }: AppConfig): string {
  const said = [addressesOf(upstreams), worker?.command ?? null, worker?.wsgi ?? null];
  return createHash('sha256').update(JSON.stringify(said)).digest('hex').slice(0, 16);
}

/** The deployments that count, for what the configuration says now. */
export function stillDeployed(
  deployed: readonly Deployment[],
  apps: readonly AppConfig[],
): readonly Deployment[] {
  return deployed.filter(({ app, configured }) =>
    apps.some((one) => one.name === app && markOf(one) === configured),
  );
}

/** The configuration with the versions that are deployed. @param onUnreadable told of one that cannot be */
export function withDeployed(
  config: Config,
  deployed: readonly Deployment[],
  read: ReadUpstream,
  onUnreadable: (deployment: Deployment, error: unknown) => void,
): Config {
  const counting = stillDeployed(deployed, config.apps);
  if (counting.length === 0) return config;
  const apps = config.apps.map((app) => {
    const deployment = counting.find((one) => one.app === app.name);
    if (deployment === undefined) return app;
    try {
      return versionOf(app, deployment, config.engine, read);
    } catch (error) {
      onUnreadable(deployment, error);
      return app;
    }
  });
  return { ...config, apps };
}

/** The app of this name; null: the only one. @throws FrontError config_usage that names what there is */
export function findApp(name: string | null, apps: readonly AppConfig[]): number {
  const servers = apps.flatMap(({ files }, index) => (files === null ? [index] : []));
  const names = servers.map((index) => apps[index]?.name ?? '');
  const found = name === null ? servers : servers.filter((index) => apps[index]?.name === name);
  const [index, another] = found;
  if (index !== undefined && another === undefined) return index;
  const hint =
    names.length === 0 ? 'there is none that could be deployed' : `choose one of: ${names.join(', ')}`;
  if (name === null && index !== undefined)
    throw new FrontError('config_usage', 'there are several apps: name the one to deploy', { hint });
  const isFiles = apps.some((app) => app.name === name && app.files !== null);
  const text = isFiles
    ? `${name} is a folder of files, which no deploy replaces`
    : `there is no app ${JSON.stringify(name ?? '')}`;
  throw new FrontError('config_usage', text, { hint });
}
