/** From what a socket to an upstream reports to the error a client is told. */
import type { ErrorCode } from '../../src/contract/errors.js';

const BY_SYSTEM_CODE: Readonly<Record<string, ErrorCode>> = {
  ECONNREFUSED: 'upstream_refused',
  ENOENT: 'upstream_refused',
  EHOSTUNREACH: 'upstream_refused',
  ENETUNREACH: 'upstream_refused',
  ENOTFOUND: 'upstream_refused',
  EAI_AGAIN: 'upstream_refused',
  EADDRNOTAVAIL: 'upstream_refused',
  ETIMEDOUT: 'upstream_connect_timeout',
  ECONNRESET: 'upstream_reset',
  EPIPE: 'upstream_reset',
};

/** Error code for a system or parser error of node; unknown ones are a broken connection. */
export function classifyUpstreamFailure(error: unknown): ErrorCode {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (code.startsWith('HPE_')) return 'upstream_malformed';
  // Happy eyeballs reports every attempt in one AggregateError.
  if (error instanceof AggregateError && code === '') return classifyUpstreamFailure(error.errors[0]);
  return BY_SYSTEM_CODE[code] ?? 'upstream_reset';
}
