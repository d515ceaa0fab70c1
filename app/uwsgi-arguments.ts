/** The command line of the uWSGI that runs an app behind the front. */
import type { Jail, WsgiPlan } from '../src/shared/messages/worker-messages.js';

/** uWSGI's buffer for a request's header; its own 4096 is soon full of cookies, and it then hangs up without a word. */
const BUFFER_BYTES = 65535;

/** Options that a single process can follow: with any other, uWSGI gets a master of its own. */
const NEEDS_NO_MASTER = new Set(
  [
    'module wsgi wsgi-file file callable mount manage-script-name eval paste chdir chdir2 home virtualenv venv',
    'pyhome pythonpath python-path pp env envdir unenv pyargv plugin plugins need-plugin need-plugins plugins-dir',
    'plugin-dir threads enable-threads single-interpreter buffer-size post-buffering listen no-site optimize',
    'lazy-apps static-map check-static static-index catch-exceptions wsgi-env-behavior wsgi-env-behaviour',
  ].flatMap((names) => names.split(' ')),
);

/** Without one of them uWSGI may have nothing to load: files alone, CGI, PHP. */
const LOADS_APP = /^(?:module|wsgi|mount|file|eval|paste|ini-paste.*|pecan|web3|pump|wsgi-lite|psgi|rack)=/;

/** With them the request log is wanted from uWSGI itself. */
const LOGS_REQUESTS = /^(?:log-?format|req-logger|logger-req|log-encoder|log-req-encoder)\b/;

/** With them uWSGI's words go elsewhere, and nothing can be read in them. */
const LOGS_ELSEWHERE = /^(?:logger|log-syslog|log-socket|log-filter|log-drain|log-route)\b/;

/** `chdir` of `chdir=/srv`. */
export function nameOfOption(option: string): string {
  return option.split('=', 1)[0] ?? option;
}

/** The value of the last option that has one of these names; null: none is given. */
export function valueOfOption(options: readonly string[], ...names: readonly string[]): string | null {
  const option = options.findLast((text) => text.includes('=') && names.includes(nameOfOption(text)));
  return option === undefined ? null : option.slice(option.indexOf('=') + 1);
}

/** The values of all options that have one of these names. */
export function valuesOfOption(options: readonly string[], ...names: readonly string[]): readonly string[] {
  return options
    .filter((text) => text.includes('=') && names.includes(nameOfOption(text)))
    .map((text) => text.slice(text.indexOf('=') + 1));
}

function has(options: readonly string[], ...names: readonly string[]): boolean {
  return options.some((option) => names.includes(nameOfOption(option)));
}

/** What uWSGI prints when the app is loaded: it listens long before. Null: it cannot be read. */
export function uwsgiLoadedText({ options }: WsgiPlan): string | null {
  if (options.some((option) => LOGS_ELSEWHERE.test(option))) return null;
  if (has(options, 'cheap', 'idle')) return 'uWSGI is running in';
  return has(options, 'lazy', 'lazy-apps') ? 'WSGI app 0 (' : 'spawned uWSGI worker';
}

/**
 * One process without a master where that is enough, so that the group's end is its end. No keep-alive over HTTP: --http11-socket lets an idle
 * connection hold the only worker while others wait, and --http-socket hangs up without saying so, hence the header.
 */
export function uwsgiArguments(
  plan: WsgiPlan,
  pluginArgs: readonly string[],
  address: string,
  virtualEnvironment: string | undefined,
): readonly string[] {
  const { options, file, callable } = plan;
  const isPlain = plan.uwsgiScheme === 'http';
  const loadsApp = file !== null || options.some((option) => LOADS_APP.test(option));
  const hasHome = has(options, 'home', 'virtualenv', 'venv', 'pyhome');
  return [
    ...pluginArgs,
    ...(isPlain ? ['--http-socket', address, '--add-header', 'Connection: close'] : ['--socket', address]),
    ...(file === null ? [] : ['--wsgi-file', file]),
    ...(callable === null ? [] : ['--callable', callable]),
    ...(loadsApp ? ['--need-app'] : []),
    '--die-on-term',
    // Its standard input is a pipe of ours, which it would take for a socket to serve on.
    '--skip-zero',
    ...(options.some((option) => LOGS_REQUESTS.test(option)) ? [] : ['--disable-logging']),
    ...(has(options, 'buffer-size') ? [] : ['--buffer-size', String(BUFFER_BYTES)]),
    ...(virtualEnvironment && !hasHome ? ['--virtualenv', virtualEnvironment] : []),
    ...(options.every((option) => NEEDS_NO_MASTER.has(nameOfOption(option))) ? [] : ['--master']),
    ...options.map((option) => `--${option}`),
  ];
}

/** What puts uWSGI into the folder, where it then takes the user. It stays in the working folder that it was started in unless told otherwise. */
export function jailArguments({ folder, uid, gid }: Jail, options: readonly string[]): readonly string[] {
  return [
    ...['--chroot', folder],
    ...(uid === null ? [] : ['--uid', String(uid)]),
    ...(gid === null ? [] : ['--gid', String(gid)]),
    ...(has(options, 'chdir') ? [] : ['--chdir', '/']),
  ];
}
