/** Recognises the pages with which development servers refuse a host they do not know, and says in the log what helps. */
import { hostOf } from '../../wire/syntax/field-list.js';
import type { RequestHead } from '../types.js';
import type { LineWriter } from './line-writer.js';

interface Refusal {
  /** What stands near the beginning of the page. */
  readonly text: string;
  /** Beginning of the paths it is about; left out: all. */
  readonly path?: string;
  readonly app: string;
  hint(host: string): string;
}

const OR_CHANGE_HOST = 'or start tlsfront with --change-host';

const REFUSALS: readonly Refusal[] = [
  {
    text: 'Blocked request. This host (',
    app: 'Vite',
    hint: (host) => `add '${host}' to server.allowedHosts in vite.config.js, ${OR_CHANGE_HOST}`,
  },
  {
    text: 'Invalid Host header',
    app: 'webpack-dev-server',
    hint: (host) => `add '${host}' to devServer.allowedHosts in webpack.config.js, ${OR_CHANGE_HOST}`,
  },
  {
    text: 'Invalid host',
    app: 'Storybook',
    hint: (host) => `add '${host}' to core.allowedHosts in .storybook/main.js, ${OR_CHANGE_HOST}`,
  },
  {
    text: 'Unauthorized',
    path: '/_next/',
    app: 'Next.js',
    hint: (host) => `add '${host}' to allowedDevOrigins in next.config.js`,
  },
  {
    text: 'DisallowedHost',
    app: 'Django',
    hint: (host) => `add '${host}' to ALLOWED_HOSTS in settings.py, ${OR_CHANGE_HOST}`,
  },
  {
    text: 'Invalid HTTP_HOST header',
    app: 'Django',
    hint: (host) => `add '${host}' to ALLOWED_HOSTS in settings.py, ${OR_CHANGE_HOST}`,
  },
  {
    text: 'Origin checking failed',
    app: 'Django',
    hint: (host) =>
      `set SECURE_PROXY_SSL_HEADER = ('HTTP_X_FORWARDED_PROTO', 'https') in settings.py, or add the origin with ` +
      `its port (https://${host}:…) to CSRF_TRUSTED_ORIGINS; --change-host must be off`,
  },
  {
    text: 'Cross-site POST form submissions are forbidden',
    app: 'SvelteKit',
    hint: (host) =>
      `vite preview takes every request for http: add 'https://${host}:…' with its port to kit.csrf.trustedOrigins in ` +
      `svelte.config.js; adapter-node needs ORIGIN=https://${host}:… in its environment`,
  },
  {
    // The whole answer to a form whose Origin is not http:// and the Host; what it was about stands in the app's output only.
    text: 'Unexpected Server Error',
    app: 'React Router',
    hint: (host) =>
      `if a form was sent: add '${host}:…' with its port to allowedActionOrigins in react-router.config.ts (react-router-serve ` +
      `compares Origin with http://)`,
  },
  {
    // Rails looks at X-Forwarded-Host too, so another Host alone would not help.
    text: 'Blocked host',
    app: 'Rails',
    hint: (host) => `add config.hosts << "${host}" to config/environments/development.rb`,
  },
];

/** Longest stretch of a page that is looked at; Rails writes its style sheet before the message. */
const LOOK_AT_BYTES = 16 * 1024;
/** webpack-dev-server 3 and 4 send this text, and no more, with status 200. */
const BARE_REFUSAL = 'Invalid Host header';

/** Whether the beginning of a response's body is worth a look. */
export function mayBeRefusal(status: number, contentLength: number): boolean {
  if (status === 403 || status === 400) return true;
  return status === 200 && contentLength === BARE_REFUSAL.length;
}

const explained = new Set<string>();

/** Tells, once a router for each kind of app, which setting makes it accept the host. `view` begins the body. */
export function explainRefusal(view: Buffer, head: RequestHead, log: LineWriter): void {
  const page = view.toString('latin1', 0, LOOK_AT_BYTES);
  const refusal = REFUSALS.find(
    ({ text, path = '/' }) => head.path.startsWith(path) && page.includes(text) && isPlausible(page, text),
  );
  if (refusal === undefined || explained.has(refusal.text)) return;
  explained.add(refusal.text);
  const host = hostOf(head.authority);
  log.say('warning', `${refusal.app} refuses requests for ${host}`, refusal.hint(host));
}

const BARE_WORDS: ReadonlySet<string> = new Set(['Unauthorized', 'Invalid host', 'Unexpected Server Error']);

/** One word says little inside a page: it has to be all of the answer. */
function isPlausible(page: string, text: string): boolean {
  return !BARE_WORDS.has(text) || page.trim() === text;
}
