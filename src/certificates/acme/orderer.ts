/** Orders at one authority with this front's account, by one kind of challenge after the other. */

import { ipFamily } from '../../shared/addresses/ip-family.js';
import type { AcmeConfig, ChallengeKind } from '../../shared/config/acme.js';
import type { Store } from '../store/store.js';
import { type AcmeSecrets, forgetAccount, openAccount, retireAccount } from './account.js';
import type { ChallengeBoard } from './challenge-board.js';
import { orderCertificate, ValidationError } from './order.js';
import type { Authority, OrderWishes } from './protocol/authority.js';
import { AcmeError } from './protocol/problem.js';
import type { ProxyEnvironment } from './protocol/proxy.js';
import { PublicReader, type RenewalInformation } from './protocol/public-reader.js';
import { AcmeTransport } from './protocol/transport.js';
import { type AuthorityKeys, keysOf } from './stored-certificate.js';

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
  /** HTTPS_PROXY and the like. */
  readonly environment: ProxyEnvironment;
  readonly secrets: AcmeSecrets;
  readonly store: Store;
  readonly log: OrdersLog;
  readonly userAgent: string;
}

/** At one authority. */
export class Orderer {
  /** Kinds of challenge that have convinced the authority, by name. */
  private readonly proven = new Map<string, ChallengeKind>();
  readonly keys: AuthorityKeys;

  constructor(
    private readonly parts: OrdererParts,
    readonly directory: string,
    private readonly signal: AbortSignal,
  ) {
    this.keys = keysOf(directory);
  }

  /**
   * Tries each kind of challenge, the one that has worked before first.
   * @param replaces identifier of the certificate that the new one takes the place of; null: of none
   * @returns chain and key, PEM
   * @throws AcmeError when there is no certificate for the name
   */
  async order(name: string, board: ChallengeBoard, replaces: string | null): Promise<string> {
    const profile = await this.profileFor(name);
    const before = this.proven.get(name);
    const kinds = [...this.parts.config.challenges].sort(
      (one, other) => Number(other === before) - Number(one === before),
    );
    for (const [index, kind] of kinds.entries()) {
      try {
        const pem = await this.orderBy(kind, name, board, { profile, replaces });
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

  /** What the authority says of when a certificate is to be renewed; null when it says nothing. @throws AcmeError */
  renewalInformation(id: string): Promise<RenewalInformation | null> {
    const { secrets, userAgent, environment, config } = this.parts;
    const { signal } = this;
    const transport = new AcmeTransport({ caPem: secrets.caPem, userAgent, environment, signal });
    return new PublicReader(transport, this.directory, config.email).renewalInformation(id);
  }

  /**
   * The profile to ask for: the one that is given; for addresses `shortlived`, the only one that public authorities give them.
   * @throws AcmeError when the one that is given is not offered
   */
  private async profileFor(name: string): Promise<string | null> {
    const { profile } = this.parts.config;
    if (profile === null && ipFamily(name) === 0) return null;
    const offered = await (await this.openAccount()).profiles();
    const wanted = profile ?? 'shortlived';
    if (offered.includes(wanted)) return wanted;
    if (profile === null) return null;
    throw new AcmeError(
      `${name}: the authority offers no profile ${wanted}`,
      offered.length === 0 ? 'it offers none: leave --acme-profile out' : `it offers: ${offered.join(', ')}`,
    );
  }

  private async orderBy(
    kind: ChallengeKind,
    name: string,
    board: ChallengeBoard,
    wishes: OrderWishes,
  ): Promise<string> {
    const { signal } = this;
    const attempt = async (): Promise<string> =>
      orderCertificate({ authority: await this.openAccount(), board, signal }, name, kind, wishes);
    try {
      return await attempt();
    } catch (error) {
      if (!(await this.mendAccount(error))) throw error;
      return attempt();
    }
  }

  /** Makes room for a new account where the authority has lost or ended ours. @returns whether it did */
  private async mendAccount(error: unknown): Promise<boolean> {
    const problem = error instanceof AcmeError ? error.facts.problem : undefined;
    if (problem === undefined) return false;
    const { store, log } = this.parts;
    // Private authorities are set up anew, and staging ones forget.
    if (problem.type === 'accountDoesNotExist') {
      await forgetAccount(store, this.keys);
      return true;
    }
    // Nothing but the words tells a deactivated account from other refusals (RFC 8555 §7.3.6: unauthorized).
    if (problem.type === 'unauthorized' && problem.status !== 0 && /deactivated/i.test(problem.detail)) {
      log.warning(
        `ACME: the account at ${new URL(this.directory).host} has been deactivated: a new one is made with a new key`,
      );
      await retireAccount(store, this.keys);
      return true;
    }
    return false;
  }

  /** The account of this authority, made where it is not yet. @throws AcmeError */
  openAccount(): Promise<Authority> {
    const { config, log } = this.parts;
    return openAccount({
      ...this.parts,
      directory: this.directory,
      keys: this.keys,
      signal: this.signal,
      onRegistered: (terms) => {
        const agreed = terms === null ? '' : `; giving the address agreed to its terms of service: ${terms}`;
        log.line(`ACME: made an account for ${config.email} at ${new URL(this.directory).host}${agreed}`);
      },
    });
  }
}
