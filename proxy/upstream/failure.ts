/** From what a socket to an upstream reports to the error a client is told. */

import type { ErrorCode } from '../../src/shared/errors.js';
import { systemCode } from '../../src/shared/system-error.js';

const BY_SYSTEM_CODE: Readonly<Record<string, ErrorCode>> = {
  ECONNREFUSED: 'upstream_refused',
  ENOENT: 'upstream_refused',
  EACCES: 'upstream_refused',
  ENOTSOCK: 'upstream_refused',
  EHOSTUNREACH: 'upstream_refused',
  ENETUNREACH: 'upstream_refused',
  ENOTFOUND: 'upstream_refused',
  EAI_AGAIN: 'upstream_refused',
  EADDRNOTAVAIL: 'upstream_refused',
  ETIMEDOUT: 'upstream_connect_timeout',
  ECONNRESET: 'upstream_reset',
  EPIPE: 'upstream_reset',
  // The front's own trouble: the app is not to blame.
  EMFILE: 'overloaded',
  ENFILE: 'overloaded',
};

/** Error code for a system or parser error of node; unknown ones are a broken connection. */
export function classifyUpstreamFailure(error: unknown): ErrorCode {
  const code = systemCode(error) ?? '';
  if (code.startsWith('HPE_')) return 'upstream_malformed';
  // Happy eyeballs reports every attempt in one AggregateError.
  if (error instanceof AggregateError && code === '') return classifyUpstreamFailure(error.errors[0]);
  const known = BY_SYSTEM_CODE[code];
  if (known !== undefined) return known;
  if (UNTRUSTED.test(code)) return 'upstream_untrusted';
  return code.startsWith('ERR_SSL_') || code === 'EPROTO' ? 'upstream_tls' : 'upstream_reset';
}

/** Codes that OpenSSL's verification and Node's check of the name report. */
const UNTRUSTED =
  /CERT|UNABLE_TO_|SELF_SIGNED|PATH_LENGTH_EXCEEDED|INVALID_PURPOSE|HOSTNAME_MISMATCH|INVALID_CA/;
