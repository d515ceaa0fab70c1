/** What is asked of one ACME authority (RFC 8555 §7), as calls with values. */
import { createHash, createPrivateKey } from 'node:crypto';
import { ipFamily } from '../../../shared/addresses/ip-family.js';
import type { ChallengeKind } from '../../../shared/config/acme.js';
import { certificateRequest } from './certificate-request.js';
import { AcmeConnection } from './connection.js';
import { AccountKey, base64url } from './jws.js';
import {
  type Authorization,
  type Challenge,
  misunderstood,
  type Order,
  readAuthorization,
  readOrder,
} from './messages.js';
import { AcmeError } from './problem.js';
import type { ProblemContext } from './problem-words.js';
import { PublicReader } from './public-reader.js';
import { AcmeTransport, type TransportOptions } from './transport.js';

export interface AuthorityOptions extends TransportOptions {
  readonly directory: string;
  readonly accountKeyPem: string;
  /** null: the account is yet to be made or found. */
  readonly accountUrl: string | null;
  readonly accountBinding: { readonly keyId: string; readonly hmacKey: string } | null;
}

/** What a new order asks for beside its name. */
export interface OrderWishes {
  /** Name of a profile (draft-ietf-acme-profiles); null: the authority's choice. */
  readonly profile: string | null;
  /** Identifier of the certificate that this one takes the place of (RFC 9773 §5); null: of none. */
  readonly replaces: string | null;
}

const NO_WISHES: OrderWishes = { profile: null, replaces: null };
/** Tokens are parts of paths (RFC 8555 §8). */
const TOKEN = /^[A-Za-z0-9_-]{1,512}$/;

/** A connection to an authority with an account key. */
export class Authority {
  private readonly connection: AcmeConnection;

  constructor(
    private readonly options: AuthorityOptions,
    email: string,
  ) {
    const reader = new PublicReader(new AcmeTransport(options), options.directory, email);
    this.connection = new AcmeConnection(reader, new AccountKey(options.accountKeyPem), options.accountUrl);
  }

  /** What the requests of the moment are for. */
  get context(): ProblemContext {
    return this.connection.reader.context;
  }

  /** For whom, and by which challenge, the next requests are; problems are told with it. */
  async speakOf(name: string, kind: ChallengeKind | null): Promise<void> {
    const { caaIdentities } = await this.connection.reader.directory();
    this.connection.reader.context = { ...this.context, name, kind, caaIdentities };
  }

  /** Makes the account, or finds the one of the key, and agrees to the terms. @returns its URL */
  async register(email: string): Promise<string> {
    const { newAccount } = await this.connection.reader.directory();
    const { accountBinding } = this.options;
    const payload = {
      termsOfServiceAgreed: true,
      contact: [`mailto:${email}`],
      ...(accountBinding === null
        ? {}
        : {
            externalAccountBinding: this.connection.key.bind(
              accountBinding.keyId,
              accountBinding.hmacKey,
              newAccount,
            ),
          }),
    };
    const answer = await this.connection.post(newAccount, payload, true);
    const url = answer.field('location');
    if (url === null) throw misunderstood('an account without an address');
    this.connection.accountUrl = url;
    return url;
  }

  /** URL of the account; null until it is known. */
  get accountUrl(): string | null {
    return this.connection.accountUrl;
  }

  async changeContact(email: string): Promise<void> {
    await this.postToAccount({ contact: [`mailto:${email}`] });
  }

  /** Ends the account for ever (RFC 8555 §7.3.6). */
  async deactivateAccount(): Promise<void> {
    await this.postToAccount({ status: 'deactivated' });
  }

  /** Gives the account another key (RFC 8555 §7.3.5); this connection signs with the old one still. */
  async changeKey(keyPem: string): Promise<void> {
    const { keyChange } = await this.connection.reader.directory();
    const { accountUrl, key } = this.connection;
    if (accountUrl === null) throw new Error('there is no account yet');
    if (keyChange === null) throw new AcmeError('the authority changes the keys of no account', null);
    const proof = new AccountKey(keyPem).sign(
      { url: keyChange, accountUrl: null, nonce: null },
      { account: accountUrl, oldKey: key.publicJwk },
    );
    await this.connection.post(keyChange, JSON.parse(proof));
  }

