/** Talks to one ACME authority: the only import of acme-client, which is loaded when an order is due. */
import type { ChallengeKind } from '../../shared/acme.js';
import { createAdapter, DirectoryMeta, type HttpOptions } from './authority-http.js';
import { AcmeError, oneLine, type Problem, readProblem } from './problem.js';
import type { ProblemContext } from './problem-words.js';

type Library = typeof import('acme-client');
type Client = InstanceType<Library['Client']>;
export type Order = Awaited<ReturnType<Client['createOrder']>>;
export type Authorization = Awaited<ReturnType<Client['getAuthorizations']>>[number];

export interface AuthorityOptions extends HttpOptions {
  readonly accountKeyPem: string;
  /** null: the account is yet to be made or found. */
  readonly accountUrl: string | null;
  readonly accountBinding: { readonly keyId: string; readonly hmacKey: string } | null;
}

/** A challenge as far as it concerns us. */
export interface Challenge {
  readonly url: string;
  /** Part of a path: letters, digits, `-` and `_` alone (RFC 8555 §8). */
  readonly token: string;
  readonly status: string;
  /** What the authority saw, when it is invalid. */
  readonly problem: Problem | null;
}

/** After the library has given up asking with new nonces it begins anew so many times. */
const MOST_REPETITIONS = 2;

/** A connection to an authority with an account key. */
export class Authority {
  /** What the requests of the moment are for. */
  context: ProblemContext;

  private constructor(
    private readonly client: Client,
    private readonly library: Library,
    private readonly meta: DirectoryMeta,
    email: string,
  ) {
    this.context = { name: '', kind: null, email, caaIdentities: [] };
  }

  static async open(options: AuthorityOptions, email: string): Promise<Authority> {
    const library = await import('acme-client');
    const meta = new DirectoryMeta();
    const { accountUrl, accountBinding } = options;
    const client = new library.Client({
      directoryUrl: options.directory,
      accountKey: options.accountKeyPem,
      ...(accountUrl === null ? {} : { accountUrl }),
      ...(accountBinding === null
        ? {}
        : { externalAccountBinding: { kid: accountBinding.keyId, hmacKey: accountBinding.hmacKey } }),
    });
    const authority = new Authority(client, library, meta, email);
    library.axios.defaults.adapter = createAdapter(library, options, meta, () => authority.context);
    return authority;
  }

  /** For whom, and by which challenge, the next requests are; problems are told with it. */
  speakOf(name: string, kind: ChallengeKind | null): void {
    this.context = { ...this.context, name, kind, caaIdentities: this.meta.caaIdentities };
  }

  /** Makes the account, or finds the one of the key, and agrees to the terms. @returns its URL */
  async register(email: string): Promise<string> {
    await this.call(() =>
      this.client.createAccount({ termsOfServiceAgreed: true, contact: [`mailto:${email}`] }),
    );
    return this.client.getAccountUrl();
  }

  async changeContact(email: string): Promise<void> {
    await this.call(() => this.client.updateAccount({ contact: [`mailto:${email}`] }));
  }

  /** URL of the terms of service; null when the authority has none. */
  get terms(): string | null {
    return this.meta.terms;
  }

  newOrder(name: string): Promise<Order> {
    return this.call(() => this.client.createOrder({ identifiers: [{ type: 'dns', value: name }] }));
  }

  refresh(order: Order): Promise<Order> {
    return this.call(() => this.client.getOrder(order));
  }

  authorizations(order: Order): Promise<Authorization[]> {
    return this.call(() => this.client.getAuthorizations(order));
  }

  /** The authorization's challenge of a kind; null when the authority does not offer it. */
  challengeOf({ challenges }: Authorization, kind: ChallengeKind): Challenge | null {
    // The library's types know two kinds only.
    const offered: readonly { type: string; url: string; token?: string; status: string; error?: object }[] =
      challenges;
    const found = offered.find(({ type }) => type === kind);
    if (found === undefined) return null;
    const { url, token = '', status, error } = found;
    if (!/^[A-Za-z0-9_-]{1,512}$/.test(token)) {
      throw new AcmeError(`${this.context.name}: the authority sent a token that is none`, null);
    }
    return { url, token, status, problem: readProblem(error, 0) };
  }

  /** The key authorization (RFC 8555 §8.1); for dns-01 its digest, the value of the record. */
  keyAuthorization(kind: ChallengeKind, { url, token }: Challenge): Promise<string> {
    // For http-01 and tls-alpn-01 the text is the same.
    const type = kind === 'dns-01' ? 'dns-01' : 'http-01';
    return this.client.getChallengeKeyAuthorization({ type, url, token, status: 'pending' });
  }

  /** Tells the authority that the answer is in its place. */
  async complete({ url, token }: Challenge): Promise<void> {
    await this.call(() => this.client.completeChallenge({ type: 'http-01', url, token, status: 'pending' }));
  }

  /** Takes back what is not needed any more: authorities count open authorizations. */
  async deactivate(authorization: Authorization): Promise<void> {
    await this.call(() => this.client.deactivateAuthorization(authorization));
  }

  /** Sends the certificate request of a key for one name. */
  async finalize(order: Order, name: string, keyPem: string): Promise<Order> {
    const [, request] = await this.library.crypto.createCsr({ altNames: [name] }, keyPem);
    return this.call(() => this.client.finalizeOrder(order, request));
  }

  /** The chain of a valid order, PEM. */
  download(order: Order): Promise<string> {
    return this.call(() => this.client.getCertificate(order));
  }

  /** What the library throws of its own is told as an answer that is not understood. */
  private async call<T>(work: () => Promise<T>, repetitions = MOST_REPETITIONS): Promise<T> {
    try {
      return await work();
    } catch (cause) {
      const isNonce = cause instanceof AcmeError && cause.facts.problem?.type === 'badNonce';
      // Nothing was done: the authority looks at the nonce first.
      if (isNonce && repetitions > 0) return this.call(work, repetitions - 1);
      if (cause instanceof AcmeError) throw cause;
      const reason = cause instanceof Error ? oneLine(cause.message) : String(cause);
      const hint = 'check that --acme-directory is the directory of an ACME authority';
      throw new AcmeError(`the answer of the authority is not understood: ${reason}`, hint, { cause });
    }
  }
}
