/** Sends single requests to an authority: TLS, proxies, limits in time and size, and what broke in plain words. */
import { request } from 'node:https';
import { connect as connectTls } from 'node:tls';
import { ipFamily } from '../../../shared/addresses/ip-family.js';
import { systemCode } from '../../../shared/system-error.js';
import { AcmeError, oneLine } from './problem.js';
import { connectThrough, type ProxyEnvironment, proxyFor } from './proxy.js';

export interface TransportOptions {
  /** PEM of the only roots that are trusted; null: those of Node. */
  readonly caPem: string | null;
  /** RFC 8555 §6.1 asks for one. */
  readonly userAgent: string;
  /** HTTPS_PROXY and the like. */
  readonly environment: ProxyEnvironment;
  /** Breaks everything off. */
  readonly signal: AbortSignal;
}

/** An answer, whatever its status. */
export interface AcmeAnswer {
  readonly url: string;
  readonly status: number;
  /** The first value of a field, by its lower-case name; null when it is not there. */
  field(name: string): string | null;
  readonly text: string;
}

const REQUEST_MS = 30_000;
const MAX_ANSWER_BYTES = 1024 * 1024;
/** RFC 8555 §6.2. */
const JOSE = 'application/jose+json';

/** A request of its own connection each: orders are rare, and a kept connection would be stale by the next. */
export class AcmeTransport {
  constructor(private readonly options: TransportOptions) {}

  /**
   * @param body a JWS; null: none
   * @throws AcmeError when there is no answer
   */
  async send(method: 'GET' | 'HEAD' | 'POST', url: string, body: string | null): Promise<AcmeAnswer> {
    if (!URL.canParse(url) || new URL(url).protocol !== 'https:') {
      throw new AcmeError(`the authority names an address without TLS: ${oneLine(url)}`, null);
    }
    const { signal } = this.options;
    const target = new URL(url);
    try {
      return await this.exchange(
        method,
        target,
        body,
        AbortSignal.any([signal, AbortSignal.timeout(REQUEST_MS)]),
      );
    } catch (cause) {
      throw explainFailure(cause, target.host, signal.aborted);
    }
  }

  private async exchange(
    method: string,
    target: URL,
    body: string | null,
    signal: AbortSignal,
  ): Promise<AcmeAnswer> {
    const { caPem, userAgent, environment } = this.options;
    const host = target.hostname.replace(/^\[|\]$/g, '');
    const port = target.port === '' ? 443 : Number(target.port);
    const proxy = proxyFor(target, environment);
    const tunnel = proxy === null ? null : await connectThrough(proxy, host, port, signal);
    const trust = caPem === null ? {} : { ca: caPem };
    // An address is no server name (RFC 6066 §3), and Node 26 refuses it.
    const named = ipFamily(host) === 0 ? { host, servername: host } : { host };
    return new Promise((resolve, reject) => {
      const sent = request(target, {
        method,
        signal,
        ...trust,
        // An agent, and `false` makes one, would connect by itself, past the proxy.
        ...(tunnel === null
          ? { agent: false }
          : { createConnection: () => connectTls({ socket: tunnel, ...named, ...trust }) }),
        headers: {
          'user-agent': userAgent,
          accept: '*/*',
          ...(body === null ? {} : { 'content-type': JOSE, 'content-length': Buffer.byteLength(body) }),
        },
      });
      sent.once('error', reject);
      sent.once('response', (response) => {
        const chunks: Buffer[] = [];
        let size = 0;
        response.on('data', (chunk: Buffer) => {
          size += chunk.length;
          chunks.push(chunk);
          if (size > MAX_ANSWER_BYTES) response.destroy(new Error('its answer is too long'));
        });
        response.once('error', reject);
        response.once('end', () => {
          const { headersDistinct, statusCode = 0 } = response;
          resolve({
            url: target.href,
            status: statusCode,
            field: (name) => headersDistinct[name]?.[0] ?? null,
            text: Buffer.concat(chunks).toString('utf8'),
          });
        });
      });
      sent.end(body ?? undefined);
    });
  }
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
  ['ABORT_ERR', `no answer within ${REQUEST_MS / 1000} seconds`],
  ['ECONNRESET', 'the connection broke'],
  ['EPIPE', 'the connection broke'],
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
  const reason = REASONS.get(code) ?? (cause instanceof Error ? oneLine(cause.message) : code);
  const hint =
    'check the network, the name servers and a proxy (HTTPS_PROXY) of this host, and --acme-directory';
  return new AcmeError(`the authority ${host} cannot be reached: ${reason}`, hint, { cause });
}
