/** Orders with this front's account, by one kind of challenge after the other. */
import type { AcmeConfig, ChallengeKind } from '../../shared/acme.js';
import type { Store } from '../store/store.js';
import { type AcmeSecrets, forgetAccount, openAccount } from './account.js';
import type { Authority } from './authority.js';
import type { ChallengeBoard } from './challenge-board.js';
import { orderCertificate, ValidationError } from './order.js';
import { AcmeError } from './problem.js';
import type { AuthorityKeys } from './stored-certificate.js';

/** Where lines for the operator go. */
export interface OrdersLog {
  line(text: string): void;
  warning(text: string): void;
  error(text: string): void;
  hint(text: string): void;
}

/** What orders are made with. */
export interface OrdererParts {
  readonly config: AcmeConfig;
  readonly secrets: AcmeSecrets;
  readonly store: Store;
  readonly log: OrdersLog;
  readonly userAgent: string;
}

export class Orderer {
  /** Kinds of challenge that have convinced the authority, by name. */
  private readonly proven = new Map<string, ChallengeKind>();

  constructor(
    private readonly parts: OrdererParts,
    private readonly keys: AuthorityKeys,
    private readonly signal: AbortSignal,
  ) {}

  /**
   * Tries each kind of challenge, the one that has worked before first.
   * @returns chain and key, PEM
   * @throws AcmeError when there is no certificate for the name
   */
  async order(name: string, board: ChallengeBoard): Promise<string> {
    const before = this.proven.get(name);
    const kinds = [...this.parts.config.challenges].sort(
      (one, other) => Number(other === before) - Number(one === before),
    );
    for (const [index, kind] of kinds.entries()) {
      try {
        const pem = await this.orderBy(kind, name, board);
        this.proven.set(name, kind);
        return pem;
      } catch (error) {
        const next = kinds[index + 1];
        if (!(error instanceof ValidationError) || next === undefined) throw error;
        this.parts.log.warning(`ACME: by ${kind}: ${error.message}; trying ${next}`);
        if (error.hint !== null) this.parts.log.hint(error.hint);
      }
    }
    throw new AcmeError(`${name}: there is no way to prove it`, null);
  }

  private async orderBy(kind: ChallengeKind, name: string, board: ChallengeBoard): Promise<string> {
    const { signal } = this;
    try {
      return await orderCertificate({ authority: await this.openAccount(), board, signal }, name, kind);
    } catch (error) {
      const isUnknown = error instanceof AcmeError && error.facts.problem?.type === 'accountDoesNotExist';
      if (!isUnknown) throw error;
      // Private authorities are set up anew, and staging ones forget.
      await forgetAccount(this.parts.store, this.keys);
      return orderCertificate({ authority: await this.openAccount(), board, signal }, name, kind);
    }
  }

  private openAccount(): Promise<Authority> {
    const { config, log } = this.parts;
    return openAccount({
      ...this.parts,
      keys: this.keys,
      signal: this.signal,
      onRegistered: (terms) => {
        const agreed = terms === null ? '' : `; giving the address agreed to its terms of service: ${terms}`;
        log.line(`ACME: made an account for ${config.email} at ${new URL(config.directory).host}${agreed}`);
      },
    });
  }
}
