/** Projects that serve beside each other by one front: `https://shop.localhost` beside `https://blog.localhost`. */

/** What a name may be: labels of a host name (RFC 1123 §2.1) without the `.localhost` behind them, at most as long as a certificate's name. */
export const PROJECT_NAME =
  /^(?=.{1,190}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/** One that has joined: an app of another process of this user. */
export interface Guest {
  /** `shop`, or `fix-login.shop` for a branch of it. */
  readonly name: string;
  /** `shop.localhost`; names beneath it are its too. */
  readonly host: string;
  readonly url: string;
  readonly holdMs: number;
  /** Where it answers, with a number each that no other upstream has; empty: it is starting. */
  readonly upstreams: readonly { readonly id: number; readonly host: string; readonly port: number }[];
}

/** All that a front serves once somebody has joined. */
export interface Projects {
  /** The front's own; null: it has none and serves for the others. */
  readonly own: { readonly host: string; readonly name: string; readonly url: string } | null;
  readonly guests: readonly Guest[];
}
