/** Who may come in, as the configuration says it and as files that are watched fill it in. */

/** The requests that an access rule is for. */
export interface AccessScope {
  /** Lower-case name, `*.name` or address that the request must be for; empty: any. */
  readonly host: string;
  /** Port of the listener as configured; 0: every listener. */
  readonly port: number;
  /** `/api` for the path `/api` and all below it; empty: every path. */
  readonly prefix: string;
}

/** Every request. */
export const EVERYTHING: AccessScope = { host: '', port: 0, prefix: '' };

/** Address blocks of clients that are served, or are not. */
export interface AddressRule {
  readonly action: 'allow' | 'deny';
  readonly scope: AccessScope;
  /** In CIDR notation. */
  readonly blocks: readonly string[];
  /** Files with more of them. */
  readonly files: readonly string[];
}

/** How many requests one client may make. */
export interface RateLimitRule {
  readonly scope: AccessScope;
  readonly requests: number;
  readonly periodMs: number;
  /** So many at once. */
  readonly burst: number;
  /** What tells clients apart. */
  readonly key:
    | { readonly kind: 'ip' }
    /** Lower-case name. */
    | { readonly kind: 'header'; readonly name: string }
    | { readonly kind: 'cookie'; readonly name: string };
  /** `/login` for that path and all below it; empty: every path. */
  readonly path: string;
}

/** All rules; a site can carry its own. */
export interface AccessConfig {
  readonly addresses: readonly AddressRule[];
  readonly rateLimits: readonly RateLimitRule[];
}

/** What the files of AccessConfig hold, by the path as configured. */
export interface AccessMaterial {
  /** Blocks in CIDR notation. */
  readonly addresses: Readonly<Record<string, readonly string[]>>;
}

/** The scope as it was written, for messages. */
export function formatScope({ host, port, prefix }: AccessScope): string {
  return `${host}${port === 0 ? '' : `:${port}`}${prefix}`;
}
