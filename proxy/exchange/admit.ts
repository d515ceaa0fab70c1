/** Whether a well-formed request is served at all: method, expectation, certificate (RFC 9110 §7.4). */
import type { ErrorCode } from '../../src/shared/errors.js';
import { fieldValue, hostOf } from '../wire/syntax/field-list.js';
import type { CertificateNames, ConnectionFacts, Policy, RequestHead } from './types.js';

/** The error a request is refused with, or null when it may go on. */
export function admitRequest(head: RequestHead, facts: ConnectionFacts, policy: Policy): ErrorCode | null {
  // CONNECT would turn the front into an open proxy; TRACE would echo credentials (RFC 9110 §9.3.8).
  if (head.method === 'CONNECT' || head.method === 'TRACE') return 'method_refused';
  const expectation = fieldValue(head.headers, 'expect');
  if (expectation !== '' && expectation.toLowerCase() !== '100-continue') return 'expectation_failed';
  if (isMisdirected(head, facts.certificate, policy)) return 'misdirected';
  return null;
}

/**
 * 421 (RFC 9110 §15.5.20): the connection's certificate does not cover the host, but another does; or the host lets in other
 * clients than those that the connection was made for.
 */
function isMisdirected({ authority }: RequestHead, own: CertificateNames | null, policy: Policy): boolean {
  if (own === null) return policy.isClosed(authority);
  if (!own.admits(authority)) return true;
  if (policy.certificates.length < 2) return false;
  const host = hostOf(authority);
  if (coversName(own, host)) return false;
  return policy.certificates.some((other) => other !== own && coversName(other, host));
}

/** Whether a certificate's names cover a host; a wildcard covers one label (RFC 6125 §6.4.3). */
export function coversName(certificate: CertificateNames, host: string): boolean {
  const dot = host.indexOf('.');
  const wildcard = dot === -1 ? '' : `*${host.slice(dot)}`;
  return certificate.names.some((name) => name === host || name === wildcard);
}
