/** What upstreams speak: one row a scheme, so that nobody asks for a scheme by its name. */

export interface SchemeRow {
  /** The connection is encrypted. */
  readonly tls: boolean;
  /** How a connection that carries one request at a time is spoken over; `files`: there is none, a folder answers. */
  readonly codec: 'http1' | 'uwsgi' | 'files';
  /** Whether a connection carries several requests at once (HTTP/2); `by ALPN`: where the app chooses it in the handshake. */
  readonly multiplexed: 'never' | 'always' | 'by ALPN';
  /** Apps read request bodies of unknown length; where they do not, bodies are held and sent with one. */
  readonly readsChunked: boolean;
  /** Apps answer `Expect: 100-continue`. */
  readonly says100: boolean;
  /** Its connections may begin with a PROXY protocol header: each is for one client. */
  readonly takesProxyHeader: boolean;
  /** The library engine can reach it. */
  readonly inLibrary: boolean;
  /** Port of an URL that names none; null: it must be given. */
  readonly defaultPort: number | null;
  /** What stands before `:/path` of a socket file, the usual first; none: there are no such files. */
  readonly fileWords: readonly string[];
}

/** Every scheme by the word that users write before `://`. */
export const SCHEMES = {
  http: {
    tls: false,
    codec: 'http1',
    multiplexed: 'never',
    readsChunked: true,
    says100: true,
    takesProxyHeader: true,
    inLibrary: true,
    defaultPort: 80,
    fileWords: ['unix', 'http+unix'],
  },
  https: {
    tls: true,
    codec: 'http1',
    multiplexed: 'by ALPN',
    readsChunked: true,
    says100: true,
    takesProxyHeader: false,
    inLibrary: false,
    defaultPort: 443,
    fileWords: [],
  },
  h2c: {
    tls: false,
    codec: 'http1',
    multiplexed: 'always',
    readsChunked: true,
    says100: true,
    takesProxyHeader: false,
    inLibrary: false,
    defaultPort: 80,
    fileWords: ['unix+h2c', 'h2c+unix'],
  },
  // uWSGI with Bottle answers 400 to chunked bodies, and its workers never say 100 (Continue).
  uwsgi: {
    tls: false,
    codec: 'uwsgi',
    multiplexed: 'never',
    readsChunked: false,
    says100: false,
    takesProxyHeader: true,
    inLibrary: false,
    defaultPort: null,
    fileWords: ['uwsgi+unix'],
  },
  // A folder of --root, --static-map and --check-static.
  file: {
    tls: false,
    codec: 'files',
    multiplexed: 'never',
    readsChunked: true,
    says100: false,
    takesProxyHeader: false,
    inLibrary: true,
    defaultPort: null,
    fileWords: [],
  },
} as const satisfies Record<string, SchemeRow>;

export type UpstreamScheme = keyof typeof SCHEMES;

/** What an address without a scheme speaks. */
export const DEFAULT_SCHEME = 'http' satisfies UpstreamScheme;

/** Every scheme in the order of the table. */
export const SCHEME_NAMES: readonly UpstreamScheme[] = Object.keys(SCHEMES).filter(isScheme);

/** Whether a word is a scheme of upstreams. */
export function isScheme(word: string): word is UpstreamScheme {
  return Object.hasOwn(SCHEMES, word);
}
