/** Where the front listens, and with which certificates. */

/** Host and port to listen on; host `''` means every address (`::`, which takes IPv4 too). Port 0: any free port. */
export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

/** Files of one certificate as given by `--cert/--key/--ca-bundle` or by the fields of `--https`. */
export interface CertificateFiles {
  readonly cert: string;
  /** null: the key is in the certificate file. */
  readonly key: string | null;
  readonly caBundles: readonly string[];
  /** File whose first line is the passphrase of the key; null when the key is not encrypted. */
  readonly keyPassphraseFile: string | null;
}

/** A folder of `--cert-dir`, with what may complete its chains and open its keys. */
export interface CertificateFolder extends Pick<CertificateFiles, 'caBundles' | 'keyPassphraseFile'> {
  readonly path: string;
}

/** A TLS listener. */
export interface HttpsListener extends ListenAddress {
  readonly kind: 'https';
  /** Indices into Config.certificates; the first is the default, all are chosen by server name. */
  readonly certificates: readonly number[];
  /** Folders of further certificates. Without these, `certificates` and `acme`: the development certificate. */
  readonly certificateFolders: readonly CertificateFolder[];
  /** The certificates of Config.acme are served too. */
  readonly acme: boolean;
  /** OpenSSL cipher list of this listener (uWSGI's fourth `--https` field); null: Config.tls.ciphers. */
  readonly ciphers: string | null;
  /** Client certificates (`--client-ca`, or uWSGI's fifth `--https` field, where `!` requires one); null: not asked for. */
  readonly clientCa: {
    readonly file: string;
    readonly required: boolean;
    /** Revocation lists; one for each authority of the clients' chains. */
    readonly crlFiles: readonly string[];
  } | null;
  /** Set when nobody chose the port: use this one, with a line that says why, where `port` is not permitted. */
  readonly fallbackPort: number | null;
}

/** A plain listener that serves the app. */
export interface HttpListener extends ListenAddress {
  readonly kind: 'http';
}

/** A plain listener that answers every request with a redirect to HTTPS. */
export interface RedirectListener extends ListenAddress {
  readonly kind: 'redirect';
  /** Port put into the redirect; null: the port of the first HTTPS listener, left out when it is 443. */
  readonly httpsPort: number | null;
  /** Nobody asked for it: where it cannot be bound, or somebody answers there, it is left out without a word. */
  readonly isOptional: boolean;
}

export type ListenerConfig = HttpsListener | HttpListener | RedirectListener;

/** Where `--stats` is served: host and port, or a socket file. */
export interface StatsAddress extends ListenAddress {
  /** null: TCP. */
  readonly path: string | null;
}