  /** The account that the key has at the authority; null: none (RFC 8555 §7.3.1). */
  async findAccount(): Promise<string | null> {
    const { newAccount } = await this.connection.reader.directory();
    try {
      const answer = await this.connection.post(newAccount, { onlyReturnExisting: true }, true);
      return answer.field('location');
    } catch (error) {
      if (error instanceof AcmeError && error.facts.problem?.type === 'accountDoesNotExist') return null;
      throw error;
    }
  }

  private async postToAccount(payload: object): Promise<void> {
    const { accountUrl } = this.connection;
    if (accountUrl === null) throw new Error('there is no account yet');
    await this.connection.post(accountUrl, payload);
  }

  /** URL of the terms of service; null when the authority has none. */
  async terms(): Promise<string | null> {
    return (await this.connection.reader.directory()).terms;
  }

  /** Names of the profiles that orders may ask for. */
  async profiles(): Promise<readonly string[]> {
    return (await this.connection.reader.directory()).profiles;
  }

  async newOrder(name: string, wishes: OrderWishes = NO_WISHES): Promise<Order> {
    const { newOrder } = await this.connection.reader.directory();
    const type = ipFamily(name) === 0 ? 'dns' : 'ip';
    const answer = await this.connection.post(newOrder, {
      identifiers: [{ type, value: name }],
      ...(wishes.profile === null ? {} : { profile: wishes.profile }),
      ...(wishes.replaces === null ? {} : { replaces: wishes.replaces }),
    });
    const url = answer.field('location');
    if (url === null) throw misunderstood('an order without an address');
    return readOrder(answer.text, url);
  }

  async refresh({ url }: Order): Promise<Order> {
    return readOrder((await this.connection.post(url, null)).text, url);
  }

  async authorizations(order: Order): Promise<readonly Authorization[]> {
    const found: Authorization[] = [];
    for (const url of order.authorizations) found.push(await this.authorization(url));
    return found;
  }

  async authorization(url: string): Promise<Authorization> {
    return readAuthorization((await this.connection.post(url, null)).text, url);
  }

  /** The authorization's challenge of a kind; null when the authority does not offer it. @throws AcmeError */
  challengeOf({ challenges }: Authorization, kind: ChallengeKind): Challenge | null {
    const found = challenges.find(({ type }) => type === kind);
    if (found === undefined) return null;
    if (kind === 'dns-persist-01' || TOKEN.test(found.token)) return found;
    throw new AcmeError(`${this.context.name}: the authority sent a token that is none`, null);
  }

  /** The key authorization (RFC 8555 §8.1); for dns-01 its digest, the value of the record. */
  keyAuthorization(kind: ChallengeKind, { token }: Challenge): string {
    const text = `${token}.${this.connection.key.thumbprint}`;
    return kind === 'dns-01' ? createHash('sha256').update(text).digest('base64url') : text;
  }

  /** Tells the authority that the answer is in its place. */
  async complete({ url }: Challenge): Promise<void> {
    await this.connection.post(url, {});
  }

  /** Takes back what is not needed any more: authorities count open authorizations. */
  async deactivate({ url }: Authorization): Promise<void> {
    await this.connection.post(url, { status: 'deactivated' });
  }

  /** Sends the certificate request of a key for one name. */
  async finalize(order: Order, name: string, keyPem: string): Promise<Order> {
    const csr = base64url(certificateRequest([name], createPrivateKey(keyPem)));
    const answer = await this.connection.post(order.finalize, { csr });
    return readOrder(answer.text, order.url);
  }

  /** The chain of a valid order, PEM. */
  async download({ certificate }: Order): Promise<string> {
    if (certificate === null) throw misunderstood('a finished order without a certificate');
    return (await this.connection.post(certificate, null)).text;
  }

  /** Takes a certificate back (RFC 8555 §7.6). @param der of the leaf */
  async revoke(der: Buffer): Promise<void> {
    const { revokeCert } = await this.connection.reader.directory();
    if (revokeCert === null) throw new AcmeError('the authority takes no certificate back', null);
    await this.connection.post(revokeCert, { certificate: base64url(der) });
  }
}
