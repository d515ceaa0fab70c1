/** Starts real uWSGI: workers on a socket, or with its own http router, with the Bottle app of the fixtures. */
import { type ChildProcess, spawn } from 'node:child_process';
import { connect } from 'node:net';
import { until } from './deadline.js';
import { type Ending, fixture } from './workspace.js';

const START_MS = 60_000;

/**
 * Runs `uwsgi ARGUMENTS` with Python and the app until the test is over.
 * @param file the WSGI file; index.py of the fixtures when left out
 * @returns when a worker has loaded the app
 */
export async function startUwsgi(
  t: Ending,
  uwsgi: string,
  args: readonly string[],
  file = fixture('index.py'),
): Promise<void> {
  const plugins = args.includes('--http') ? 'python3,http' : 'python3';
  const common = ['--plugin', plugins, '--wsgi-file', file, '--need-app', '--die-on-term'];
  const child = spawn(uwsgi, [...common, '--buffer-size', '65535', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let log = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      log += text;
    });
  }
  t.after(() => end(child));
  await until(
    () => {
      if (child.exitCode !== null) throw new Error(`uwsgi ended\n${log}`);
      return log.includes('spawned uWSGI worker');
    },
    START_MS,
    'uWSGI loads its app',
  );
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.kill('SIGKILL');
  await ended;
}

/** Waits until the port on 127.0.0.1 accepts connections. */
export async function waitForPort(port: number): Promise<void> {
  const accepts = (): Promise<boolean> =>
    new Promise((resolve) => {
      const socket = connect({ host: '127.0.0.1', port });
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
      socket.once('close', () => resolve(false));
      socket.once('connect', () => socket.destroy());
    });
  await until(accepts, START_MS, `port ${port} accepts`);
}
