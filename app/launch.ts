/** Decides what is spawned for a plan: the user's command, uWSGI, or the bundled WSGI launcher. */

import { execFile } from 'node:child_process';
import { accessSync, constants, existsSync, realpathSync, statSync } from 'node:fs';
import { delimiter, join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { FrontError } from '../src/shared/errors.js';
import { systemCode } from '../src/shared/system-error.js';
import type { WorkerKind, WorkerPlan, WsgiPlan } from '../src/shared/worker-messages.js';
import { addServerArguments } from './command-arguments.js';

/** From dist/app/launch.js to the package root, where the Python file stays as it is. */
const LAUNCHER = fileURLToPath(new URL('../../app/wsgi_launcher.py', import.meta.url));
const PROBE_TIMEOUT_MS = 5000;
const VITE_HOSTS = '__VITE_ADDITIONAL_SERVER_ALLOWED_HOSTS';
/** uWSGI's buffer for a request's header; its own 4096 is soon full of cookies, and it then hangs up without a word. */
const UWSGI_BUFFER_BYTES = 65535;

/** uWSGI listens long before it has loaded the app; this line comes after. */
const UWSGI_LOADED = 'spawned uWSGI worker';

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
}

interface Uwsgi {
  readonly program: string;
  /** Distributions build Python support as a plugin; pip's uwsgi has it built in. */
  readonly pluginArgs: readonly string[];
  /** For example `3.11`. */
  readonly pythonVersion: string;
}

/**
 * Turns the plan into a program, its arguments and environment.
 * @throws FrontError worker_failed when the WSGI file or every server for it is missing
 */
export async function chooseLaunch(plan: WorkerPlan, port: number): Promise<Launch> {
  const environment = {
    ...plan.environment,
    ...process.env,
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
  if (program !== undefined) return { kind: 'command', name: program, program, args, environment };
  if (plan.wsgi === null)
    throw new FrontError('worker_failed', 'worker, no command and no WSGI file to start');
  checkWsgiFile(plan.wsgi.file);
  return { ...(await chooseWsgiServer(plan.wsgi, plan.host, port)), name: plan.wsgi.file, environment };
}

async function chooseWsgiServer(wsgi: WsgiPlan, host: string, port: number) {
  const uwsgi = wsgi.server === 'wsgiref' ? undefined : await findUwsgi();
  const fits = uwsgi !== undefined && (wsgi.server === 'uwsgi' || servesVirtualEnvironment(uwsgi));
  if (fits) return launchUwsgi(uwsgi, wsgi, `${host}:${port}`);
  if (wsgi.server === 'uwsgi') {
    throw new FrontError('worker_failed', 'uwsgi, not installed or built without Python support', {
      hint: 'apt install uwsgi uwsgi-plugin-python3, or pip install uwsgi',
    });
  }
  const python = findOnPath('python3');
  if (python === undefined) {
    throw new FrontError('worker_failed', `${wsgi.file}, neither uwsgi nor python3 is installed`, {
      hint: 'install Python 3.8 or later, for example: apt install python3',
    });
  }
  checkLauncher();
  const args = ['-u', LAUNCHER, wsgi.file, wsgi.callable, host, String(port)];
  return { kind: 'wsgiref', program: python, args } as const;
}

/**
 * One process without a master, so that the group's end is its end. No keep-alive over HTTP: --http11-socket lets an idle
 * connection hold the only worker while others wait, and --http-socket hangs up without saying so, hence the header.
 */
function launchUwsgi(uwsgi: Uwsgi, wsgi: WsgiPlan, address: string) {
  const virtualEnvironment = process.env.VIRTUAL_ENV;
  const isPlain = wsgi.uwsgiScheme === 'http';
  const args = [
    ...uwsgi.pluginArgs,
    ...(isPlain ? ['--http-socket', address, '--add-header', 'Connection: close'] : ['--socket', address]),
    ...['--wsgi-file', wsgi.file, '--callable', wsgi.callable],
    ...['--need-app', '--die-on-term', '--disable-logging', '--buffer-size', String(UWSGI_BUFFER_BYTES)],
    ...(virtualEnvironment ? ['--virtualenv', virtualEnvironment] : []),
  ];
  const launch = { kind: 'uwsgi', program: uwsgi.program, args, loadedText: UWSGI_LOADED } as const;
  return isPlain ? launch : ({ ...launch, scheme: 'uwsgi' } as const);
}

async function findUwsgi(): Promise<Uwsgi | undefined> {
  const program = findOnPath('uwsgi');
  if (program === undefined) return undefined;
  for (const pluginArgs of [[], ['--plugin', 'python3']]) {
    const version = await askPythonVersion(program, pluginArgs);
    if (version !== undefined) return { program, pluginArgs, pythonVersion: version };
  }
  return undefined;
}

/** The Python inside uWSGI, or undefined where it has none (a build without the plugin, a pyenv shim that leads nowhere). */
function askPythonVersion(program: string, pluginArgs: readonly string[]): Promise<string | undefined> {
  return new Promise((resolve) => {
    const args = [...pluginArgs, '--python-version'];
    execFile(program, args, { timeout: PROBE_TIMEOUT_MS, killSignal: 'SIGKILL' }, (error, stdout) => {
      const version = /^(?:Python version: )?(3\.\d+)/m.exec(stdout)?.[1];
      resolve(error === null ? version : undefined);
    });
  });
}

/** An activated virtual environment of another Python version cannot be loaded into this uWSGI. */
function servesVirtualEnvironment(uwsgi: Uwsgi): boolean {
  const folder = process.env.VIRTUAL_ENV;
  if (!folder || isInside(uwsgi.program, folder)) return true;
  return existsSync(join(folder, 'lib', `python${uwsgi.pythonVersion}`));
}

function isInside(file: string, folder: string): boolean {
  return file.startsWith(folder + sep);
}

function checkWsgiFile(file: string): void {
  try {
    accessSync(file, constants.R_OK);
    if (statSync(file).isFile()) return;
  } catch (error) {
    const denied = systemCode(error) === 'EACCES';
    const reason = denied ? 'not readable by the user the app runs as' : 'no such file';
    const hint = denied
      ? `chmod o+r ${file}, or choose another --uid`
      : `the working folder is ${process.cwd()}`;
    throw new FrontError('worker_failed', `${file}, ${reason}`, { hint, cause: error });
  }
  throw new FrontError('worker_failed', `${file}, not a file`, { hint: 'name the Python file itself' });
}

/** A global install below /root cannot be read once privileges are dropped. */
function checkLauncher(): void {
  try {
    accessSync(realpathSync(LAUNCHER), constants.R_OK);
  } catch (error) {
    throw new FrontError('worker_failed', `${LAUNCHER}, not readable by the user the app runs as`, {
      hint: 'install tlsfront where that user can read it, for example: npm install -g --prefix /usr/local tlsfront',
      cause: error,
    });
  }
}

function findOnPath(name: string): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  return folders.map((folder) => join(folder, name)).find(isExecutable);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
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
