/** What resets cost the app, by client address: requests that were begun there and then cut by their client (CVE-2023-44487). */

/** A client that cut as many requests as the limit allows may begin as many again in this time. */
const PERIOD_MS = 10_000;
/** A connection ends at so many times the resets from which on its client is slowed down. */
export const RESETS_BEFORE_END = 2;
/** What a client can owe: it waits twice the period at most. */
const MAX_DEBT = 2;
/** Addresses that are remembered; an attacker with more of them has other ways. */
const MAX_CLIENTS = 10_000;

/** `wait`: the client owes too much, ask again later. `watched`: the request counts as cut until it is answered. */
export type Admission = 'free' | 'watched' | 'wait';

interface Account {
  /** Requests begun at the app and cut, less those that were answered, and less what time has forgiven. */
  cut: number;
  sinceMs: number;
}

/**
 * One for a router. A browser that loads a page of many modules again cuts the hundred that were under way, and gets most of
 * what it asks for; an attacker gets nothing and cuts all. So answers pay for cut requests, and who owes too much is slowed
 * down to what time forgives, over all connections of an address, before any of them is ended.
 */
export class ResetBudget {
  private readonly accounts = new Map<string, Account>();

  /** @param limit cut requests in ten seconds from which on a client waits */
  constructor(private readonly limit: number) {}

  /** A request is about to begin. */
  begin(client: string, nowMs: number): Admission {
    if (this.accounts.size === 0) return 'free';
    const account = this.accounts.get(client);
    if (account === undefined) return 'free';
    this.forgive(account, nowMs);
    if (account.cut >= this.limit) return 'wait';
    if (account.cut * 2 < this.limit) return 'free';
    account.cut += 1;
    return 'watched';
  }

  /** The client cut a request after it was begun. @returns whether its next ones wait */
  cut(client: string, admission: Admission, nowMs: number): boolean {
    const account = this.accountOf(client, nowMs);
    this.forgive(account, nowMs);
    if (admission !== 'watched') account.cut = Math.min(account.cut + 1, this.limit * MAX_DEBT);
    return account.cut >= this.limit;
  }

  /** A request was answered, or failed by no doing of the client's. */
  answered(client: string, admission: Admission): void {
    if (this.accounts.size === 0) return;
    const account = this.accounts.get(client);
    if (account === undefined) return;
    account.cut -= admission === 'watched' ? 2 : 1;
    if (account.cut <= 0) this.accounts.delete(client);
  }

  /** Forgets who owes nothing any more. Call it a few times a second. */
  sweep(nowMs: number): void {
    for (const [client, account] of this.accounts) {
      this.forgive(account, nowMs);
      if (account.cut <= 0) this.accounts.delete(client);
    }
  }

  private accountOf(client: string, nowMs: number): Account {
    let account = this.accounts.get(client);
    if (account !== undefined) return account;
    if (this.accounts.size >= MAX_CLIENTS) {
      for (const oldest of this.accounts.keys()) {
        this.accounts.delete(oldest);
        break;
      }
    }
    account = { cut: 0, sinceMs: nowMs };
    this.accounts.set(client, account);
    return account;
  }

  private forgive(account: Account, nowMs: number): void {
    const forgiven = ((nowMs - account.sinceMs) * this.limit) / PERIOD_MS;
    account.sinceMs = nowMs;
    account.cut = Math.max(0, account.cut - forgiven);
  }
}
