/** Chooses and describes the server of a WSGI app: uWSGI where it is installed, else the bundled launcher. */
import { execFile } from 'node:child_process';
import { accessSync, constants, existsSync, readdirSync, realpathSync, statSync } from 'node:fs';
import { join, resolve, sep } from 'node:path';
import { FrontError } from '../src/shared/errors.js';
import type { Jail, WsgiPlan } from '../src/shared/messages/worker-messages.js';
import { systemCode } from '../src/shared/system-error.js';
import { packageFile } from '../src/system/package-files.js';
import { findAsgiApp, requireAsgiApp } from './asgi-app.js';
import { launchAsgi } from './asgi-server.js';
import { findProgram } from './programs.js';
import { jailArguments, uwsgiArguments, uwsgiLoadedText, valueOfOption } from './uwsgi-arguments.js';

const LAUNCHER = packageFile('app/wsgi_launcher.py');
const PROBE_TIMEOUT_MS = 5000;

interface Uwsgi {
  readonly program: string;
  /** Distributions build Python support as a plugin; pip's uwsgi has it built in. */
  readonly pluginArgs: readonly string[];
  /** For example `3.11`. */
  readonly pythonVersion: string;
}

/**
 * The virtual environment that the options or the environment name; undefined: none.
 * @throws FrontError worker_failed where the options name a folder that is none
 */
function virtualEnvironment({ options }: WsgiPlan, jail: Jail | null): string | undefined {
  const named = valueOfOption(options, 'home', 'virtualenv', 'venv', 'pyhome');
  if (named === null) return process.env.VIRTUAL_ENV || undefined;
  const home = resolve(named);
  // Within a jail nobody but uWSGI looks.
  if (jail === null && !isPythonHome(home)) {
    const reason = existsSync(home) ? 'no virtual environment' : 'no such folder';
    throw new FrontError('worker_failed', `--home ${named}, ${reason}`, {
      hint: `python3 -m venv ${named} makes one; the working folder is ${process.cwd()}`,
    });
  }
  return home;
}

/** A virtual environment, or what Python's own home is. */
function isPythonHome(home: string): boolean {
  try {
    return (
      existsSync(join(home, 'bin', 'python3')) ||
      readdirSync(join(home, 'lib')).some((name) => name.startsWith('python3'))
    );
  } catch {
    return false;
  }
}

/** Where the app shall listen. */
interface Place {
  readonly host: string;
  readonly port: number;
}

/**
 * The server of a WSGI app, ready to be spawned.
 * @param jail the folder that only uWSGI can be put into; null: none
 * @throws FrontError worker_failed when the file or every server for it is missing
 */
export async function chooseWsgiServer(
  wsgi: WsgiPlan,
  place: Place,
  environment: NodeJS.ProcessEnv,
  jail: Jail | null,
) {
  const home = virtualEnvironment(wsgi, jail);
  if (jail === null) {
    if (wsgi.file !== null)
      checkWsgiFile(resolve(valueOfOption(wsgi.options, 'chdir') ?? '', wsgi.file), wsgi.file);
    const isAsgi = wsgi.server === 'asgi';
    const asgi = isAsgi ? requireAsgiApp(wsgi) : wsgi.server === 'auto' ? findAsgiApp(wsgi) : null;
    if (asgi !== null) return launchAsgi(asgi, wsgi, place, home, environment);
  }
  const uwsgi = wsgi.server === 'wsgiref' ? undefined : await findUwsgi(home);
  const fits = uwsgi !== undefined && (wsgi.server === 'uwsgi' || servesVirtualEnvironment(uwsgi, home));
  if (fits) {
    return {
      ...launchUwsgi(uwsgi, wsgi, `${place.host}:${place.port}`, home, jail),
      environment: withoutUwsgi(environment),
    };
  }
  if (wsgi.server === 'uwsgi' || jail !== null) {
    const why = jail === null ? '' : ', and no other server can be put into --chroot';
    throw new FrontError('worker_failed', `uwsgi, not installed or built without Python support${why}`, {
      hint: 'apt install uwsgi uwsgi-plugin-python3, or pip install uwsgi',
    });
  }
  return launchBundled(wsgi, place, home, environment);
}

function launchBundled(
  wsgi: WsgiPlan,
  { host, port }: Place,
  home: string | undefined,
  environment: NodeJS.ProcessEnv,
) {
  const python = findProgram('python3', home);
  if (python === undefined) {
    throw new FrontError('worker_failed', `${wsgi.name}, neither uwsgi nor python3 is installed`, {
      hint: 'install Python 3.8 or later, for example: apt install python3',
    });
  }
  checkLauncher();
  const args = ['-u', LAUNCHER, wsgi.file ?? '', wsgi.callable ?? '', host, String(port), ...wsgi.options];
  return { kind: 'wsgiref', program: python, args, environment } as const;
}

function launchUwsgi(
  uwsgi: Uwsgi,
  wsgi: WsgiPlan,
  address: string,
  home: string | undefined,
  jail: Jail | null,
) {
  const inJail = jail === null ? [] : jailArguments(jail, wsgi.options);
  const args = [...uwsgiArguments(wsgi, uwsgi.pluginArgs, address, home), ...inJail];
  const loadedText = uwsgiLoadedText(wsgi);
  const launch = {
    kind: 'uwsgi',
    program: uwsgi.program,
    args,
    ...(loadedText === null ? {} : { loadedText }),
  } as const;
  return wsgi.uwsgiScheme === 'http' ? launch : ({ ...launch, scheme: 'uwsgi' } as const);
}

/** UWSGI_HTTP and the like were read with the command line; uWSGI would read them again and open listeners of its own. */
function withoutUwsgi(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !name.startsWith('UWSGI_')));
}

/** @param home a virtual environment, which may have a uWSGI of its own */
async function findUwsgi(home: string | undefined): Promise<Uwsgi | undefined> {
  const program = findProgram('uwsgi', home);
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
function servesVirtualEnvironment(uwsgi: Uwsgi, folder: string | undefined): boolean {
  if (!folder || isInside(uwsgi.program, folder)) return true;
  return existsSync(join(folder, 'lib', `python${uwsgi.pythonVersion}`));
}

function isInside(file: string, folder: string): boolean {
  return file.startsWith(folder + sep);
}

function checkWsgiFile(path: string, file: string): void {
  try {
    accessSync(path, constants.R_OK);
    if (statSync(path).isFile()) return;
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
