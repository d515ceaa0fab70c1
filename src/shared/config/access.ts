/** Who may come in, as the configuration says it and as files that are watched fill it in. */

import type { AppConfig } from './apps.js';

/** The requests that an access rule is for. */
export interface AccessScope {
  /** Index in Config.sites whose requests alone they are; null: of any site and of none. */
  readonly site: number | null;
  /** Lower-case name, `*.name` or address that the request must be for; empty: any. */
  readonly host: string;
  /** Port of the listener as configured; 0: every listener. */
  readonly port: number;
  /** `/api` for the path `/api` and all below it; empty: every path. */
  readonly prefix: string;
}

/** Every request. */
export const EVERYTHING: AccessScope = { site: null, host: '', port: 0, prefix: '' };

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

/** Who must give a password. */
export interface PasswordRule {
  readonly scope: AccessScope;
  /** In the form of htpasswd. */
  readonly file: string;
  /** It is asked for over plain HTTP too. */
  readonly plain: boolean;
  /** The app gets it too. */
  readonly passesOn: boolean;
}

/** Who decides about requests beside us. */
export interface ForwardAuthRule {
  readonly scope: AccessScope;
  /** Where it is, as an app that no route leads to. */
  readonly app: AppConfig;
  /** What it is asked for: path and query. */
  readonly path: string;
  /** Lower-case fields of its answer that the app gets, and that a client cannot send. */
  readonly names: readonly string[];
  /** Lower-case fields of its answer that the client gets with the app's. */
  readonly replyNames: readonly string[];
  /** From the question to the end of the answer. */
  readonly timeoutMs: number;
}

/** Listeners of this machine's own browsers, and the names that these may ask for. */
export interface HostCheck {
  /** Indices in Config.listeners. */
  readonly listeners: readonly number[];
  /** Lower-case; each with all names beneath it. Loopback addresses need no name. */
  readonly names: readonly string[];
}

/** All rules; a site can carry its own. */
export interface AccessConfig {
  readonly addresses: readonly AddressRule[];
  readonly rateLimits: readonly RateLimitRule[];
  readonly passwords: readonly PasswordRule[];
  readonly forwardAuth: readonly ForwardAuthRule[];
  /** File of bans, which need not be there yet; null: they end with the front. */
  readonly banFile: string | null;
}

/** A user and the hash of the password, in a form of src/shared/password-hash.ts. */
export type UserHash = readonly [user: string, hash: string];

/** What the files of AccessConfig hold, by the path as configured. */
export interface AccessMaterial {
  /** Blocks in CIDR notation. */
  readonly addresses: Readonly<Record<string, readonly string[]>>;
  readonly passwords: Readonly<Record<string, readonly UserHash[]>>;
}

/** The scope as it was written, for messages. */
export function formatScope({ host, port, prefix }: AccessScope): string {
  return `${host}${port === 0 ? '' : `:${port}`}${prefix}`;
}

/** Requests that one router has let pass, for the others: index of the rule, the client, their number. */
export type Spending = readonly [rule: number, client: string, requests: number];

/** What a client has taken of its rate: name of the rule, the client, and when it would be at its even pace again, in ms since 1970. */
export type Debt = readonly [rule: string, client: string, dueAtMs: number];

/** Of one router; who comes later at its pace goes before who is nearly there. */
export const MAX_DEBTS = 20_000;
