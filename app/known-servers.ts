/** Development servers that do not read PORT, and the arguments that tell them the same; one row a server. */

/** What a server's command line needs to know. */
export interface ServerPlace {
  readonly host: string;
  readonly port: number;
  /** Names under which browsers reach the front. */
  readonly names: readonly string[];
}

/** An option that is added where the command does not have it. */
export interface AddedFlag {
  /** Spellings that mean the user has decided: `--port`, `-p`. */
  readonly known: readonly string[];
  readonly values: (place: ServerPlace) => readonly string[];
}

export interface KnownServer {
  /** Base name of the program, such as `vite`. */
  readonly program: string;
  /** Its first argument that is no option must be one of these; '' stands for none. */
  readonly subcommands: readonly string[];
  readonly flags: readonly AddedFlag[];
  /** The address is an argument of its own, like that of Django's runserver; left out where one is given. */
  readonly positional?: (place: ServerPlace) => readonly string[];
}

function flag(name: string, ...others: readonly string[]): AddedFlag {
  return { known: [name, ...others], values: ({ port }) => [name, String(port)] };
}

function hostFlag(name: string, ...others: readonly string[]): AddedFlag {
  return { known: [name, ...others], values: ({ host }) => [name, host] };
}

const PORT = flag('--port', '-p');
const HOST = hostFlag('--host', '-H');
/** Without it Vite takes the next port where this one was taken meanwhile. Not added beside a port of the user's. */
const STRICT: AddedFlag = { known: ['--strictPort', '--port', '-p'], values: () => ['--strictPort'] };
const VITE = [STRICT, PORT, HOST] as const;
/** webpack's client otherwise dials the app's own port; 0.0.0.0:0 stands for the address of the page. */
const WEBPACK = [
  PORT,
  HOST,
  { known: ['--client-web-socket-url'], values: () => ['--client-web-socket-url', 'auto://0.0.0.0:0/ws'] },
  {
    known: ['--allowed-hosts'],
    values: ({ names }) =>
      names.length === 0 ? [] : ['auto', ...names].flatMap((name) => ['--allowed-hosts', name]),
  },
] satisfies readonly AddedFlag[];

/** Servers that read PORT (Next.js, Express, gunicorn, Puma) need no row. */
export const KNOWN_SERVERS: readonly KnownServer[] = [
  { program: 'vite', subcommands: ['', 'dev', 'serve', 'preview'], flags: VITE },
  { program: 'astro', subcommands: ['dev', 'preview'], flags: [PORT, HOST] },
  { program: 'webpack', subcommands: ['serve', 'server', 's'], flags: WEBPACK },
  { program: 'webpack-dev-server', subcommands: [''], flags: WEBPACK },
  { program: 'react-router', subcommands: ['dev'], flags: VITE },
  { program: 'remix', subcommands: ['vite:dev'], flags: VITE },
  { program: 'ng', subcommands: ['serve', 's', 'dev'], flags: [PORT, HOST] },
  { program: 'nuxt', subcommands: ['dev'], flags: [PORT, HOST] },
  { program: 'nuxi', subcommands: ['dev'], flags: [PORT, HOST] },
  { program: 'storybook', subcommands: ['dev'], flags: [PORT, hostFlag('--host', '-h')] },
  { program: 'expo', subcommands: ['start'], flags: [PORT] },
  { program: 'parcel', subcommands: ['', 'serve'], flags: [PORT] },
  { program: 'vitepress', subcommands: ['dev'], flags: [STRICT, PORT, HOST] },
  { program: 'docusaurus', subcommands: ['start'], flags: [PORT, HOST] },
  { program: 'rails', subcommands: ['server', 's'], flags: [PORT, hostFlag('--binding', '-b')] },
  { program: 'flask', subcommands: ['run'], flags: [PORT, hostFlag('--host', '-h')] },
  { program: 'uvicorn', subcommands: ['*'], flags: [flag('--port', '--uds', '--fd'), hostFlag('--host')] },
  { program: 'fastapi', subcommands: ['dev', 'run'], flags: [flag('--port'), hostFlag('--host')] },
  {
    program: 'manage.py',
    subcommands: ['runserver'],
    flags: [],
    positional: ({ host, port }) => [`${host}:${port}`],
  },
  {
    program: 'django-admin',
    subcommands: ['runserver'],
    flags: [],
    positional: ({ host, port }) => [`${host}:${port}`],
  },
  {
    program: 'http.server',
    subcommands: [''],
    flags: [hostFlag('--bind', '-b')],
    positional: ({ port }) => [String(port)],
  },
];
