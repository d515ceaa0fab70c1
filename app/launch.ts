/** Decides what is spawned for a plan: the user's command, uWSGI, or the bundled WSGI launcher. */
import { FrontError } from '../src/shared/errors.js';
import type { Jail, WorkerKind, WorkerPlan } from '../src/shared/messages/worker-messages.js';
import { appEnvironment } from '../src/system/child-environment.js';
import { addServerArguments } from './command-arguments.js';
import { chooseWsgiServer } from './wsgi-server.js';

const VITE_HOSTS = '__VITE_ADDITIONAL_SERVER_ALLOWED_HOSTS';

/** A program ready to be spawned. */
export interface Launch {
  readonly kind: WorkerKind;
  /** What the app speaks; left out: HTTP. */
  readonly scheme?: 'uwsgi';
  /** What people call it: the command's name or the WSGI file. */
  readonly name: string;
  readonly program: string;
  readonly args: readonly string[];
  readonly environment: NodeJS.ProcessEnv;
  /** Where set, the app is not ready before it has printed a line with this text. */
  readonly loadedText?: string;
  /** A line put before the app's own output. */
  readonly remark?: string;
}

/**
 * Turns the plan into a program, its arguments and environment.
 * @throws FrontError worker_failed when the WSGI file or every server for it is missing
 */
export async function chooseLaunch(plan: WorkerPlan, port: number): Promise<Launch> {
  const environment = {
    ...plan.environment,
    ...appEnvironment(),
    // Within a front's app ours is another one than that front's.
    ...pickUrl(plan.environment),
    PORT: String(port),
    HOST: plan.host,
    ...allowNames(plan.names),
    ...wantColours(),
  };
  const given = (plan.command ?? []).map((argument) =>
    argument.replaceAll('{port}', String(port)).replaceAll('{host}', plan.host),
  );
  const place = { host: plan.host, port, names: plan.names };
  const [program, ...args] = addServerArguments(given, place, process.cwd());
  const jail = plan.chroot === null ? null : { folder: plan.chroot, uid: plan.uid, gid: plan.gid };
  if (program !== undefined) {
    const launch = { kind: 'command', name: program, environment } as const;
    return jail === null ? { ...launch, program, args } : { ...launch, ...within(jail, program, args) };
  }
  if (plan.wsgi === null)
    throw new FrontError('worker_failed', 'worker, no command and no WSGI file to start');
  const server = await chooseWsgiServer(plan.wsgi, place, environment, jail);
  return { ...server, name: plan.wsgi.name };
}

/** chroot(8) finds the program in the folder, by its PATH, and takes the user by number: no account need be there. */
function within({ folder, uid, gid }: Jail, program: string, args: readonly string[]) {
  const user = uid === null && gid === null ? [] : [`--userspec=+${uid ?? 0}:+${gid ?? 0}`, '--groups='];
  return { program: 'chroot', args: [...user, folder, program, ...args] };
}

function pickUrl({ TLSFRONT_URL }: WorkerPlan['environment']): NodeJS.ProcessEnv {
  return TLSFRONT_URL === undefined ? {} : { TLSFRONT_URL };
}

/** What Vite (6.1.1 and later) takes beside `server.allowedHosts`. */
function allowNames(names: readonly string[]): NodeJS.ProcessEnv {
  const given = process.env[VITE_HOSTS] ?? '';
  const all = [...(given === '' ? [] : [given]), ...names];
  return all.length === 0 ? {} : { [VITE_HOSTS]: all.join(',') };
}

/** The app writes into a pipe and would drop its colours although a terminal shows them. */
function wantColours(): NodeJS.ProcessEnv {
  const decided = process.env.NO_COLOR !== undefined || process.env.FORCE_COLOR !== undefined;
  return process.stdout.isTTY && !decided ? { FORCE_COLOR: '1' } : {};
}
