/** HTTP to an authority: TLS, limits in time and size, and problem documents as errors. */

import { Agent } from 'node:https';
import type * as AcmeClient from 'acme-client';
import { systemCode } from '../../shared/system-error.js';
import { AcmeError, oneLine, type Problem, readProblem, readRetryAfter } from './problem.js';
import { explainProblem, type ProblemContext } from './problem-words.js';

type Library = typeof AcmeClient;
/** Sends one request of axios and gives its response. */
type Adapter = Extract<Library['axios']['defaults']['adapter'], (config: never) => unknown>;
type AdapterConfig = Parameters<Adapter>[0];
type AdapterResponse = Awaited<ReturnType<Adapter>>;

export interface HttpOptions {
  readonly directory: string;
  /** PEM of the only roots that are trusted; null: those of Node. */
  readonly caPem: string | null;
  /** RFC 8555 §6.1 asks for one. */
  readonly userAgent: string;
  /** Breaks everything off. */
  readonly signal: AbortSignal;
}

const REQUEST_MS = 30_000;
const MOST_ANSWER_BYTES = 1024 * 1024;
/** As often as the library asks again with a new nonce. */
const MOST_BAD_NONCES = 5;

/** What the directory says beside its URLs (RFC 8555 §7.1.1). */
export class DirectoryMeta {
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
export function createAdapter(
  { axios }: Library,
  { directory, caPem, userAgent, signal }: HttpOptions,
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
        badNonces = 0;
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
  const code = systemCode(cause) ?? '';
  if (UNTRUSTED.has(code)) {
    const hint = 'for a private authority give its root certificate with --acme-ca';
    return new AcmeError(`the authority ${host} shows a certificate that is not trusted (${code})`, hint);
  }
  const isTooLong = cause instanceof Error && cause.message.startsWith('maxContentLength');
  const plain = isTooLong ? 'its answer is too long' : REASONS.get(code);
  const reason = plain ?? (cause instanceof Error ? oneLine(cause.message) : code);
  const hint =
    'check the network, the name servers and a proxy (HTTPS_PROXY) of this host, and --acme-directory';
  return new AcmeError(`the authority ${host} cannot be reached: ${reason}`, hint, { cause });
}
