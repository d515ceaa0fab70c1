/** The one error class that crosses rooms, and the one table from error code to status and client text. */

/** Whose fault a failure is; decides what is logged and whom the message addresses. */
export type ErrorSource = 'config' | 'downstream' | 'upstream' | 'internal';

interface ErrorRow {
  readonly source: ErrorSource;
  /** HTTP status sent to the client; 0 where no client sees the error. */
  readonly status: number;
  /** True when the same request may be sent to another connection. */
  readonly retry: boolean;
  /** The only text a client ever sees for this error. */
  readonly text: string;
}

function row(source: ErrorSource, status: number, text: string, retry = false): ErrorRow {
  return { source, status, text, retry };
}

/** Code → source, status, text (RFC 9110 §15 for the statuses). */
export const ERRORS = {
  config_invalid: row('config', 0, 'The configuration is not valid.'),
  config_usage: row('config', 0, 'The command line is not valid.'),
  certificate_broken: row('config', 0, 'The certificate cannot be used.'),
  listen_failed: row('config', 0, 'The address cannot be listened on.'),
  worker_failed: row('config', 0, 'The app did not start.'),
  request_malformed: row('downstream', 400, 'The request is not valid HTTP.'),
  request_target_invalid: row('downstream', 400, 'The request target is not valid.'),
  host_invalid: row('downstream', 400, 'The Host header is missing or not valid.'),
  tls_expected: row(
    'downstream',
    400,
    'This port speaks HTTPS, and the request came in plain HTTP: write https:// in place of http://.',
  ),
  certificate_missing: row(
    'downstream',
    400,
    'A client certificate is needed here, and none was sent. Choose one in your program, and try again.',
  ),
  certificate_refused: row(
    'downstream',
    400,
    'The client certificate is not accepted here: it is of another authority, has expired, is revoked, or is not for clients.',
  ),
  forbidden: row('downstream', 403, 'Requests from this address are not served.'),
  banned: row('downstream', 403, 'Requests from this address are not served for now.'),
  host_unknown: row(
    'downstream',
    403,
    'This server on your own machine does not know the host name that was asked for. If the name is yours, add it with --host NAME; --any-host serves every name.',
  ),
  password_required: row('downstream', 401, 'A user name and a password are needed here.'),
  password_wrong: row('downstream', 401, 'The user name or the password is wrong.'),
  password_needs_tls: row(
    'downstream',
    403,
    'A password is needed here, which is not asked for over plain HTTP: write https:// in place of http://.',
  ),
  forward_auth_refused: row('downstream', 403, 'You may not come in here.'),
  forward_auth_failed: row('upstream', 502, 'Who decides who may come in here does not answer.'),
  forward_auth_timeout: row('upstream', 504, 'Who decides who may come in here does not answer in time.'),
  rate_limited: row('downstream', 429, 'Too many requests. Please wait a moment.'),
  method_refused: row('downstream', 405, 'This method is not served here.'),
  request_timeout: row('downstream', 408, 'The request took too long to arrive.'),
  length_required: row('downstream', 411, 'The app needs to know the length of the request body.'),
  request_too_large: row('downstream', 413, 'The request body is too large.'),
  target_too_long: row('downstream', 414, 'The request target is too long.'),
  expectation_failed: row('downstream', 417, 'The expectation cannot be met.'),
  misdirected: row('downstream', 421, 'This connection does not serve that host.'),
  header_too_large: row('downstream', 431, 'The request header is too large.'),
  downstream_gone: row('downstream', 499, 'The client closed the connection.'),
  version_unsupported: row('downstream', 505, 'This HTTP version is not supported.'),
  not_implemented: row('downstream', 501, 'This is not supported.'),
  no_route: row('downstream', 404, 'Nothing is served here.'),
  file_missing: row('downstream', 404, 'There is no such file here.'),
  files_are_read: row('downstream', 405, 'Files are only read here, with GET and HEAD.'),
  internal: row('internal', 500, 'The front failed.'),
  loop_detected: row('internal', 508, 'The request came back to the front that sent it.'),
  overloaded: row('internal', 503, 'The server is busy. Please try again.'),
  maintenance: row('internal', 503, 'The service is being worked on. Please come back in a while.'),
  paused: row(
    'internal',
    503,
    'The service stands still for a moment, which took too long. Please try again.',
  ),
  draining: row('internal', 503, 'The server is restarting. Please try again.'),
  upstream_refused: row('upstream', 503, 'The app is not running yet.', true),
  upstream_connect_timeout: row('upstream', 504, 'The app did not accept the connection in time.', true),
  upstream_timeout: row('upstream', 504, 'The app did not answer in time.'),
  sendfile_outside: row('upstream', 502, 'The app named a file that is not to be sent.'),
  upstream_closed: row('upstream', 502, 'The app closed the connection before answering.'),
  upstream_reset: row('upstream', 502, 'The connection to the app broke.'),
  upstream_malformed: row('upstream', 502, 'The app sent an answer that is not valid HTTP.'),
  upstream_untrusted: row('upstream', 502, "The app's certificate is not trusted."),
  upstream_tls: row('upstream', 502, 'The encrypted connection to the app failed.'),
  upstream_cut: row('upstream', 502, 'The app ended its answer too early.'),
} as const satisfies Record<string, ErrorRow>;

/** Every code an error can carry. */
export type ErrorCode = keyof typeof ERRORS;

/** What a FrontError may carry beside its code and message. */
export interface FrontErrorOptions {
  /** The next step for the person who reads the message, printed after `hint:`. */
  readonly hint?: string;
  readonly cause?: unknown;
}

/**
 * An error with a code from ERRORS. `message` is for the operator (log, stderr); a client only gets `ERRORS[code].text`.
 */
export class FrontError extends Error {
  readonly code: ErrorCode;
  readonly hint: string | undefined;

  constructor(code: ErrorCode, message: string, options: FrontErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'FrontError';
    this.code = code;
    this.hint = options.hint;
  }

  get source(): ErrorSource {
    return ERRORS[this.code].source;
  }

  /** HTTP status for the client, 0 where no client is involved. */
  get status(): number {
    return ERRORS[this.code].status;
  }

  get retry(): boolean {
    return ERRORS[this.code].retry;
  }
}
