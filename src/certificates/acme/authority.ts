/** Talks to one ACME authority: the only import of acme-client, which is loaded when an order is due. */
import { Agent } from 'node:https';
import type { ChallengeKind } from '../../contract/acme.js';
import { AcmeError, oneLine, type Problem, readProblem, readRetryAfter } from './problem.js';
import { explainProblem, type ProblemContext } from './problem-words.js';

type Library = typeof import('acme-client');
type Client = InstanceType<Library['Client']>;
export type Order = Awaited<ReturnType<Client['createOrder']>>;
export type Authorization = Awaited<ReturnType<Client['getAuthorizations']>>[number];
/** Sends one request of axios and gives its response. */
type Adapter = Extract<Library['axios']['defaults']['adapter'], (config: never) => unknown>;
type AdapterConfig = Parameters<Adapter>[0];
type AdapterResponse = Awaited<ReturnType<Adapter>>;

export interface AuthorityOptions {
  readonly directory: string;
  /** PEM of the only roots that are trusted; null: those of Node. */
  readonly caPem: string | null;
  /** RFC 8555 §6.1 asks for one. */
  readonly userAgent: string;
  readonly accountKeyPem: string;
  /** null: the account is yet to be made or found. */
  readonly accountUrl: string | null;
  readonly accountBinding: { readonly keyId: string; readonly hmacKey: string } | null;
  /** Breaks everything off. */
  readonly signal: AbortSignal;
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

const REQUEST_MS = 30_000;
const MOST_ANSWER_BYTES = 1024 * 1024;
/** As often as the library asks again with a new nonce. */
const MOST_BAD_NONCES = 5;

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
  private async call<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (cause) {
      if (cause instanceof AcmeError) throw cause;
      const reason = cause instanceof Error ? oneLine(cause.message) : String(cause);
      const hint = 'check that --acme-directory is the directory of an ACME authority';
      throw new AcmeError(`the answer of the authority is not understood: ${reason}`, hint, { cause });
    }
  }
}

/** What the directory says beside its URLs (RFC 8555 §7.1.1). */
class DirectoryMeta {
  terms: string | null = null;
  caaIdentities: readonly string[] = [];

  read(directory: unknown): void {
    const meta =
      typeof directory === 'object' && directory !== null && 'meta' in directory ? directory.meta : null;
    if (typeof meta !== 'object' || meta === null) return;
    if ('termsOfService' in meta && typeof meta.termsOfService === 'string')
      this.terms = oneLine(meta.termsOfService);
    if ('caaIdentities' in meta && Array.isArray(meta.caaIdentities)) {
      this.caaIdentities = meta.caaIdentities
        .filter((identity: unknown) => typeof identity === 'string')
        .map(oneLine);
    }
  }
}

/**
 * Sends the library's requests over axios as it is without the library's own handling of failures: that repeats requests
 * for minutes, forgets what broke a connection, and keeps of a problem document only a text.
 */
function createAdapter(
  { axios }: Library,
  { directory, caPem, userAgent, signal }: AuthorityOptions,
  meta: DirectoryMeta,
  context: () => ProblemContext,
): Adapter {
  const plain = axios.create({
    adapter: 'http',
    httpsAgent: new Agent({ keepAlive: false, ...(caPem === null ? {} : { ca: caPem }) }),
    maxRedirects: 0,
    maxContentLength: MOST_ANSWER_BYTES,
    responseType: 'text',
    transformRequest: [(data: unknown) => data],
    transformResponse: [(data: unknown) => data],
    validateStatus: () => true,
  });
  let badNonces = 0;
  return async (config: AdapterConfig): Promise<AdapterResponse> => {
    const { url = '', method = 'get', data } = config;
    if (!url.startsWith('https://'))
      throw new AcmeError(`the authority names an address without TLS: ${oneLine(url)}`, null);
    config.headers.set('User-Agent', userAgent);
    const response = await plain
      .request({
        url,
        method,
        data,
        headers: config.headers,
        signal: AbortSignal.any([signal, AbortSignal.timeout(REQUEST_MS)]),
      })
      .catch((cause: unknown) => {
        throw explainFailure(cause, new URL(url).host, signal.aborted);
      });
    const { status, headers } = response;
    const body = status >= 400 || url === directory ? parseJson(response.data) : null;
    if (url === directory && status < 400) meta.read(body);
    if (status < 400) badNonces = 0;
    else {
      const problem = readProblem(body, status);
      badNonces = problem?.type === 'badNonce' ? badNonces + 1 : 0;
      // With a new nonce the library asks again (RFC 8555 §6.5).
      if (badNonces === 0 || badNonces > MOST_BAD_NONCES) {
        throw refusal(problem, status, readRetryAfter(headers['retry-after'], Date.now()), context(), url);
      }
    }
    return { ...response, config };
  };
}

function parseJson(text: unknown): unknown {
  try {
    return typeof text === 'string' ? JSON.parse(text) : null;
  } catch {
    return null;
  }
}

function refusal(
  problem: Problem | null,
  status: number,
  retryAfterMs: number | undefined,
  context: ProblemContext,
  url: string,
): AcmeError {
  const facts = retryAfterMs === undefined ? {} : { retryAfterMs };
  if (problem !== null) return explainProblem(problem, context, facts);
  const hint = status >= 500 ? null : 'check that --acme-directory is the directory of an ACME authority';
  return new AcmeError(`${new URL(url).host} answers with status ${status}`, hint, facts);
}

const UNTRUSTED = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'CERT_SIGNATURE_FAILURE',
]);

const REASONS: ReadonlyMap<string, string> = new Map([
  ['ECONNREFUSED', 'nothing listens there'],
  ['ENOTFOUND', 'the name does not exist in the DNS'],
  ['EAI_AGAIN', 'the DNS does not answer'],
  ['ETIMEDOUT', 'no answer'],
  ['ERR_CANCELED', `no answer within ${REQUEST_MS / 1000} seconds`],
  ['ECONNRESET', 'the connection broke'],
  ['EHOSTUNREACH', 'there is no way to it'],
  ['ENETUNREACH', 'there is no way to it'],
  ['CERT_HAS_EXPIRED', 'its own certificate has expired; or the clock of this machine is wrong'],
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'its own certificate is for another name'],
]);

function explainFailure(cause: unknown, host: string, isStopping: boolean): AcmeError {
  if (isStopping) return new AcmeError('broken off: the front stops', null);
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  if (UNTRUSTED.has(code)) {
    const hint = 'for a private authority give its root certificate with --acme-ca';
    return new AcmeError(`the authority ${host} shows a certificate that is not trusted (${code})`, hint);
  }
  const reason = REASONS.get(code) ?? (cause instanceof Error ? oneLine(cause.message) : code);
  const hint =
    'check the network, the name servers and a proxy (HTTPS_PROXY) of this host, and --acme-directory';
  return new AcmeError(`the authority ${host} cannot be reached: ${reason}`, hint, { cause });
}
