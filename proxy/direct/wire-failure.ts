/** From the wire codec's errors to the codes of the error table. */
import type { ErrorCode } from '../../src/contract/errors.js';
import type { Http1Error } from '../wire/http1/error.js';

const BY_STATUS: Readonly<Record<number, ErrorCode>> = {
  400: 'request_malformed',
  414: 'target_too_long',
  431: 'header_too_large',
  501: 'not_implemented',
  505: 'version_unsupported',
};

/** Code for a request that the codec refused. */
export function errorCodeOf(error: Http1Error): ErrorCode {
  if (error.code.startsWith('host_')) return 'host_invalid';
  if (error.code === 'target_invalid') return 'request_target_invalid';
  return BY_STATUS[error.status] ?? 'request_malformed';
}
