/** Asks the operator's own server about a name: a GET whose status is the answer. */
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { systemCode } from '../../../shared/system-error.js';

/** The address with the name in it; both are plain ASCII. */
export function questionFor(address: string, name: string): string {
  return `${address}${address.includes('?') ? '&' : '?'}domain=${encodeURIComponent(name)}`;
}

const REASONS: ReadonlyMap<string, string> = new Map([
  ['ECONNREFUSED', 'nothing listens there'],
  ['ENOTFOUND', 'its host does not exist in the DNS'],
  ['EAI_AGAIN', 'the DNS does not answer'],
  ['ECONNRESET', 'the connection broke'],
  ['EPIPE', 'the connection broke'],
]);

/**
 * Redirects are not followed: a 3xx is an answer as any other.
 * @returns the status
 * @throws Error whose message says why there is no answer
 */
export async function askUrl(
  address: string,
  timeoutMs: number,
  userAgent: string,
  signal: AbortSignal,
): Promise<number> {
  const url = new URL(address);
  const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
  const inTime = AbortSignal.timeout(timeoutMs);
  return new Promise((resolve, reject) => {
    const sent = send(url, {
      agent: false,
      signal: AbortSignal.any([signal, inTime]),
      headers: { 'user-agent': userAgent, accept: '*/*' },
    });
    sent.once('response', (response) => {
      resolve(response.statusCode ?? 0);
      // The rest is of no interest, and may have no end.
      response.destroy();
    });
    sent.on('error', (error) => {
      const code = systemCode(error) ?? '';
      const reason = inTime.aborted ? `no answer within ${timeoutMs / 1000} s` : REASONS.get(code);
      reject(new Error(reason ?? (code === '' ? error.message : code)));
    });
    sent.end();
  });
}
